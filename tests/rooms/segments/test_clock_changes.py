"""Days of the company's zone on the two days when its clocks change: 23 and 25 hours long, with exact ends."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from lux.kit.db import Database
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts.models import Contact
from lux.rooms.segments import service
from lux.rooms.segments.rules import parse_rule
from tests.rooms.segments.conftest import make_company

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = dt.timedelta(seconds=1)
# the day, how long it is, when it begins: in March at UTC+1, in October at UTC+2
CHANGES = [
    pytest.param(dt.date(2026, 3, 29), 23, dt.datetime(2026, 3, 28, 23, tzinfo=dt.UTC), id="spring"),
    pytest.param(dt.date(2026, 10, 25), 25, dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC), id="autumn"),
]
OVER_200 = {"type": "number", "op": "greater", "value": 200}


def matching(db: Database, company: int, condition: dict[str, Any], at: dt.datetime) -> set[str]:
    root = {"kind": "group", "match": "all", "rules": [condition]}
    with time_machine.travel(at, tick=False), db.read(company) as session:
        ids = service.select_rule(session, company, parse_rule({"root": root}))
        return {row.first_name for row in session.query(Contact).where(Contact.id.in_(ids))}


def at_local(day: dt.date, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=BERLIN)


@pytest.fixture
def company(db: Database) -> int:
    return make_company(db, "Europe/Berlin")


@pytest.mark.parametrize(("day", "hours", "begins"), CHANGES)
def test_the_changed_day_has_all_its_hours_and_no_other(
    db: Database, company: int, day: dt.date, hours: int, begins: dt.datetime
):
    ends = begins + dt.timedelta(hours=hours)
    moments = {"before": begins - SECOND, "first": begins, "last": ends - SECOND, "after": ends}
    with db.begin(company) as session:
        session.add_all(Contact(first_name=name, created_at=at) for name, at in moments.items())

    def asked(op: str, at: dt.datetime = ends, **values: Any) -> set[str]:
        test = {"type": "moment", "op": op, **values}
        return matching(db, company, {"kind": "field", "field": "created_at", "test": test}, at)

    iso, noon = day.isoformat(), at_local(day, 12)
    assert asked("on", day=iso) == {"first", "last"}
    assert asked("before", day=iso) == {"before"}
    assert asked("after", day=iso) == {"after"}
    assert asked("between", day=iso, until=iso) == {"first", "last"}
    assert asked("in_last", noon, days=0) == {"first", "last"}, "today, while its clocks change"
    assert asked("in_next", noon, days=1) == {"first", "last", "after"}
    assert asked("in_last", ends, days=1) == {"first", "last", "after"}, "from the next day, yesterday was whole"
    assert asked("more_than_ago", ends, days=1) == {"before"}


@pytest.mark.parametrize(("day", "hours", "begins"), CHANGES)
def test_an_own_date_is_today_from_midnight_to_midnight(
    db: Database, company: int, day: dt.date, hours: int, begins: dt.datetime
):
    from lux.rooms.contacts.models import CustomField, FieldType

    with db.begin(company) as session:
        session.add(CustomField(key="birthday", label="Birthday", type=FieldType.DATE))
        session.add(Contact(first_name="Ada", attrs={"birthday": day.replace(year=1990).isoformat()}))
    test = {"type": "date", "op": "anniversary", "days": 0}
    condition = {"kind": "custom", "key": "birthday", "name": "Birthday", "test": test}
    ends = begins + dt.timedelta(hours=hours)
    for at, is_theirs in ((begins - SECOND, False), (begins, True), (ends - SECOND, True), (ends, False)):
        assert bool(matching(db, company, condition, at)) is is_theirs, at


@pytest.mark.parametrize(("day", "hours", "begins"), CHANGES)
def test_more_than_200_spent_in_90_days_counts_whole_days_across_the_change(
    db: Database, company: int, day: dt.date, hours: int, begins: dt.datetime
):
    today = day + dt.timedelta(days=10)
    first = today - dt.timedelta(days=90)  # the 90 days hold the change
    bought = {
        "first second": [(at_local(first, 0), 20_001)],
        "a second too early": [(at_local(first, 0) - SECOND, 90_000)],
        "exactly 200": [(at_local(day, 12), 20_000)],
        "in two": [(at_local(day, 1, 30), 10_000), (at_local(day, 4), 10_001)],
        "paid back": [(at_local(day, 12), 30_000), (at_local(today, 8), -10_000)],
    }
    with db.begin(company) as session:
        for name, orders in bought.items():
            row = Contact(first_name=name)
            session.add(row)
            session.flush()
            for at, cents in orders:
                kind = "order.paid" if cents > 0 else "order.refunded"
                new = NewFact(kind=kind, contact_id=row.id, at=at, value_minor=abs(cents), currency="EUR")
                facts.record(session, new)
    when = {"type": "moment", "op": "in_last", "days": 90}
    spent = {"kind": "orders", "measure": "total", "currency": "EUR", "test": OVER_200, "when": when}
    assert matching(db, company, spent, at_local(today, 0)) == {"first second", "in two"}
    assert matching(db, company, spent, at_local(today, 23, 59, 59)) == {"first second", "in two"}
    tomorrow = at_local(today + dt.timedelta(days=1), 0)
    assert matching(db, company, spent, tomorrow) == {"in two"}


def test_of_a_score_the_latest_counts_also_within_the_hour_that_comes_twice(db: Database, company: int):
    twice = dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)  # at first in summer time, an hour later in winter time
    with db.begin(company) as session:
        for name, values in (("rose", (40, 60)), ("fell", (60, 40))):
            row = Contact(first_name=name)
            session.add(row)
            session.flush()
            for fold, value in enumerate(values):
                properties = {"score": "lead", "value": value}
                at = twice.replace(fold=fold).astimezone(dt.UTC)
                facts.record(session, NewFact(kind="score.changed", contact_id=row.id, at=at, properties=properties))
    condition = {"kind": "score", "score": "lead", "test": {"type": "number", "op": "at_least", "value": 50}}
    assert matching(db, company, condition, twice + dt.timedelta(days=1)) == {"rose"}
