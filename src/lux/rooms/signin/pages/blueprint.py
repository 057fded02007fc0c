"""What the modules of this room's pages register on."""

from flask import Blueprint

signin = Blueprint("signin", "lux.rooms.signin", template_folder="templates")
