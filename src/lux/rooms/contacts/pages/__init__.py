"""The pages of the contacts: list, one contact, tags and fields, imports, exports."""

from lux.rooms.contacts.pages import changes, exports, fields, imports, lists, one, tags, zapier
from lux.rooms.contacts.pages.blueprint import contacts

blueprints = (contacts, zapier.zapier, zapier.doors)

__all__ = ["blueprints", "changes", "exports", "fields", "imports", "lists", "one", "tags", "zapier"]
