"""Counts per day of the company's zone; how many different pages and names a day holds is bounded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from lux.identity import companies
from lux.kit import clock
from lux.kit.db.counters import add_counts
from lux.kit.db.session import company_of
from lux.rooms.site import queries
from lux.rooms.site.addresses import HIDDEN
from lux.rooms.site.models import SiteTally

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

OTHERS: Final = HIDDEN  # what is beyond the bound is counted together
MOST_VALUES: Final = 2000  # different ones per day: a shop has that many pages, an attacker has more
LONGEST: Final = 250

Counts = Counter[tuple[str, str]]  # (what, value) -> how many


def today(session: Session) -> dt.date:
    """Return the day it is for the company."""
    return clock.in_zone(clock.now(), companies.current(session).timezone).date()


def add(session: Session, counts: Counts) -> None:
    """Add counts to the present day."""
    day = today(session)
    bounded: Counts = Counter()
    for what in sorted({what for what, _value in counts}):
        mine = {value[:LONGEST]: number for (kind, value), number in counts.items() if kind == what}
        known = queries.known_values(session, what, day, sorted(mine))
        is_full = len(known) < len(mine) and queries.values_of_day(session, what, day) >= MOST_VALUES
        for value, number in mine.items():
            bounded[what, OTHERS if is_full and value not in known else value] += number
    rows = [
        {"company_id": company_of(session), "day": day, "what": what, "value": value, "total": number}
        for (what, value), number in sorted(bounded.items())  # one order for all writers: no deadlocks
    ]
    key = ("company_id", "day", "what", "value")
    add_counts(session, cast("Table", SiteTally.__table__), rows, key=key, counters=("total",))
