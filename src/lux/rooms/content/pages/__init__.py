"""The pages of content."""

from lux.rooms.content.pages import blocks, files, framing, media, templates, versions
from lux.rooms.content.pages.room import content

blueprints = (content, files.files)

__all__ = ["blocks", "blueprints", "files", "framing", "media", "templates", "versions"]
