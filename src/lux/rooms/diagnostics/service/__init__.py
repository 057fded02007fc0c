"""Verbs over errors: capture what went wrong, decide what becomes of it, forget what is old."""

from lux.rooms.diagnostics.decision import Decision
from lux.rooms.diagnostics.service.capturing import capture
from lux.rooms.diagnostics.service.deciding import decide, decide_many
from lux.rooms.diagnostics.service.forgetting import forget_old
from lux.rooms.diagnostics.service.telling import tell_failed

__all__ = ["Decision", "capture", "decide", "decide_many", "forget_old", "tell_failed"]
