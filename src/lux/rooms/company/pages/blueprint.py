"""What the modules of this room's pages register on."""

from flask import Blueprint

company = Blueprint("company", "lux.rooms.company", template_folder="templates")
