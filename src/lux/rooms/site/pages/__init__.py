"""The pages of site tracking: figures, set-up, and what the company's own website asks."""

from lux.rooms.site.pages import figures, setup
from lux.rooms.site.pages.room import site
from lux.rooms.site.pages.tracker import tracker

__all__ = ["blueprints", "figures", "setup"]
blueprints = (site, tracker)
