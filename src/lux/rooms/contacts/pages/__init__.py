"""The pages of the contacts: list, one contact, tags and fields, imports, exports, what other programs deliver."""

from lux.rooms.contacts.pages import changes, exports, fields, imports, lists, one, tags, undo, views, zapier
from lux.rooms.contacts.pages.blueprint import contacts

blueprints = (contacts, zapier.zapier, zapier.doors)

__all__ = [
    "blueprints",
    "changes",
    "exports",
    "fields",
    "imports",
    "lists",
    "one",
    "tags",
    "undo",
    "views",
    "zapier",
]
