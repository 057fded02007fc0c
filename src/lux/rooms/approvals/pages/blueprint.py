"""What the pages of the room stand under."""

from flask import Blueprint

approvals = Blueprint("approvals", __name__, template_folder="../templates", url_prefix="/approvals")
