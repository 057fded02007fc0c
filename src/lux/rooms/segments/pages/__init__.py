"""The pages of segments."""

from lux.rooms.segments.pages import bulk, editing, members, overlap, overview, why
from lux.rooms.segments.pages.room import segments

blueprints = (segments,)

__all__ = ["blueprints", "bulk", "editing", "members", "overlap", "overview", "why"]
