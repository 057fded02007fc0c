"""The API's part of the contacts: people, consent, tags, fields, what happened to them, exports."""

from lux.rooms.contacts.api import bulk, exports, facts, one, tags
from lux.rooms.contacts.api.blueprint import contacts

blueprints = (contacts,)

__all__ = ["blueprints", "bulk", "exports", "facts", "one", "tags"]
