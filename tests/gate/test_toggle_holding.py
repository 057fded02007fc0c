"""Switches at the places where their things happen: off refuses or holds, limits wait, and what waits goes on."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import time_machine
from sqlalchemy import text, update

from lux.gate import control, reads, submit, toggles
from lux.gate.models import FeatureToggle
from lux.gate.reads import ItemState, OutboundState, OutboundView
from lux.gate.toggles import SCHEDULED, Limits, asking, quota
from lux.gate.toggles.hours import Hours
from lux.gate.toggles.limits import Cost
from lux.gate.toggles.models import InstallationToggle
from lux.identity.access import Role
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Forbidden, InvalidInput, NotFound, ToggleIsOff
from lux.kit.money import Money
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted
from tests.gate.test_sending import states
from tests.gate.test_smtp import hurry

NOON = dt.datetime(2027, 7, 7, 10, tzinfo=dt.UTC)  # a Wednesday, noon in Berlin
IN_TWO_HOURS = NOON + dt.timedelta(hours=2)


@contextmanager
def at(moment: dt.datetime) -> Iterator[None]:
    """Let the clock show a moment, and go on."""
    with time_machine.travel(moment, tick=True):
        yield


def switch(lux: Installation, firm: Firm, key: str, *, is_on: bool) -> None:
    """Turn a switch as a person does."""
    with lux.db.begin(firm.id) as session:
        toggles.set_toggle(session, firm.person, key, is_on=is_on, reason="test")


def bound(lux: Installation, firm: Firm, key: str = "channel_email", **values: object) -> None:
    """Set the limits of a switch as a person does."""
    with lux.db.begin(firm.id) as session:
        toggles.set_limits(session, firm.person, key, Limits.model_validate(values), reason="test")


def work(lux: Installation) -> None:
    """Work through what is due, whatever it waits for."""
    hurry(lux)
    lux.work()


def of_item(lux: Installation, firm: Firm, item: reads.ItemView) -> OutboundView:
    """Return an item's outbound."""
    with lux.db.read(firm.id) as session:
        return reads.item_outbound(session, item.id)


def submit_for(lux: Installation, firm: Firm, moment: dt.datetime) -> reads.ItemView:
    """Submit with a time."""
    return submitted(lux, firm, send_at=moment.isoformat())


def places(lux: Installation, firm: Firm) -> dict[str, list[Callable[[], object]]]:
    """Return, for each switch of something that exists, what a person can't do while it is off."""
    return {
        "channel_email": [lambda: copied(lux, firm), lambda: resumed(lux, firm)],
        SCHEDULED: [*_with_a_time(lux, firm), lambda: resumed(lux, firm, for_a_time=True)],
    }


def copied(lux: Installation, firm: Firm) -> None:
    """Send a copy to a member."""
    with lux.db.begin(firm.id) as session:
        tested = submit.as_test(act(firm), [firm.person.email])
        submit.submit_test_email(session, tested, author=firm.person, subject=("campaign", 1))


def resumed(lux: Installation, firm: Firm, *, for_a_time: bool = False) -> None:
    """Resume what a person had paused, whatever is switched now."""
    item = submitted(lux, firm)
    with lux.db.begin(firm.id) as session:
        was = {row.key: row.is_on for row in session.query(FeatureToggle)}
        session.execute(update(FeatureToggle).values(is_on=True))
    approved(lux, firm, item, send_at=IN_TWO_HOURS if for_a_time else None)
    with lux.db.begin(firm.id) as session:
        outbound = reads.item_outbound(session, item.id)
        control.pause(session, firm.person, outbound.id)
        for key, is_on in was.items():
            session.execute(update(FeatureToggle).where(FeatureToggle.key == key).values(is_on=is_on))
    with lux.db.begin(firm.id) as session:
        control.resume(session, firm.person, outbound.id)


@pytest.mark.parametrize("key", sorted(set(toggles.BY_KEY) - toggles.NOT_YET))
def test_off_refuses_at_each_place_with_name_and_link_and_on_allows(
    lux_sqlite: Installation, told: Told, key: str
) -> None:
    """A switch that becomes real stands here with its places, or this fails."""
    firm = ready(lux_sqlite, 1)
    lux_sqlite.switch_on(firm, SCHEDULED)
    with at(NOON):
        for attempt in places(lux_sqlite, firm)[key]:
            switch(lux_sqlite, firm, key, is_on=False)
            with pytest.raises(ToggleIsOff, match=key) as off:
                attempt()
            assert off.value.url == f"/approvals/toggles/{key}"
            switch(lux_sqlite, firm, key, is_on=True)
            attempt()


def test_scheduled_publishing_is_asked_at_submission_approval_and_departure(
    lux_sqlite: Installation, told: Told
) -> None:
    """Off: a time is refused with the switch's name and address; at once needs nothing; a departure is paused."""
    lux = lux_sqlite
    firm = ready(lux, 3)
    with at(NOON):
        with pytest.raises(ToggleIsOff) as off:
            submit_for(lux, firm, IN_TWO_HOURS)
        assert off.value.field == "send_at"
        now = submitted(lux, firm)
        approved(lux, firm, now)
        lux.work()
        assert of_item(lux, firm, now).state is OutboundState.DONE
        switch(lux, firm, SCHEDULED, is_on=True)
        item = submit_for(lux, firm, IN_TWO_HOURS)
        approved(lux, firm, item)
        switch(lux, firm, SCHEDULED, is_on=False)
    with at(IN_TWO_HOURS + dt.timedelta(minutes=1)):
        lux.work()
        held = of_item(lux, firm, item)
        assert (held.is_paused, held.check_failed) == (True, "toggle")
        assert SCHEDULED in held.pause_reason
        assert not held.counts
        with lux.db.begin(firm.id) as session, pytest.raises(ToggleIsOff):
            control.resume(session, firm.person, held.id)
        switch(lux, firm, SCHEDULED, is_on=True)
        with lux.db.begin(firm.id) as session:
            control.resume(session, firm.person, held.id)
        lux.work()
        assert of_item(lux, firm, item).state is OutboundState.DONE


def _with_a_time(lux: Installation, firm: Firm) -> list[Callable[[], object]]:
    def revise() -> None:
        item = submitted(lux, firm)
        with lux.db.begin(firm.id) as session:
            outbound = reads.item_outbound(session, item.id)
            changed = act(firm, send_at=IN_TWO_HOURS.isoformat())
            submit.revise(session, outbound.id, changed, editor=firm.person, title="Hello")

    return [
        lambda: submit_for(lux, firm, IN_TWO_HOURS),
        lambda: approved(lux, firm, submitted(lux, firm), send_at=IN_TWO_HOURS),
        revise,
    ]


def test_what_was_held_for_a_day_needs_a_new_yes(lux_sqlite: Installation, told: Told) -> None:
    lux = lux_sqlite
    firm = ready(lux, 3)
    lux.switch_on(firm, SCHEDULED)
    with at(NOON):
        item = submit_for(lux, firm, IN_TWO_HOURS)
        approved(lux, firm, item)
        switch(lux, firm, SCHEDULED, is_on=False)
    with at(IN_TWO_HOURS + dt.timedelta(minutes=1)):
        lux.work()
        switch(lux, firm, SCHEDULED, is_on=True)
    with at(IN_TWO_HOURS + dt.timedelta(hours=25)):
        with lux.db.begin(firm.id) as session:
            control.resume(session, firm.person, of_item(lux, firm, item).id)
        lux.work()
        assert of_item(lux, firm, item).item.state is ItemState.PENDING


def test_outside_its_hours_a_campaign_waits_and_goes_on_by_itself(lux: Installation, told: Told) -> None:
    """It says why and until when, over a weekend longer than a start may be late; wider hours count within a minute."""
    firm = ready(lux, 3)
    window = Hours(starts=dt.time(13), ends=dt.time(17), days=frozenset({0, 2}), zone="Europe/Berlin")
    bound(lux, firm, hours=window)
    with at(NOON):
        first, second = submitted(lux, firm), submitted(lux, firm)
        approved(lux, firm, first)
        lux.work()
        held = of_item(lux, firm, first)
        assert (held.state, held.is_paused, held.check_failed) == (OutboundState.READY, False, "limit")
        assert held.due_at == NOON + dt.timedelta(hours=1)
        assert "13:00–17:00" in held.reason
        assert told.events[-1][1] == "waiting"
    with at(NOON + dt.timedelta(hours=1, seconds=5)):
        lux.work()
        done = of_item(lux, firm, first)
        assert (done.state, done.check_failed, done.reason) == (OutboundState.DONE, "", "")
    with at(NOON + dt.timedelta(hours=6)):
        approved(lux, firm, second)
        lux.work()
        assert of_item(lux, firm, second).due_at == NOON + dt.timedelta(days=5, hours=1)
    with at(NOON + dt.timedelta(days=5, hours=2)):
        lux.work()
        assert of_item(lux, firm, second).state is OutboundState.DONE


def test_above_the_daily_cap_the_rest_waits_for_the_companys_next_day(lux: Installation, told: Told) -> None:
    """Exactly the cap leaves, over two campaigns; a higher one counts at once; a campaign that just fits is closed."""
    firm = ready(lux, 6)
    bound(lux, firm, daily_cap=8)
    with at(NOON):
        first, second = submitted(lux, firm), submitted(lux, firm)
        approved(lux, firm, first)
        approved(lux, firm, second)
        lux.work()
        assert states(lux, firm.id) == {"captured": 8, "queued": 4}
        held = next(one for one in (first, second) if of_item(lux, firm, one).state is OutboundState.WORKING)
        waits = of_item(lux, firm, held)
        assert waits.check_failed == "limit"
        assert waits.due_at == dt.datetime(2027, 7, 7, 22, tzinfo=dt.UTC), "midnight in Berlin"
        with lux.db.read(firm.id) as session:
            assert toggles.used_today(session, "channel_email") == 8
        bound(lux, firm, daily_cap=10)
        work(lux)
        assert states(lux, firm.id) == {"captured": 10, "queued": 2}
    with at(NOON + dt.timedelta(hours=13)):
        bound(lux, firm, daily_cap=2)
        work(lux)
        assert states(lux, firm.id) == {"captured": 12}
        assert of_item(lux, firm, held).state is OutboundState.DONE, "nobody is left who could wait"


def test_several_workers_together_stay_below_the_cap(lux: Installation, told: Told) -> None:
    firm = ready(lux, 20)
    bound(lux, firm, daily_cap=33)
    with at(NOON):
        for _ in range(3):
            approved(lux, firm, submitted(lux, firm))
        workers = [threading.Thread(target=lux.work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        for _ in range(3):  # who found the rest claimed by others looks again
            work(lux)
        assert states(lux, firm.id)["captured"] == 33, "whoever has not begun may wait before it writes anybody down"


def test_costs_that_are_reached_hold_back_until_the_day_or_the_month_is_over(
    lux_sqlite: Installation, told: Told
) -> None:
    lux = lux_sqlite
    firm = ready(lux, 2)
    euros = {"cost_day": Cost(minor=500, currency="EUR"), "cost_month": Cost(minor=900, currency="EUR")}
    bound(lux, firm, **euros)
    with at(NOON):
        item = submitted(lux, firm)
        approved(lux, firm, item)
        with lux.db.begin(firm.id) as session:
            quota.charge(session, firm.id, "channel_email", Money(minor=600, currency="EUR"))
        lux.work()
        assert of_item(lux, firm, item).due_at == dt.datetime(2027, 7, 7, 22, tzinfo=dt.UTC)
        with lux.db.begin(firm.id) as session:
            quota.charge(session, firm.id, "channel_email", Money(minor=300, currency="EUR"))
        work(lux)
        assert of_item(lux, firm, item).due_at == dt.datetime(2027, 7, 31, 22, tzinfo=dt.UTC)
    with at(dt.datetime(2027, 8, 1, 8, tzinfo=dt.UTC)):
        work(lux)
        assert of_item(lux, firm, item).state is OutboundState.DONE


def test_a_test_copy_waits_for_no_limit(lux_sqlite: Installation, told: Told) -> None:
    lux = lux_sqlite
    firm = ready(lux, 1)
    bound(lux, firm, daily_cap=1, hours=Hours(starts=dt.time(3), ends=dt.time(4), days=frozenset({6}), zone="UTC"))

    with at(NOON):
        for _ in range(2):
            copied(lux, firm)
        lux.work()
        assert states(lux, firm.id) == {"captured": 2}


def test_what_can_not_be_read_is_off_and_health_says_so(lux: Installation, told: Told) -> None:
    """Limits that are none, then no table at all: nothing leaves, the page stands, and a person mends it."""
    firm = ready(lux, 2)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        session.execute(update(FeatureToggle).values(limits={"daily_cap": "plenty"}))
    lux.work()
    held = of_item(lux, firm, item)
    assert held.is_paused
    assert "can't be read" in held.pause_reason
    with lux.db.read(firm.id) as session:
        answer = toggles.allow(session, firm.id, "channel_email")
        assert not answer
        assert answer.url == "/approvals/toggles/channel_email"
        assert [spec.key for spec in toggles.unreadable(session, firm.id) or []] == ["channel_email"]
        shown = toggles.one(session, "channel_email")
        assert (shown.is_on, shown.is_unreadable) == (False, True)
    switch(lux, firm, "channel_email", is_on=True)
    with lux.db.read(firm.id) as session:
        assert toggles.is_on(session, firm.id, "channel_email")
        assert toggles.history(session, "channel_email")[0].before["limits"] == "unreadable"
    with lux.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE feature_toggle RENAME TO gone"))
    with lux.db.begin(firm.id) as session:
        assert not toggles.is_on(session, firm.id, "channel_email")
        assert session.scalar(text("SELECT 1")) == 1, "the transaction goes on"
    with lux.db.read(firm.id) as session:
        assert toggles.unreadable(session, firm.id) is None


def test_json_that_is_none_is_off(lux_sqlite: Installation) -> None:
    """SQLite keeps any text in a JSON column."""
    firm = lux_sqlite.firm()
    lux_sqlite.switch_on(firm)
    for broken in ("{", "", "nonsense"):
        with lux_sqlite.db.engine.begin() as connection:
            connection.execute(text("UPDATE feature_toggle SET limits = :broken"), {"broken": broken})
        with lux_sqlite.db.read(firm.id) as session:
            assert not toggles.is_on(session, firm.id, "channel_email")
            assert len(toggles.listing(session)) == 27
    bound(lux_sqlite, firm, daily_cap=5)
    with lux_sqlite.db.read(firm.id) as session:
        assert toggles.require(session, firm.id, "channel_email").daily_cap == 5


def test_changes_need_the_right_and_a_reason_and_leave_before_and_after(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    marketer = lux.member(firm.id, Role.MARKETER)
    with lux.db.begin(firm.id) as session:
        with pytest.raises(Forbidden):
            toggles.set_toggle(session, marketer.person, "channel_email", is_on=True, reason="why not")
        with pytest.raises(Forbidden):
            toggles.set_limits(session, marketer.person, "channel_email", Limits(), reason="why not")
        with pytest.raises(InvalidInput):
            toggles.set_toggle(session, firm.person, "channel_email", is_on=True, reason=" ")
        with pytest.raises(InvalidInput):
            toggles.set_limits(session, firm.person, "channel_email", Limits(daily_cap=5), reason="")
        with pytest.raises(InvalidInput):
            toggles.set_limits(session, firm.person, "channel_email", Limits(confidence=5), reason="none of its")
        with pytest.raises(NotFound):
            toggles.set_toggle(session, firm.person, "channel_fax", is_on=True, reason="why not")
    switch(lux, firm, "channel_email", is_on=True)
    bound(lux, firm, daily_cap=5)
    switch(lux, firm, "channel_email", is_on=False)
    with lux.db.read(firm.id) as session:
        found = [(one.action, one.before, one.after) for one in toggles.history(session, "channel_email")]
    assert found == [
        ("toggle.off", {"is_on": True, "limits": {"daily_cap": 5}}, {"is_on": False, "limits": {"daily_cap": 5}}),
        ("toggle.limits", {"is_on": True, "limits": {}}, {"is_on": True, "limits": {"daily_cap": 5}}),
        ("toggle.on", {"is_on": False, "limits": {}}, {"is_on": True, "limits": {}}),
    ]


def test_a_switch_for_all_needs_both(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the three that have a row of the installation, none exists yet: their day is played here."""
    lux, key = lux_sqlite, "automation_auto_repair"
    firm = lux.firm()
    with lux.db.begin(ALL_COMPANIES) as session:
        with pytest.raises(Forbidden):
            toggles.set_for_all(session, firm.person, key, is_on=True, reason="why not")
        session.execute(update(_user()).values(is_operator=True))
    operator = lux.sign_in(firm.user_id, firm.id)
    with lux.db.begin(firm.id) as session:
        with pytest.raises(InvalidInput, match="not in use yet"):
            toggles.set_for_all(session, operator.person, key, is_on=True, reason="why not")
        with pytest.raises(NotFound):
            toggles.set_for_all(session, operator.person, "channel_email", is_on=True, reason="why not")
    lux.switch_on(firm, key)
    with lux.db.read(firm.id) as session:
        assert "not in use yet" in toggles.allow(session, firm.id, key).why
    for module in (asking, _changing()):
        monkeypatch.setattr(module, "NOT_YET", frozenset())
    with lux.db.begin(firm.id) as session:
        assert "whole installation" in toggles.allow(session, firm.id, key).why
        toggles.set_for_all(session, operator.person, key, is_on=True, reason="we try it")
        assert toggles.is_on(session, firm.id, key)
        assert session.get_one(InstallationToggle, key).reason == "we try it"
        rows = session.query(ApprovalAuditLog).filter_by(company_id=0, object_id=key).count()
    assert rows == 1


def _changing() -> object:
    from lux.gate.toggles import changing

    return changing


def _user() -> type:
    from lux.identity.models import User

    return User


def test_turning_off_says_how_much_it_would_hold(lux_sqlite: Installation, told: Told) -> None:
    lux = lux_sqlite
    firm = ready(lux, 2)
    lux.switch_on(firm, SCHEDULED)
    approved(lux, firm, submitted(lux, firm), send_at=clock.now() + dt.timedelta(days=1))
    approved(lux, firm, submitted(lux, firm))
    with lux.db.read(firm.id) as session:
        assert toggles.waiting_behind(session, "channel_email") == 2
        assert toggles.waiting_behind(session, SCHEDULED) == 1
        assert toggles.waiting_behind(session, "agent_retention") == 0
