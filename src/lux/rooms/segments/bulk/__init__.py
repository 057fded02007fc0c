"""Done to many contacts at once: frozen at the start, written in chunks with a journal, taken back within 30 days."""

from lux.rooms.segments.bulk.plan import KEPT_DAYS, KINDS, Plan, Scope
from lux.rooms.segments.bulk.standing import show_as_they_stand
from lux.rooms.segments.bulk.start import can_undo, cancel, preview, start, undo

__all__ = [
    "KEPT_DAYS",
    "KINDS",
    "Plan",
    "Scope",
    "can_undo",
    "cancel",
    "preview",
    "show_as_they_stand",
    "start",
    "undo",
]
