"""What is to be done, and to whom: plain values that are stored with the action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lux.kit.i18n import gettext as _

KEPT_DAYS: Final = 30  # so long an action can be taken back
OPEN: Final = ("queued", "running")
ENDED: Final = ("done", "failed", "cancelled")  # and may be taken back
UNDOING: Final = ("undo_queued", "undoing")  # then: undone, or undo_failed, which may be tried again
CHUNK: Final[Mapping[str, int]] = {"sqlite": 500, "postgresql": 2_000, "mysql": 1_000}

KINDS: Final[Mapping[str, Callable[[], str]]] = {
    "tag_add": lambda: _("Add a tag"),
    "tag_remove": lambda: _("Remove a tag"),
    "field_set": lambda: _("Set a field"),
    "field_clear": lambda: _("Clear a field"),
    "list_add": lambda: _("Add to a list"),
    "list_remove": lambda: _("Remove from a list"),
    "consent_give": lambda: _("Record consent"),
    "consent_withdraw": lambda: _("Record a withdrawal of consent"),
    "trash": lambda: _("Move to the trash"),
}


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whom an action is meant for: a filter of the contact list, or a segment."""

    filter: Mapping[str, Any] = field(default_factory=dict)
    segment: str = ""  # public id
    name: str = ""  # as people see it

    def stored(self) -> dict[str, Any]:
        """Return plain values."""
        return {"filter": dict(self.filter), "segment": self.segment, "name": self.name}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do: a kind of KINDS and what it writes; ids of what is named have been looked up."""

    kind: str
    args: Mapping[str, Any]


@dataclass(kw_only=True)
class Marks:
    """What became of a chunk: contact id → (before, after) of those that changed; the others by their ids."""

    changed: dict[int, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    skipped: set[int] = field(default_factory=set)  # gone, in the trash, without an address, or they said no
