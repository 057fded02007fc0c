"""The emergency stop: nothing new leaves within two seconds; an unreadable stop is a stop."""

from lux.gate.stop import scopes
from lux.gate.stop.file import STOP_FILE, is_stop_file_there
from lux.gate.stop.pressing import press, press_by_system, resume
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.gate.stop.second import needs_other_person
from lux.gate.stop.standing import UNREADABLE, StopView, active, by_id, describe_active, holding, is_over
from lux.gate.stop.watching import FRESH_SECONDS, StopWatch

INSTALLATION = scopes.INSTALLATION.key

__all__ = [
    "FRESH_SECONDS",
    "INSTALLATION",
    "STOP_FILE",
    "UNREADABLE",
    "Scope",
    "ScopeKind",
    "StopView",
    "StopWatch",
    "active",
    "by_id",
    "describe_active",
    "holding",
    "is_over",
    "is_stop_file_there",
    "needs_other_person",
    "press",
    "press_by_system",
    "resume",
    "scopes",
]
