"""The bounds of a series as pure rules: when it runs, what is inside, what may be asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.gate.refusals import Effect, Refusal
from lux.gate.series import frame, rhythm
from lux.gate.series.frame import Counted
from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.ports.acts import ActKind, AudienceRef, AudienceSnapshot, RunSeries, act_from

BERLIN = "Europe/Berlin"


def series(**values: Any) -> RunSeries:
    """Return a weekly series to a hundred people."""
    until = (clock.now() + dt.timedelta(days=100)).isoformat()
    plain = RunSeries(
        kind=ActKind.SERIES, company_id=1, channel="email", account="", subject="Hi", preview_text="", html="<p>Hi</p>",
        text="Hi", from_name="N", from_email="n@example.com", reply_to="", postal_address="Street",
        audience=AudienceRef(source="everyone", key="", label="Everyone"),
        snapshot=AudienceSnapshot(count=100, digest="0"), rule="0 9 * * tue", zone=BERLIN, until=until, most=12,
        most_recipients=120, most_messages=1000, drift_percent=50, drift_least=20,
    )  # fmt: skip
    return replace(plain, **values)


def slots(rule: str, zone: str, start: dt.datetime, number: int) -> list[str]:
    """Return the next slots as wall times of the zone."""
    found: list[str] = []
    for _slot in range(number):
        moment = rhythm.next_after(rule, zone, start)
        assert moment is not None
        start = moment
        found.append(clock.in_zone(moment, zone).strftime("%a %d %b %H:%M %z"))
    return found


def test_the_wall_clock_rules_on_both_days_on_which_the_clocks_change() -> None:
    before_spring = dt.datetime(2035, 3, 23, 12, tzinfo=dt.UTC)
    assert slots("30 2 * * *", BERLIN, before_spring, 3) == [
        "Sat 24 Mar 02:30 +0100", "Sun 25 Mar 03:30 +0200", "Mon 26 Mar 02:30 +0200",
    ]  # fmt: skip
    before_autumn = dt.datetime(2035, 10, 27, 12, tzinfo=dt.UTC)
    assert slots("30 2 * * *", BERLIN, before_autumn, 2) == ["Sun 28 Oct 02:30 +0200", "Mon 29 Oct 02:30 +0100"]
    assert slots("0 9 * * tue", BERLIN, before_spring, 2) == ["Tue 27 Mar 09:00 +0200", "Tue 03 Apr 09:00 +0200"]
    assert slots("0 9 last * *", BERLIN, dt.datetime(2036, 1, 31, 12, tzinfo=dt.UTC), 2) == [
        "Fri 29 Feb 09:00 +0100", "Mon 31 Mar 09:00 +0200",
    ]  # fmt: skip


@given(
    rhythms=st.tuples(
        st.sampled_from((rhythm.DAY, rhythm.WEEK, rhythm.MONTH)),
        st.times().map(lambda one: one.replace(second=0, microsecond=0)),
        st.sampled_from(rhythm.WEEKDAYS),
        st.sampled_from(rhythm.DAYS),
    ),
    zone=st.sampled_from((BERLIN, "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "UTC")),
    days=st.integers(0, 20 * 365),
)
def test_every_rhythm_goes_on_and_is_said_in_words(
    rhythms: tuple[str, dt.time, str, str], zone: str, days: int
) -> None:
    (every, at, weekday, day), start = rhythms, dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=days)
    rule = rhythm.rule_of(every, at, weekday=weekday, day=day)
    rhythm.check(rule, zone)
    assert zone in rhythm.words(rule, zone)
    found = [start]
    for _slot in range(3):
        moment = rhythm.next_after(rule, zone, found[-1])
        assert moment is not None
        found.append(moment)
    longest = {rhythm.DAY: 3, rhythm.WEEK: 8, rhythm.MONTH: 32}[every]  # Samoa once left a day out
    assert all(a < b <= a + dt.timedelta(days=longest) for a, b in pairwise(found))


@pytest.mark.parametrize("rule", ["", "* * * * *", "0 9 * 3 *", "0 9 31 * *", "0 9 1 * mon", "61 9 * * *", "0 9 * * 2"])
def test_any_other_rule_is_refused(rule: str) -> None:
    with pytest.raises(InvalidInput):
        rhythm.check(rule, BERLIN)


@pytest.mark.parametrize(
    ("field", "value"),
    [("most", 0), ("most", 401), ("most_recipients", 0), ("most_messages", 0), ("drift_percent", 0),
     ("drift_least", -1), ("until", "2001-01-01T00:00:00+00:00"), ("until", "2999-01-01T00:00:00+00:00"),
     ("most_recipients", 99)],
)  # fmt: skip
def test_bounds_that_make_no_sense_are_refused_by_name(field: str, value: object) -> None:
    frame.refuse_unfit(series(), recipients=100)
    with pytest.raises(InvalidInput) as caught:
        frame.refuse_unfit(series(**{field: value}), recipients=100)
    assert [one.field for one in caught.value.problems] == [field]


@given(matching=st.integers(0, 400), mailable=st.integers(0, 400), before=st.integers(0, 1200))
def test_a_run_is_inside_exactly_when_every_bound_holds(matching: int, mailable: int, before: int) -> None:
    act = series()
    fits = mailable <= 120 and before + mailable <= 1000 and 50 <= matching <= 150
    counted = Counted(matching=matching, mailable=mailable, before=before)
    if fits:
        frame.require_inside(act, counted)
        return
    with pytest.raises(Refusal) as caught:
        frame.require_inside(act, counted)
    assert (caught.value.effect, bool(caught.value.reason)) == (Effect.RETURN, True)


def test_a_small_audience_may_change_by_a_few_people() -> None:
    act = series(snapshot=AudienceSnapshot(count=4, digest="0"), drift_least=5)
    assert [count for count in range(20) if not frame.has_drifted(act, count)] == list(range(10))


def test_a_run_says_what_was_approved_and_nothing_else() -> None:
    act = series()
    assert act_from(act.canonical()) == act, "what is stored is what was asked for"
    mail = frame.mail_of(act)
    assert (mail.kind, mail.snapshot, mail.send_at) == (ActKind.EMAIL_CAMPAIGN, None, None)
    assert not isinstance(mail, RunSeries)
    assert frame.is_same_mail(act.canonical(), mail.canonical())
    for name, value in {"subject": "Ho", "html": "x", "from_email": "x@example.com", "links": ("https://x.example/",),
                        "audience": None, "account": "x", "track_opens": False}.items():  # fmt: skip
        assert not frame.is_same_mail(act.canonical(), replace(mail, **{name: value}).canonical()), name
    assert act.digest() != replace(act, most=13).digest()
    assert "every Tuesday at 9:00" in frame.sentence(act).replace("\u202f", " ")
    told = " ".join(value for _label, value in frame.lines(act))
    assert all(str(number) in told for number in (12, 120, 1000, 50, 20, 100))
