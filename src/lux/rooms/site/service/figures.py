"""Figures of the website over whole days of the company's zone: from counts per day and from visits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.identity import companies
from lux.kit import clock
from lux.kit.money import Money
from lux.rooms.site import queries
from lux.rooms.site.service import counting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.site.queries import VisitCounts

PERIODS: Final = (7, 30, 90)
SHOWN: Final = 10


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the page and the API show of one period."""

    first: dt.date
    last: dt.date
    zone: str
    visits: VisitCounts
    totals: Mapping[str, int]  # view, form, event, conversion → how many
    forms: Sequence[tuple[str, int]]
    events: Sequence[tuple[str, int]]
    conversions: Sequence[tuple[str, int]]
    revenue: Sequence[Money]
    pages: Sequence[tuple[str, int]]
    sources: Sequence[tuple[str, int, int]]
    campaigns: Sequence[tuple[str, int, int]]
    referrers: Sequence[tuple[str, int, int]]
    by_day: Mapping[dt.date, int]  # visits; every day of the period is in it


def has_any(session: Session) -> bool:
    """Say whether anything ever came: without it figures are not available, and none is invented."""
    return queries.has_counts(session)


def figures(session: Session, days: int) -> Figures:
    """Return the figures of today and the days before it."""
    zone, last = companies.current(session).timezone, counting.today(session)
    first = last - dt.timedelta(days=days - 1)
    start, end = _midnight(first, zone), _midnight(last + dt.timedelta(days=1), zone)
    counted = queries.by_day(session, "visit", first, last)
    named = {what: queries.top(session, what, first, last, SHOWN) for what in ("page", "form", "event", "conversion")}
    origins = {name: queries.by_origin(session, name, start, end, SHOWN) for name in ("source", "campaign", "referrer")}
    revenue = [Money(minor=total, currency=code) for code, total in queries.top(session, "revenue", first, last, SHOWN)]
    return Figures(
        first=first, last=last, zone=zone,
        visits=queries.visit_counts(session, start, end),
        totals=queries.totals(session, first, last),
        forms=named["form"], events=named["event"], conversions=named["conversion"], pages=named["page"],
        revenue=revenue,
        sources=origins["source"], campaigns=origins["campaign"], referrers=origins["referrer"],
        by_day={day: counted.get(day, 0) for day in (first + dt.timedelta(days=n) for n in range(days))},
    )  # fmt: skip


def _midnight(day: dt.date, zone: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=clock.zone(zone)).astimezone(dt.UTC)
