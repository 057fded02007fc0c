"""Whatever people and the clock do with a series in any order: what left is a subset of what was approved."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, update

from lux.gate import control, jobs, reads, submit
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, FeatureToggle, Outbound
from lux.gate.parties import Sender
from lux.gate.series import frame
from lux.gate.series.models import SeriesRun
from lux.gate.service import ApprovalService
from lux.gate.states import ItemState, Method, RunState
from lux.kit import clock
from lux.kit.errors import LuxError
from lux.ports.acts import ActKind, RunSeries, SendEmail, digest_of
from tests.factories import Installation
from tests.gate.conftest import Told, act, ready
from tests.gate.invariant import Proof

START = dt.datetime(2035, 3, 20, 12, tzinfo=dt.UTC)
USUALLY = st.sampled_from((True, True, False))
PEOPLE, MOST_PEOPLE, MOST, MOST_MESSAGES = 3, 5, 4, 14


class Series(RuleBasedStateMachine):
    """One daily series of one company, through people's hands and a fortnight."""

    now = START
    left = 0  # messages of all examples

    def __init__(self, lux: Installation) -> None:
        super().__init__()
        Series.now = clock.now()
        self.lux, self.firm = lux, ready(lux, PEOPLE)
        lux.switch_on(self.firm, "automation_scheduled_publishing")
        Series.now = START
        self.outbound_id = 0
        self.approved: set[str] = set()  # hashes somebody said yes to
        self.proof = Proof(lux)

    def series(self, subject: str) -> RunSeries:
        """Return a series of one mail."""
        mail = act(self.firm, subject=subject)
        values = {one.name: getattr(mail, one.name) for one in fields(SendEmail)}
        return RunSeries(
            **{**values, "kind": ActKind.SERIES}, rule="0 9 * * *", zone="Europe/Berlin",
            until=(Series.now + dt.timedelta(days=12)).isoformat(), most=MOST, most_recipients=MOST_PEOPLE,
            most_messages=MOST_MESSAGES, drift_percent=50, drift_least=1,
        )  # fmt: skip

    def attempt(self, do: Any) -> bool:
        """Do something in a transaction of its own; returns whether it was let."""
        try:
            with self.lux.db.begin(self.firm.id) as session:
                do(session)
        except LuxError:
            return False
        return True

    def item(self) -> reads.ItemView:
        """Return the item of the series."""
        with self.lux.db.read(self.firm.id) as session:
            return reads.outbound(session, self.outbound_id).item

    @initialize()
    def submit(self) -> None:
        def do(session: Any) -> None:
            made = submit.submit_for_approval(
                session, self.series("First"), author=self.firm.person, title="Daily", subject=("campaign", 1)
            )
            self.outbound_id = made.id

        assert self.attempt(do)
        self.approve()

    @rule()
    def approve(self) -> None:
        item = self.item()
        was_let = self.attempt(
            lambda session: ApprovalService(session).approve(
                self.firm.person, item.public_id, shown_hash=item.content_hash
            )
        )
        if was_let:
            self.approved.add(item.content_hash)
            self.proof.allow(item.content_hash)

    @rule(subject=st.sampled_from(("First", "Second")))
    def edit(self, subject: str) -> None:
        before = self.item().content_hash
        was_let = self.attempt(
            lambda session: submit.revise(
                session, self.outbound_id, self.series(subject), editor=self.firm.person, title="Daily"
            )
        )
        if was_let:
            self.proof.void(before)

    @rule(is_approved=USUALLY, subject=st.sampled_from(("First", "Second")))
    def edit_and_go(self, is_approved: bool, subject: str) -> None:
        """It is changed just before its slot, with a new yes or without."""
        self.edit(subject)
        if is_approved:
            self.approve()
        self.day()

    @rule(is_approved=USUALLY)
    def tamper(self, is_approved: bool) -> None:
        """Somebody changes the series behind the gate, just before its slot: it is not what was approved."""
        if is_approved:
            self.approve()
        with self.lux.db.begin(self.firm.id) as session:
            item = session.get_one(ApprovalQueue, session.get_one(Outbound, self.outbound_id).item_id)
            item.body = {**item.body, "subject": "Something else"}
        self.day()

    @rule()
    def day(self) -> None:
        """Its next slot comes, and whoever has work does it."""
        with self.lux.db.read(self.firm.id) as session:
            slot = session.get_one(Outbound, self.outbound_id).due_at
        Series.now = max(Series.now, slot or START) + dt.timedelta(minutes=5)
        self.wait(hours=0, ticks=1, works=True)

    @rule(is_on=st.booleans(), key=st.sampled_from(("channel_email", "automation_scheduled_publishing")))
    def switch(self, is_on: bool, key: str) -> None:
        self.attempt(
            lambda session: session.execute(update(FeatureToggle).where(FeatureToggle.key == key).values(is_on=is_on))
        )

    @rule(is_proven=st.booleans())
    def sender(self, is_proven: bool) -> None:
        at = START if is_proven else None
        self.attempt(lambda session: session.execute(update(Sender).values(verified_at=at)))

    @rule(number=st.sampled_from((1, 1, 3)))
    def grow(self, number: int) -> None:
        now, Series.now = Series.now, START
        self.lux.contacts(self.firm, number)
        Series.now = now

    @rule()
    def pause(self) -> None:
        self.attempt(lambda session: control.pause(session, self.firm.person, self.outbound_id))

    @rule()
    def resume(self) -> None:
        self.attempt(lambda session: control.resume(session, self.firm.person, self.outbound_id))

    @rule(hours=st.sampled_from((1, 20, 24, 50)), ticks=st.integers(0, 2), works=st.booleans())
    def wait(self, hours: int, ticks: int, works: bool) -> None:
        Series.now += dt.timedelta(hours=hours)
        for _tick in range(ticks):
            next(tick for tick in jobs.TICKS if tick.name == "gate.series").run(self.lux.db)
        if works:
            self.lux.work()

    @invariant()
    def what_left_was_approved(self) -> None:
        """Every mail left under a decision that leans on a person's yes over exactly its words, within every cap.

        The rows say so, and the messages that lie in the mailbox do, byte for byte.
        """
        received = self.proof.hold(self.firm.id)
        with self.lux.db.read(self.firm.id) as session:
            runs = session.scalars(select(SeriesRun).where(SeriesRun.outbound_id.is_not(None))).all()
            under: dict[int, list[int]] = {}
            for run in runs:
                outbound = session.get_one(Outbound, run.outbound_id)
                item = session.get_one(ApprovalQueue, outbound.item_id)
                decision = session.get_one(ApprovalDecision, outbound.approval_id)
                parent = session.get_one(ApprovalDecision, decision.parent_id)
                assert decision.method is Method.SERIES
                assert decision.content_hash == item.content_hash == digest_of(item.body)
                assert parent.content_hash in self.approved
                body = reads.last_approved(session, parent.item_id, before_version=parent.version + 1)
                assert body is not None
                assert (digest_of(body), frame.is_same_mail(body, item.body)) == (parent.content_hash, True)
                gone = select(Delivery.id).where(Delivery.outbound_id == outbound.id, Delivery.sent_at.is_not(None))
                left = len(session.scalars(gone).all())
                assert left <= MOST_PEOPLE
                assert left == 0 or run.state is RunState.STARTED
                under.setdefault(parent.id, []).append(left)
            assert received == sum(sum(numbers) for numbers in under.values())
            for numbers in under.values():
                assert len([number for number in numbers if number]) <= MOST
                assert sum(numbers) <= MOST_MESSAGES
            assert len({run.slot_at for run in runs}) == len(runs)
            others = select(Outbound.id).where(Outbound.kind == ActKind.EMAIL_CAMPAIGN)
            assert set(session.scalars(others)) == {run.outbound_id for run in runs}
            series = session.get(Outbound, self.outbound_id)
            if series is not None and series.due_at is not None and series.approval_id is not None:
                assert self.item().state in {ItemState.APPROVED, ItemState.PUBLISHED, ItemState.CANCELLED}

    def teardown(self) -> None:
        """End well: all is mended, and there is a new yes. Then count: where nothing leaves, nothing is proven."""
        if not self.outbound_id:
            return
        for key in ("channel_email", "automation_scheduled_publishing"):
            self.switch(True, key)
        self.sender(True)
        self.edit("Last")
        self.approve()
        self.resume()
        self.day()
        self.what_left_was_approved()
        Series.left += self.proof.hold(self.firm.id)


def _run(lux: Installation, monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: Series.now or real())

    def machine() -> Series:
        Series.now = None  # type: ignore[assignment]
        return Series(lux)

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert Series.left >= 2 * PEOPLE


def test_nothing_leaves_outside_of_a_yes(
    lux_sqlite: Installation, told_sqlite: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told_sqlite.events == []
    _run(lux_sqlite, monkeypatch, examples=8, steps=14)


@pytest.mark.slow
def test_nothing_leaves_outside_of_a_yes_in_many_orders(
    lux: Installation, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told.events == []
    _run(lux, monkeypatch, examples=30, steps=40)
