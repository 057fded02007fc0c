"""The pages of the company: settings, members, senders, domains, other companies, the set-up path."""

from lux.rooms.company.pages import api_keys, companies, members, senders, settings, setup, transfer
from lux.rooms.company.pages.blueprint import company

blueprints = (company,)

__all__ = ["api_keys", "blueprints", "companies", "members", "senders", "settings", "setup", "transfer"]
