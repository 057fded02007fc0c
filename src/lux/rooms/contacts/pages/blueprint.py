"""What the modules of this room's pages register on."""

from flask import Blueprint

contacts = Blueprint("contacts", "lux.rooms.contacts", template_folder="templates", url_prefix="/contacts")
