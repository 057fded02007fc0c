"""What people look for in the audit log, and from which day on they want a copy."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from pydantic import field_validator

from lux.kit import origin
from lux.ledger import audit
from lux.rooms.approvals.log.searching import MOST_TEXT, Wanted
from lux.ui.parsing import FormModel

_ACTOR = re.compile(r"[a-z_]{1,16}(:\d{1,18})?")


class ExportForm(FormModel):
    """A copy of the audit log; empty = all of it."""

    since: dt.date | None = None

    @field_validator("since", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:  # noqa: ANN401 - untrusted
        return value or None


def wanted_of(asked: Mapping[str, str], zone: str) -> Wanted:
    """Return what an address asks for; what can't be meant is left out, as if it were empty."""
    known = {one.name for one in audit.known()}
    actor = asked.get("who", "")
    return Wanted(
        category=asked.get("category", "") if asked.get("category") in audit.CATEGORIES else "",
        action=asked.get("action", "") if asked.get("action") in known else "",
        actor=actor if _ACTOR.fullmatch(actor) else "",
        text=asked.get("q", "").replace("\0", "")[:MOST_TEXT],
        door=asked.get("via", "") if asked.get("via") in origin.DOORS else "",
        since=_day(asked.get("since", "")),
        until=_day(asked.get("until", "")),
        zone=zone,
    )


def _day(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return found if dt.date(2000, 1, 1) <= found <= dt.date(2999, 12, 30) else None
