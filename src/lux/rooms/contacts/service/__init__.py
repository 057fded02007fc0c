"""Verbs over contacts; they take a session and flush, the caller commits. The names here are for other rooms too."""

from lux.rooms.contacts.service.edit import create, touch, touch_each, twin_of, update_contact
from lux.rooms.contacts.service.removal import erase, restore, trash
from lux.rooms.contacts.service.tagging import add_tag, remove_tag, set_tags

__all__ = [
    "add_tag",
    "create",
    "erase",
    "remove_tag",
    "restore",
    "set_tags",
    "touch",
    "touch_each",
    "trash",
    "twin_of",
    "update_contact",
]
