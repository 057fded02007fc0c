"""Opens and clicks broken down: by day and hour in the company's zone, by device, by domain; from roll-ups alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ledger import rollups
from lux.ledger.rollups import NOTHING, Count

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OPENED, CLICKED, UNSUBSCRIBED = "email.opened", "email.clicked", "email.unsubscribed"
KINDS = (OPENED, CLICKED, UNSUBSCRIBED)
MAX_DAYS = 90  # of the chart
FIRST_HOURS = 48
MOST_DOMAINS = 20  # shown by name; the rest together
HEAT_STEPS = 3

Slot = tuple[dt.datetime, str, Count]  # beginning (UTC), kind, count


@dataclass(frozen=True, kw_only=True)
class Series:
    """What happened in one stretch of time after another; the same length everywhere."""

    labels: Sequence[str]
    total: Mapping[str, Sequence[int]]
    human: Mapping[str, Sequence[int]]
    days: Sequence[dt.date] = ()


@dataclass(frozen=True, kw_only=True)
class Heat:
    """People's opens and clicks by weekday (Monday first) and hour of the company's day."""

    rows: Sequence[Sequence[int]]

    @property
    def most(self) -> int:
        """Return the largest number in it."""
        return max((number for row in self.rows for number in row), default=0)

    def step(self, number: int) -> int:
        """Return how dark a number is shown: 0 = nothing, HEAT_STEPS = the most."""
        return -(-number * HEAT_STEPS // self.most) if self.most else 0


@dataclass(kw_only=True)
class Row:
    """One device family or domain."""

    name: str
    counts: dict[str, Count] = field(default_factory=dict)

    def count(self, kind: str) -> Count:
        """Return what was counted of a kind."""
        return self.counts.get(kind, NOTHING)

    @property
    def reached(self) -> int:
        """Return how many messages left for it, or were captured."""
        return self.sent + self.captured

    @property
    def sent(self) -> int:
        """Return how many messages the next mail server took responsibility for."""
        return self.count("email.sent").total

    @property
    def captured(self) -> int:
        """Return how many messages the built-in mailbox kept."""
        return self.count("email.captured").total

    @property
    def delivered(self) -> int:
        """Return how many messages the provider reported as arrived; 0 also where it reports nothing."""
        return self.count("email.delivered").firsts or self.count("email.delivered").total

    @property
    def bounced(self) -> int:
        """Return how many came back or were refused for good."""
        return self.count("email.bounced").total


def slots(session: Session, subject: tuple[str, int]) -> list[Slot]:
    """Return all quarters of an hour in which something happened, in order."""
    return rollups.by_slot(session, subject, KINDS)


def by_day(found: Sequence[Slot], zone: str, started_at: dt.datetime) -> Series:
    """Return the days of a zone since the start; a day has 23 to 25 hours there."""
    first = clock.in_zone(started_at, zone).date()
    of_days = [(clock.in_zone(at, zone).date(), kind, count) for at, kind, count in found]
    last = max([first, *(day for day, _kind, _count in of_days)])
    length = min((last - first).days + 1, MAX_DAYS)
    days = [first + dt.timedelta(days=number) for number in range(length)]
    places = {day: place for place, day in enumerate(days)}
    placed = [(places[max(day, first)], kind, count) for day, kind, count in of_days if max(day, first) in places]
    return _series([day.isoformat() for day in days], placed, days=days)


def by_hour(found: Sequence[Slot], zone: str, started_at: dt.datetime) -> Series:
    """Return the first hours after the start, named by the wall clock: an hour that comes twice stands there twice."""
    first = _hour(started_at, zone)
    hours = [first + dt.timedelta(hours=number) for number in range(FIRST_HOURS)]
    places = {hour: place for place, hour in enumerate(hours)}
    placed = [(places[hour], kind, count) for at, kind, count in found if (hour := _hour(at, zone)) in places]
    return _series([clock.in_zone(hour, zone).strftime("%Y-%m-%d %H:%M") for hour in hours], placed)


def heat(found: Sequence[Slot], zone: str) -> Heat:
    """Return when people open and click over the week."""
    rows = [[0] * 24 for _day in range(7)]
    for at, kind, count in found:
        if kind != UNSUBSCRIBED:
            local = clock.in_zone(at, zone)
            rows[local.weekday()][local.hour] += count.human
    return Heat(rows=rows)


def weekdays() -> list[str]:
    """Return the days of the week in the person's language, Monday first."""
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]


def devices(session: Session, subject: tuple[str, int]) -> list[Row]:
    """Return device families, the most used first."""
    names = {
        "desktop": _("Desktop"),
        "phone": _("Phone"),
        "tablet": _("Tablet"),
        "web": _("Web mail"),
        "mail": _("Mail program"),
        "unknown": _("Not known"),
    }
    found = rollups.by_facet(session, subject, "device", (OPENED, CLICKED))
    rows = [Row(name=names.get(value, value), counts=counts) for value, counts in found.items()]
    return sorted(rows, key=lambda row: (-row.count(OPENED).total - row.count(CLICKED).total, row.name))


def domains(session: Session, subject: tuple[str, int]) -> list[Row]:
    """Return recipients' domains, the largest first; behind a number of them the rest together."""
    kinds = ("email.sent", "email.captured", "email.delivered", "email.bounced", OPENED, CLICKED)
    found = rollups.by_facet(session, subject, "domain", kinds)
    rows = [Row(name=value, counts=counts) for value, counts in found.items() if value]
    rows.sort(key=lambda row: (-row.reached - row.bounced, row.name))
    rest = [*rows[MOST_DOMAINS:], *(Row(name="", counts=counts) for value, counts in found.items() if not value)]
    shown = rows[:MOST_DOMAINS]
    return [*shown, Row(name=_("All others"), counts=_sum(rest))] if rest else shown


def _sum(rows: Iterable[Row]) -> dict[str, Count]:
    found: dict[str, Count] = {}
    for row in rows:
        for kind, count in row.counts.items():
            found[kind] = Count(*map(sum, zip(found.get(kind, NOTHING), count, strict=True)))
    return found


def _hour(moment: dt.datetime, zone: str) -> dt.datetime:
    local = clock.in_zone(moment, zone)
    return (
        moment - dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    ).astimezone(dt.UTC)


def _series(labels: list[str], placed: Iterable[tuple[int, str, Count]], *, days: Sequence[dt.date] = ()) -> Series:
    total = {kind: [0] * len(labels) for kind in KINDS}
    human = {kind: [0] * len(labels) for kind in KINDS}
    for place, kind, count in placed:
        total[kind][place] += count.total
        human[kind][place] += count.human
    return Series(labels=labels, total=total, human=human, days=days)
