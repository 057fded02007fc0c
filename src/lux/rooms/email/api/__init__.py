"""The API of campaigns: write, submit, read what became of them, and let them repeat."""

from lux.rooms.email.api import complaints, series
from lux.rooms.email.api.campaigns import blueprints

__all__ = ["blueprints", "complaints", "series"]
