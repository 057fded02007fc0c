"""The 27 feature toggles with their limits: off by default; missing or unreadable is off.

Whoever does what a toggle gates asks `require` (or `allow`) at the place where it happens; nothing else decides.
"""

from lux.gate.toggles.asking import Answer, address, allow, is_on, require
from lux.gate.toggles.catalogue import BY_KEY, NOT_YET, SCHEDULED, TOGGLES, ToggleSpec, channel_key
from lux.gate.toggles.changing import set_for_all, set_limits, set_toggle
from lux.gate.toggles.figures import (
    ToggleView,
    history,
    listing,
    on,
    one,
    paused_by_switches,
    unreadable,
    used_today,
    waiting_behind,
)
from lux.gate.toggles.limits import Limits, needs_private_draft

__all__ = [
    "BY_KEY",
    "NOT_YET",
    "SCHEDULED",
    "TOGGLES",
    "Answer",
    "Limits",
    "ToggleSpec",
    "ToggleView",
    "address",
    "allow",
    "channel_key",
    "history",
    "is_on",
    "listing",
    "needs_private_draft",
    "on",
    "one",
    "paused_by_switches",
    "require",
    "set_for_all",
    "set_limits",
    "set_toggle",
    "unreadable",
    "used_today",
    "waiting_behind",
]
