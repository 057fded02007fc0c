"""The pages of content."""

from lux.rooms.content.pages import framing, templates
from lux.rooms.content.pages.room import content

blueprints = (content,)

__all__ = ["blueprints", "framing", "templates"]
