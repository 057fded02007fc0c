"""How often a group of errors occurred day by day, from the tallies; what was before they began is not known."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from lux.kit import clock
from lux.rooms.diagnostics import queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from lux.rooms.diagnostics.models import ErrorGroup
    from lux.rooms.diagnostics.scope import Scope

LIST_DAYS: Final = 14
GROUP_DAYS: Final = 30

Day = tuple[dt.date, int | None]


def trends(session: Session, scope: Scope, groups: Sequence[ErrorGroup], days: int) -> Mapping[int, Sequence[Day]]:
    """Return for each group the last `days` days in UTC, today last, and how often it occurred; None = not known."""
    today = clock.now().date()
    span = [today - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    counted = queries.tallies(session, scope, [group.id for group in groups], span[0])
    return {group.id: [(day, _count(group, day, counted.get(group.id, {}))) for day in span] for group in groups}


def _count(group: ErrorGroup, day: dt.date, counted: Mapping[dt.date, int]) -> int | None:
    if day in counted:
        return counted[day]
    is_before_counting = group.counted_from is None or day < group.counted_from
    return None if is_before_counting and day >= group.first_seen_at.date() else 0
