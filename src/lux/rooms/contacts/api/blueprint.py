"""What the modules of this room's API register on."""

from lux.ui.api import room

contacts = room("contacts")
