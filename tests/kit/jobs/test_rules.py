"""Local rules over the two days when the clocks change: no slot is missed, none comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lux.kit.jobs.kinds import Schedule
from lux.kit.jobs.rules import Rule

SPRING = datetime(2027, 3, 28, tzinfo=UTC)  # 02:00 becomes 03:00 in Berlin, at 01:00 UTC
AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)  # 03:00 becomes 02:00 in Berlin, at 01:00 UTC


def rule(text, zone="Europe/Berlin"):
    return Rule(Schedule(name="test.rule", rule=text, kind="test.mark", zone=zone))


def slots(text, day, *, hours=24, zone="Europe/Berlin"):
    """Return the slots of that many hours, beginning an hour before the local day, as UTC times."""
    found, moment = [], day - timedelta(hours=2, microseconds=1)
    end = moment + timedelta(hours=hours)
    while (moment := rule(text, zone).next_after(moment)) is not None and moment <= end:
        found.append(moment.strftime("%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", ["28 01:30"]),  # 02:30 does not exist: 03:30 local, an hour later by the wall
        ("0 3 * * *", ["28 01:00"]),
        ("30 1 * * *", ["28 00:30"]),
        ("0 2,3 * * *", ["28 01:00"]),  # both fall on one moment: once
        ("15,45 2-3 * * *", ["28 01:15", "28 01:45"]),
        ("0 9 * * sun", ["28 07:00"]),
        ("0 9 * * mon-fri", []),
    ],
)
def test_spring(text, expected):
    assert slots(text, SPRING) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", ["25 00:30"]),  # 02:30 comes twice: the first counts
        ("0 3 * * *", ["25 02:00"]),
        ("30 1 * * *", ["24 23:30"]),
        ("0 2,3 * * *", ["25 00:00", "25 02:00"]),
        ("0 9 * * *", ["25 08:00"]),
    ],
)
def test_autumn(text, expected):
    assert slots(text, AUTUMN) == expected


@pytest.mark.parametrize("day", [SPRING, AUTUMN, datetime(2026, 6, 1, tzinfo=UTC)])
def test_every_hour_is_every_hour_on_any_day(day):
    assert len(slots("0 * * * *", day)) == 24
    assert len(slots("*/15 * * * *", day)) == 96


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
def test_a_daily_rule_comes_once_on_each_day_of_a_year(zone):
    moment, days = datetime(2026, 1, 1, tzinfo=UTC), []
    daily = rule("30 2 * * *", zone)
    for _day in range(365):
        moment = daily.next_after(moment)
        days.append(moment)
    gaps = {(later - earlier) for earlier, later in pairwise(days)}
    assert all(timedelta(hours=22) <= gap <= timedelta(hours=26) for gap in gaps)
    assert len({day.date() for day in days}) == 365


@settings(deadline=None)
@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(["Europe/Berlin", "America/Santiago", "Africa/Casablanca", "Pacific/Apia"]),
)
def test_the_next_slot_is_later_and_within_two_days(minute, hour, start, zone):
    daily = rule(f"{minute} {hour} * * *", zone)
    first = daily.next_after(start)
    assert start < first <= start + timedelta(hours=50)
    assert daily.next_after(first) > first
    assert daily.last_before(first, start) == first
    assert daily.last_before(first - timedelta(seconds=1), start) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("30 2 * *", "minute hour day month weekday"),
        ("0 9 * * 1", "weekdays by name"),
        ("0 99 * * *", "test.rule"),
        ("x 9 * * *", "test.rule"),
    ],
)
def test_a_rule_that_can_not_be_used_names_its_schedule(text, words):
    with pytest.raises(ValueError, match=words):
        rule(text)
