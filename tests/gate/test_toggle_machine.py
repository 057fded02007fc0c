"""Whatever several people do to two switches, in whatever order: nothing leaves while one it needs is off.

And whatever leaves is what was approved, hash for hash (invariant.py), also when its text was changed after the yes.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text

from lux.gate import control, reads, toggles
from lux.gate.models import Delivery
from lux.gate.reads import DeliveryState, ItemState, OutboundState
from lux.gate.service import ApprovalService
from lux.gate.toggles import SCHEDULED, Limits
from lux.gate.toggles.hours import Hours
from lux.identity.access import Role
from lux.kit.errors import Forbidden, InvalidInput, LuxError, ToggleIsOff
from lux.ports import contributions
from tests.conftest import migrated_file
from tests.factories import installation
from tests.gate.conftest import TestedAudience, act, approved, ready, submitted
from tests.gate.invariant import Proof
from tests.gate.test_smtp import hurry

START = dt.datetime(2027, 7, 7, 10, tzinfo=dt.UTC)  # a Wednesday, noon in Berlin
OFTEN = st.sampled_from((True, True, False))
KEYS = st.sampled_from(["channel_email", SCHEDULED])
PEOPLE = 3  # recipients of each campaign
MORNING = Hours(starts=dt.time(9), ends=dt.time(12, 30), days=frozenset(range(7)), zone="Europe/Berlin")


class Switches(RuleBasedStateMachine):
    """The model is two switches; the system is the gate with its built-in mailbox."""

    left = 0  # messages of all examples

    def __init__(self) -> None:
        """Nothing stands yet."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.before = contributions.installed()
        file = Path(self.folder.name) / "lux.db"
        shutil.copyfile(migrated_file(), file)
        self.lux = installation(f"sqlite:///{file}", file.parent / "home", is_migrated=True)
        contributions.install(contributions.Contributions(audience_sources=(TestedAudience(),)))
        self.now = START
        self.on = {"channel_email": True, SCHEDULED: False}
        self.broken: set[str] = set()
        self.cap: int | None = None
        self.hours: Hours | None = None
        self.sent_today = 0
        self.proof, self.written = Proof(self.lux), 0

    @initialize()
    def begin(self) -> None:
        """Make a company that may send, with an admin, and a marketer who may not touch a switch."""
        self.firm = ready(self.lux, PEOPLE)
        self.admin = self.lux.member(self.firm.id, Role.ADMIN)
        self.marketer = self.lux.member(self.firm.id, Role.MARKETER)

    @rule(key=KEYS, is_on=st.booleans(), owner=st.booleans())
    def switch(self, key: str, *, is_on: bool, owner: bool) -> None:
        """Somebody with the right turns one; turning on takes broken limits away."""
        who = self.firm if owner else self.admin
        with self.lux.db.begin(self.firm.id) as session:
            toggles.set_toggle(session, who.person, key, is_on=is_on, reason="try it")
        self.on[key] = is_on
        if is_on and key in self.broken:
            self.broken.remove(key)
            self._forget_limits(key)

    @rule(key=KEYS)
    def overstep(self, key: str) -> None:
        """Who has no right, or gives no reason, changes nothing."""
        for who, error in ((self.marketer, Forbidden), (self.firm, InvalidInput)):
            with self.lux.db.begin(self.firm.id) as session:
                try:
                    toggles.set_toggle(session, who.person, key, is_on=True, reason="")
                except error:
                    continue
                raise AssertionError(error)

    @rule(cap=st.sampled_from([None, 1, 4]), hours=st.sampled_from([None, MORNING]))
    def bound(self, cap: int | None, hours: Hours | None) -> None:
        """An admin sets the limits of the channel."""
        with self.lux.db.begin(self.firm.id) as session:
            limits = Limits(daily_cap=cap, hours=hours)
            toggles.set_limits(session, self.admin.person, "channel_email", limits, reason="try it")
        self.cap, self.hours = cap, hours
        self.broken.discard("channel_email")

    @rule(key=KEYS)
    def damage(self, key: str) -> None:
        """A row's limits become what nobody can read."""
        with self.lux.db.engine.begin() as connection:
            done = connection.execute(text("UPDATE feature_toggle SET limits = '{' WHERE key = :key"), {"key": key})
        if done.rowcount:
            self.broken.add(key)

    @rule(later=st.booleans())
    def approve(self, *, later: bool) -> None:
        """A campaign gets its yes, at once or for a time; the time needs its switch."""
        with time_machine.travel(self.now, tick=True):
            self.written += 1  # each says something else: a yes over one is none over another
            item = submitted(self.lux, self.firm, subject=f"Hello {self.written}")
            try:
                approved(self.lux, self.firm, item, send_at=self.now + dt.timedelta(minutes=20) if later else None)
            except ToggleIsOff:
                assert later
                assert not self._is_on(SCHEDULED)
            else:
                assert not later or self._is_on(SCHEDULED)
                self.proof.allow(item.content_hash)

    @rule(n=st.integers(0, 9), agrees=st.sampled_from((False, False, True)), is_new=OFTEN)
    def edit(self, n: int, *, agrees: bool, is_new: bool) -> None:
        """What has its yes and has not begun is changed: it waits anew, and leaves in its new words or not at all."""
        if self.now >= START + dt.timedelta(hours=6):
            return
        if is_new:
            self.approve(later=False)
        with self.lux.db.read(self.firm.id) as session:
            items = reads.items(session, states=[ItemState.APPROVED, ItemState.SCHEDULED])
            items = [one for one in items if reads.item_outbound(session, one.id).state is OutboundState.READY]
        if not items:
            return
        item = items[n % len(items)]
        with time_machine.travel(self.now, tick=True):
            with self.lux.db.begin(self.firm.id) as session:
                words = act(self.firm, subject=f"{item.body['subject']} again")
                ApprovalService(session).edit(self.admin.person, item.public_id, words, title="Hello")
            self.proof.void(item.content_hash)
            if agrees:
                with self.lux.db.read(self.firm.id) as session:
                    now = reads.item(session, item.public_id)
                approved(self.lux, self.firm, now)
                self.proof.allow(now.content_hash)
        self.work(1)

    @precondition(lambda self: self.now < START + dt.timedelta(hours=6))
    @rule(minutes=st.sampled_from([1, 25]))
    def work(self, minutes: int) -> None:
        """Time passes, and whoever has work does it."""
        self.now += dt.timedelta(minutes=minutes)
        before = self._sent()
        with time_machine.travel(self.now, tick=True):
            self._resume()
            hurry(self.lux)
            self.lux.work()
        plain, timed = (after - was for after, was in zip(self._sent(), before, strict=True))
        self.sent_today += plain + timed
        assert plain + timed == 0 or self._is_on("channel_email")
        assert timed == 0 or self._is_on(SCHEDULED)
        assert plain + timed == 0 or self.hours is None or self.hours.is_open(self.now)
        assert plain + timed == 0 or self.cap is None or self.sent_today <= self.cap

    @invariant()
    def what_it_says_is_so(self) -> None:
        """The answer is the model's, and an unreadable one is off."""
        if not hasattr(self, "admin"):
            return
        assert self.proof.hold(self.firm.id) == sum(self._sent())
        with self.lux.db.read(self.firm.id) as session:
            for key in self.on:
                assert toggles.is_on(session, self.firm.id, key) == self._is_on(key)

    def teardown(self) -> None:
        """End well: everything is on and unbounded, and what has its yes leaves. Leave nothing behind."""
        if hasattr(self, "admin"):
            for key in self.on:
                self.switch(key, is_on=True, owner=True)
            self.bound(None, None)
            self.work(25)
            self.what_it_says_is_so()
            Switches.left += self.proof.hold(self.firm.id)
        contributions.install(self.before)
        self.lux.db.close()
        self.folder.cleanup()

    def _is_on(self, key: str) -> bool:
        return self.on[key] and key not in self.broken

    def _forget_limits(self, key: str) -> None:
        if key == "channel_email":
            self.cap = self.hours = None

    def _resume(self) -> None:
        with self.lux.db.read(self.firm.id) as session:
            items = reads.items(session, states=[ItemState.APPROVED, ItemState.SCHEDULED])
            paused = [one.id for item in items if (one := reads.item_outbound(session, item.id)).is_paused]
        for outbound_id in paused:
            try:
                with self.lux.db.begin(self.firm.id) as session:
                    control.resume(session, self.firm.person, outbound_id)
            except LuxError as error:
                assert isinstance(error, ToggleIsOff)  # noqa: PT017 - a switch is the only thing in the way

    def _sent(self) -> tuple[int, int]:
        """Return how many have left of what was approved at once, and of what was for a time."""
        with self.lux.db.read(self.firm.id) as session:
            items = reads.items(session, limit=500)
            timed = [reads.item_outbound(session, one.id).id for one in items if one.send_at is not None]
            query = select(func.count()).where(Delivery.state == DeliveryState.CAPTURED)
            of_time = session.scalar(query.where(Delivery.outbound_id.in_(timed))) or 0
            return (session.scalar(query) or 0) - of_time, of_time


def play(*, examples: int, steps: int) -> None:
    """Let hypothesis play, the same way each time."""
    run_state_machine_as_test(
        Switches,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert Switches.left >= PEOPLE, "nothing left: the machine proves nothing"


def test_nothing_leaves_while_a_switch_is_off() -> None:
    """A few runs, for every day."""
    play(examples=6, steps=14)


@pytest.mark.slow
def test_nothing_leaves_while_a_switch_is_off_at_length() -> None:
    """Many long ones."""
    play(examples=40, steps=40)
