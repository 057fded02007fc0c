"""Which backups stay: a pure rule."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from lux.kit.settings import Settings
from lux.rooms.safekeeping.retention import Rule, kept, rule_of

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)  # a Monday


@dataclass(frozen=True)
class Made:
    """A backup as the rule sees it."""

    id: int
    started_at: dt.datetime
    is_good: bool | None = True


def daily(count: int, hours: int = 24) -> list[Made]:
    """Return backups of the last days, the newest first."""
    return [Made(count - ago, NOON - dt.timedelta(hours=hours * ago)) for ago in range(count)]


def days_ago(backups: list[Made], rule: Rule) -> list[int]:
    """Return how many days old those are that stay."""
    stay = kept(backups, rule)
    return [(NOON - one.started_at).days for one in backups if one.id in stay]


def test_a_year_of_daily_backups_leaves_a_week_four_weeks_three_months() -> None:
    """By the default; the last one of a week is that of its Sunday, of a month that of its last day."""
    rule = rule_of(Settings())
    assert (
        rule.words
        == "the 7 newest, and one of each of the last 7 days, of each of the last 4 weeks, of each of the last 3 months"
    )
    expected = [0, 1, 2, 3, 4, 5, 6, 8, 15, 30, 61]
    assert days_ago(daily(365), rule) == expected
    left: list[Made] = []
    for one in reversed(daily(365)):  # day by day, removing what had its time
        left = [one, *left]
        stay = kept(left, rule)
        left = [other for other in left if other.id in stay]
    assert days_ago(left, rule) == expected


def test_many_in_one_day_do_not_push_out_the_days_before() -> None:
    """What is made by hand before an update costs nothing that was kept."""
    by_hand = [Made(100 - n, NOON - dt.timedelta(minutes=n)) for n in range(20)]
    rule = Rule(newest=2, days=3, weeks=0, months=0)
    before = [Made(one.id, one.started_at - dt.timedelta(days=1)) for one in daily(10)]
    assert days_ago([*by_hand, *before], rule) == [0, 0, 1, 2]
    assert Rule(newest=1, days=0, weeks=0, months=0).words == "the newest"


def test_a_bad_one_is_kept_for_being_new_and_never_for_its_day() -> None:
    """And the newest good one stays, however old."""
    bad = [Made(100 - n, NOON - dt.timedelta(days=n), is_good=False) for n in range(30)]
    good = Made(1, NOON - dt.timedelta(days=90))
    assert days_ago([*bad, good, Made(0, NOON - dt.timedelta(days=91))], Rule(newest=2, days=9, weeks=0, months=0)) == [
        0, 1, 90, 91,
    ]  # fmt: skip
    assert days_ago([*bad, good], Rule(newest=2, days=0, weeks=0, months=0)) == [0, 1, 90]


@given(
    st.lists(st.tuples(st.integers(0, 24 * 400), st.sampled_from([True, False, None])), max_size=40),
    st.builds(
        Rule, newest=st.integers(1, 9), days=st.integers(0, 9), weeks=st.integers(0, 9), months=st.integers(0, 9)
    ),
)
def test_what_would_stay_stays_and_the_newest_good_one_is_never_removed(
    made: list[tuple[int, bool | None]], rule: Rule
) -> None:
    """Removing what the rule lets go, and asking again, removes nothing more."""
    moments = sorted(made, key=lambda one: one[0])
    rows = [Made(1000 - n, NOON - dt.timedelta(hours=ago), is_good) for n, (ago, is_good) in enumerate(moments)]
    stay = kept(rows, rule)
    left = [one for one in rows if one.id in stay]
    assert kept(left, rule) == stay
    assert len(stay) <= rule.newest + rule.days + rule.weeks + rule.months + 1
    assert {one.id for one in [one for one in rows if one.is_good][:1]} <= stay
