"""What people or programs decide about a group of errors, as it travels from a form to the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.rooms.diagnostics.models import GroupState

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of a group; `until` and `more` end an ignoring: at a moment, or after so many occurrences more."""

    state: GroupState
    note: str = ""
    until: dt.datetime | None = None
    more: int | None = None
