"""Contacts that other programs deliver one by one, as Zapier does: read, upserted, sorted by rules, noted."""
