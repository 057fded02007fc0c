"""Limits of switches as pure values: hours by the wall clock, storage, costs, what an agent may show."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lux.gate.toggles import BY_KEY, NOT_YET, SCHEDULED, TOGGLES, dependencies, limits, needs_private_draft
from lux.gate.toggles.dependencies import DEPENDENCIES, Strength
from lux.gate.toggles.hours import Hours, day_of, next_day
from lux.gate.toggles.limits import Cost, Limits, LimitsUnreadable, is_over
from lux.kit.errors import InvalidInput
from lux.rooms.approvals.limits_form import LimitsForm, limits_of, values_of

BERLIN = "Europe/Berlin"
WEEK = frozenset(range(7))
EMAIL = BY_KEY["channel_email"]


def hours(starts: str, ends: str, days: frozenset[int] = WEEK, zone: str = BERLIN) -> Hours:
    """Return active hours."""
    return Hours(starts=dt.time.fromisoformat(starts), ends=dt.time.fromisoformat(ends), days=days, zone=zone)


def utc(text: str) -> dt.datetime:
    """Return a moment."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("window", "moment", "is_open", "opens"),
    [
        # 2026-12-04 is a Friday; Berlin is an hour ahead in winter, two in summer.
        (hours("09:00", "17:00"), "2026-12-04T07:59", False, "2026-12-04T08:00"),
        (hours("09:00", "17:00"), "2026-12-04T08:00", True, "2026-12-04T08:00"),
        (hours("09:00", "17:00"), "2026-12-04T16:00", False, "2026-12-05T08:00"),
        (hours("09:00", "17:00", frozenset(range(5))), "2026-12-04T16:00", False, "2026-12-07T08:00"),
        (hours("22:00", "06:00", frozenset({4})), "2026-12-05T04:59", True, "2026-12-05T04:59"),
        (hours("22:00", "06:00", frozenset({4})), "2026-12-05T05:00", False, "2026-12-11T21:00"),
        (hours("18:00", "00:00"), "2026-12-04T22:59", True, "2026-12-04T22:59"),
        (hours("18:00", "00:00"), "2026-12-04T23:00", False, "2026-12-05T17:00"),
        # Spring, 2027-03-28: 02:00 becomes 03:00 at 01:00 UTC. A start within the hour that is skipped opens then.
        (hours("02:30", "05:00"), "2027-03-28T00:59", False, "2027-03-28T01:00"),
        (hours("01:00", "02:30"), "2027-03-28T00:59", True, "2027-03-28T00:59"),
        (hours("01:00", "02:30"), "2027-03-28T01:00", False, "2027-03-28T23:00"),
        (hours("09:00", "17:00"), "2027-03-27T16:00", False, "2027-03-28T07:00"),
        # Autumn, 2027-10-31: 03:00 becomes 02:00 at 01:00 UTC. What happens twice is open, or shut, both times.
        (hours("02:30", "02:45"), "2027-10-31T00:30", True, "2027-10-31T00:30"),
        (hours("02:30", "02:45"), "2027-10-31T00:45", False, "2027-10-31T01:30"),
        (hours("02:30", "02:45"), "2027-10-31T01:45", False, "2027-11-01T01:30"),
        (hours("09:00", "17:00"), "2027-10-30T15:00", False, "2027-10-31T08:00"),
    ],
)
def test_the_wall_clock_says_when_it_is_open(window: Hours, moment: str, is_open: bool, opens: str) -> None:
    assert window.is_open(utc(moment)) is is_open
    assert window.next_open(utc(moment)) == utc(opens)


@settings(max_examples=20, deadline=None)
@given(
    starts=st.times(), ends=st.times(), days=st.frozensets(st.integers(0, 6), min_size=1),
    zone=st.sampled_from([BERLIN, "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    minutes=st.integers(0, 2 * 365 * 24 * 60),
)  # fmt: skip
def test_the_next_opening_is_open_and_nothing_before_it_is(
    starts: dt.time, ends: dt.time, days: frozenset[int], zone: str, minutes: int
) -> None:
    moment = utc("2026-01-01T00:00") + dt.timedelta(minutes=minutes)
    starts, ends = starts.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
    if starts == ends:
        return
    window = Hours(starts=starts, ends=ends, days=days, zone=zone)
    found = window.next_open(moment)
    assert found is not None
    assert window.is_open(found)
    assert found == moment or not window.is_open(found - dt.timedelta(minutes=1))


@pytest.mark.parametrize("zone", [BERLIN, "America/Havana", "Asia/Beirut", "UTC"])  # two change at midnight
def test_a_day_ends_when_its_zones_next_begins(zone: str) -> None:
    moment = utc("2026-01-01T12:00")
    for _ in range(400):
        following = next_day(moment, zone)
        assert day_of(following, zone) == day_of(moment, zone) + dt.timedelta(days=1)
        assert day_of(following - dt.timedelta(minutes=1), zone) == day_of(moment, zone)
        moment = following
    assert next_day(utc("2026-01-31T22:30"), BERLIN, day=1) == utc("2026-01-31T23:00")
    assert next_day(utc("2026-12-31T12:00"), "UTC", day=1) == utc("2027-01-01T00:00")


FULL = Limits(
    daily_cap=500, hours=hours("09:00", "17:00"), cost_day=Cost(minor=100, currency="EUR"),
    cost_month=Cost(minor=900, currency="EUR"),
)  # fmt: skip


def test_what_is_stored_is_read_back() -> None:
    import json

    assert limits.read(EMAIL, json.dumps(FULL.stored())) == FULL
    assert limits.read(EMAIL, "{}") == Limits()
    agent = BY_KEY["agent_retention"]
    assert limits.read(agent, '{"confidence": 80}').confidence == 80


@pytest.mark.parametrize(
    "text",
    [
        "", None, "null", "[]", "{", "7", '{"daily_cap": "5"}', '{"daily_cap": 0}', '{"daily_cap": 1.5}',
        '{"daily_cap": true}', '{"unknown": 1}', '{"confidence": 50}', '{"cost_day": {"minor": 5, "currency": "XQX"}}',
        '{"cost_day": {"minor": -5, "currency": "EUR"}}', '{"hours": {}}',
        '{"hours": {"starts": "09:00", "ends": "09:00", "days": [1], "zone": "UTC"}}',
        '{"hours": {"starts": "09:00", "ends": "10:00", "days": [], "zone": "UTC"}}',
        '{"hours": {"starts": "09:00", "ends": "10:00", "days": [7], "zone": "UTC"}}',
        '{"hours": {"starts": "09:00", "ends": "10:00", "days": [1], "zone": "Mars/Base"}}',
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_no_limit_but_an_error(text: str | None) -> None:
    with pytest.raises(LimitsUnreadable):
        limits.read(EMAIL, text)


def test_money_is_compared_within_one_currency_and_never_across() -> None:
    limit = Cost(minor=500, currency="EUR")
    assert not is_over(None, {"EUR": 10**9})
    assert not is_over(limit, {"EUR": 499})
    assert is_over(limit, {"EUR": 500})
    assert is_over(limit, {"EUR": 1, "USD": 1}), "what can't be compared counts as reached"


def test_an_unsure_proposal_stays_a_private_draft() -> None:
    asked = Limits(confidence=70)
    assert needs_private_draft(0.69, asked)
    assert not needs_private_draft(0.7, asked)
    assert needs_private_draft(None, asked)
    assert needs_private_draft(float("nan"), asked)
    assert not needs_private_draft(None, Limits())


def test_every_need_names_switches_and_says_what_is_missing() -> None:
    for key, needs in DEPENDENCIES.items():
        assert key in BY_KEY
        for need in needs:
            assert set(need.any_of) <= set(BY_KEY)
            assert dependencies.words(need)
    posting = dependencies.unmet("agent_social_media", {"channel_email"})
    assert [need.strength for need in posting] == [Strength.WARN, Strength.WARN]
    assert dependencies.unmet("agent_social_media", {"channel_x", SCHEDULED}) == []
    assert dependencies.unmet("automation_agent_schedules", set())[0].strength is Strength.REFUSE
    assert dependencies.left_alone("channel_email", {"channel_email", SCHEDULED}) == [SCHEDULED]
    assert dependencies.left_alone("channel_email", {"channel_email", "channel_sms", SCHEDULED}) == []


def test_there_are_27_and_each_has_limits() -> None:
    assert len(TOGGLES) == 27
    assert set(BY_KEY) - NOT_YET == {"channel_email", SCHEDULED}
    assert all(spec.limits for spec in TOGGLES)
    assert all(("confidence" in spec.limits) == (spec.group == "agent") for spec in TOGGLES)


def test_the_form_reads_what_it_shows_and_names_each_field_that_is_wrong() -> None:
    shown = values_of(FULL, "UTC")
    assert limits_of(LimitsForm(**shown), EMAIL, "EUR") == FULL
    assert limits_of(LimitsForm(), EMAIL, "EUR") == Limits()
    wrong = LimitsForm(
        daily_cap="many", starts="9 o'clock", cost_day="1.2.3", cost_month="-1", confidence="50", reason="x"
    )
    with pytest.raises(InvalidInput) as refused:
        limits_of(wrong, EMAIL, "EUR")
    assert {problem.field for problem in refused.value.problems} == {
        "daily_cap", "starts", "cost_day", "cost_month", "confidence"
    }  # fmt: skip
    for field, values in {
        "ends": {"starts": "09:00", "ends": "09:00", "days": ["1"], "zone": "UTC"},
        "days": {"starts": "09:00", "ends": "10:00", "days": [], "zone": "UTC"},
        "zone": {"starts": "09:00", "ends": "10:00", "days": ["1"], "zone": "Mars"},
        "cost_month": {"cost_day": "10", "cost_month": "5"},
    }.items():
        with pytest.raises(InvalidInput) as refused:
            limits_of(LimitsForm(**values), EMAIL, "EUR")
        assert [problem.field for problem in refused.value.problems] == [field]
