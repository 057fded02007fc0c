"""Operate → Backups and Operate → Vault."""

from lux.rooms.safekeeping.pages import backups, vault
from lux.rooms.safekeeping.pages.blueprint import safekeeping

blueprints = (safekeeping,)

__all__ = ["backups", "blueprints", "vault"]
