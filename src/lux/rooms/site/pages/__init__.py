"""The pages of site tracking: figures, set-up, and what the company's own website asks."""

from lux.rooms.site.pages.figures import site
from lux.rooms.site.pages.setup import site_setup
from lux.rooms.site.pages.tracker import tracker

blueprints = (site, site_setup, tracker)
