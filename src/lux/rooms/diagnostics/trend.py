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


def trends(
    session: Session, scope: Scope, groups: Sequence[ErrorGroup], days: int, *, zone: str
) -> Mapping[int, Sequence[Day]]:
    """Return for each group the last `days` days of a zone, today last, and how often it occurred; None = not known."""
    tz = clock.zone(zone)
    today = clock.now().astimezone(tz).date()
    span = [today - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    starts = [dt.datetime.combine(day, dt.time(), tzinfo=tz) for day in span]
    counted = queries.tallies(session, scope, [group.id for group in groups], starts)
    return {
        group.id: [
            (day, _count(group, day, counted.get(group.id, {}).get(place), tz)) for place, day in enumerate(span)
        ]
        for group in groups
    }


def _count(group: ErrorGroup, day: dt.date, counted: int | None, tz: dt.tzinfo) -> int | None:
    if counted is not None:
        return counted
    is_before_counting = group.counted_from is None or day < group.counted_from
    return None if is_before_counting and day >= group.first_seen_at.astimezone(tz).date() else 0
