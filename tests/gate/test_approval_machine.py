"""Whatever people, guests, agents and the clock do with items in any order: what leaves is what was approved."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest
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
from sqlalchemy import select, update

from lux.gate import control, jobs, reads, stop, submit, toggles
from lux.gate.deciding import policies
from lux.gate.deciding.policies import Rules
from lux.gate.models import ApprovalQueue
from lux.gate.service import ApprovalService, Chosen
from lux.gate.states import Verdict
from lux.gate.toggles import SCHEDULED
from lux.identity import agents
from lux.identity.access import Role
from lux.kit import clock
from lux.kit.errors import LuxError
from tests.factories import Installation
from tests.gate import guests
from tests.gate.conftest import Told, act, ready
from tests.gate.invariant import Proof
from tests.gate.queue_model import ADMIN, AGENT, CHANNEL, GUEST, MARKETER, OWNER, RECIPIENTS, House, Item
from tests.gate.test_smtp import hurry
from tests.gate.test_two_hands import Context

DECIDERS = st.sampled_from((OWNER, ADMIN, GUEST))
ANYBODY = st.sampled_from((OWNER, ADMIN, MARKETER, AGENT, GUEST))
MEMBERS = st.sampled_from((OWNER, ADMIN, MARKETER, AGENT))
NUMBER = st.integers(0, 9)
FOUR = st.sampled_from((False, False, True))
TWO = st.sampled_from((0, 0, RECIPIENTS, None))  # recipients above which two say yes
STALE = st.sampled_from((False, False, True))
SELDOM = st.sampled_from((False, False, False, True))
HOURS = st.sampled_from((1, 4))  # after the machine's beginning: times to leave


def has(*states: str) -> Callable[[Any], bool]:
    """Return whether some item is in one of these states."""
    return lambda self: any(item.state in states for item in self.items)


class Approvals(RuleBasedStateMachine):
    """A company of an owner, an admin, a marketer, a guest, and an agent that the owner asks."""

    shift = dt.timedelta()  # how far the clock was put forward
    left = 0  # messages of all examples

    def __init__(self, lux: Installation) -> None:
        super().__init__()
        Approvals.shift = dt.timedelta()
        self.lux, self.firm, self.proof = lux, ready(lux, RECIPIENTS), Proof(lux)
        lux.switch_on(self.firm, SCHEDULED)
        admin, marketer = lux.member(self.firm.id, Role.ADMIN), lux.member(self.firm.id, Role.MARKETER)
        agent = agents.working_for(self.firm.person, agent_id=1, name="Agent")
        self.people: list[Any] = [self.firm.person, admin.person, marketer.person, agent]
        self.items: list[Item] = []
        self.house, self.version = House(), 0
        self.begun = clock.now().replace(microsecond=0)
        self.marks = (f"Mark {n}" for n in itertools.count())

    def attempt(self, do: Callable[[Any], Any]) -> bool:
        """Do something in a transaction of its own; returns whether it was let."""
        try:
            with self.lux.db.begin(self.firm.id) as session:
                do(session)
        except LuxError:
            return False
        return True

    def hand(self, who: int) -> int:
        """Return whose hand it is: the agent's work is that of who asks it."""
        return OWNER if who == AGENT else who

    def one(self, n: int, *states: str) -> Item:
        """Return one of the items, of those in some state where one is named."""
        found = [item for item in self.items if not states or item.state in states]
        return found[n % len(found)]

    @initialize(four_eyes=FOUR, two_above=TWO, guests_decide=st.booleans())
    def begin(self, four_eyes: bool, two_above: int | None, guests_decide: bool) -> None:
        self.choose(False, None, True)
        self.people.append(guests.come(self.lux, self.firm))
        self.choose(four_eyes, two_above, guests_decide)
        self.submit(MARKETER)

    @rule(four_eyes=FOUR, two_above=TWO, guests_decide=st.sampled_from((True, True, False)))
    def choose(self, four_eyes: bool, two_above: int | None, guests_decide: bool) -> None:
        wanted = Rules(four_eyes=four_eyes, two_above=two_above, guests_comment=True, guests_decide=guests_decide)
        assert self.attempt(lambda s: policies.choose(s, self.firm.person, wanted, version=self.version, reason="test"))
        self.house.rules, self.version = wanted, self.version + 1

    @precondition(lambda self: sum(item.state in {"pending", "approved"} for item in self.items) < 3)
    @rule(who=MEMBERS)
    def submit(self, who: int) -> None:
        mark = next(self.marks)

        def do(session: Any) -> None:
            outbound = submit.submit_for_approval(
                session, act(self.firm, subject=mark), author=self.people[who], title=mark, subject=("campaign", 1)
            )
            found = reads.outbound(session, outbound.id).item
            self.items.append(
                Item(found.public_id, found.content_hash, mark, who, who == AGENT, hands={self.hand(who)})
            )

        assert self.attempt(do)

    @precondition(lambda self: self.items)
    @rule(n=NUMBER, who=MEMBERS)
    def edit(self, n: int, who: int) -> None:
        self.change(self.one(n), who)

    @precondition(has("approved"))
    @rule(n=NUMBER, who=MEMBERS)
    def edit_after_a_yes(self, n: int, who: int) -> None:
        self.change(self.one(n, "approved"), who)

    def change(self, item: Item, who: int) -> None:
        mark = next(self.marks)
        asked = act(self.firm, subject=mark)
        was_let = self.attempt(lambda s: ApprovalService(s).edit(self.people[who], item.public_id, asked, title=mark))
        assert was_let == (item.state in {"pending", "approved", "rejected"})
        if was_let:
            self.proof.void(item.digest)
            item.wait_anew(self.digest(item), mark)
            item.was_prompted = item.was_prompted or who == AGENT
            item.hands = {self.hand(item.author), self.hand(who)} | ({OWNER} if item.was_prompted else set())

    def digest(self, item: Item) -> str:
        """Return the hash that the queue shows now."""
        with self.lux.db.read(self.firm.id) as session:
            return reads.item(session, item.public_id).content_hash

    @precondition(has("pending", "approved"))
    @rule(n=NUMBER)
    def tamper(self, n: int) -> None:
        """Somebody changes the row behind the gate."""
        item, mark = self.one(n, "pending", "approved"), next(self.marks)
        with self.lux.db.begin(self.firm.id) as session:
            row = session.scalars(select(ApprovalQueue).where(ApprovalQueue.public_id == item.public_id)).one()
            row.body = {**row.body, "subject": mark}
        item.is_tampered, item.mark = True, mark

    @precondition(lambda self: self.items)
    @rule(n=NUMBER, who=ANYBODY, stale=STALE)
    def approve(self, n: int, who: int, stale: bool) -> None:
        self.say_yes(self.one(n), who, stale=stale)

    @precondition(has("pending"))
    @rule(n=NUMBER, who=DECIDERS)
    def agree(self, n: int, who: int) -> None:
        """Say yes to what waits, as it stands: what happens most."""
        self.say_yes(self.one(n, "pending"), who)

    @precondition(has("pending"))
    @rule(n=NUMBER, order=st.permutations((OWNER, ADMIN, GUEST)))
    def agree_and_go(self, n: int, order: list[int]) -> None:
        """Everybody who may says yes until one is the last, and it leaves where nothing holds it."""
        item = self.one(n, "pending")
        for who in order:
            if item.state == "pending":
                self.say_yes(item, who)
        self.work()

    @precondition(has("pending"))
    @rule(n=NUMBER, who=DECIDERS, hours=HOURS)
    def approve_for_a_time(self, n: int, who: int, hours: int) -> None:
        self.say_yes(self.one(n, "pending"), who, at=self.begun + dt.timedelta(hours=hours))

    def say_yes(self, item: Item, who: int, *, stale: bool = False, at: dt.datetime | None = None) -> None:
        shown, now = item.old[-1] if stale and item.old else item.digest, clock.now()
        was_let = self.attempt(
            lambda s: ApprovalService(s).approve(self.people[who], item.public_id, shown_hash=shown, send_at=at)
        )
        assert was_let == (self.house.may_approve(item, who, now, at) and shown == item.digest)
        if was_let and self.house.note_yes(item, who, now, at):
            self.proof.allow(shown)

    @precondition(lambda self: self.items)
    @rule(who=st.sampled_from((OWNER, ADMIN)), stale=STALE)
    def approve_all(self, who: int, stale: bool) -> None:
        shown, now = [item.old[-1] if stale and item.old else item.digest for item in self.items], clock.now()
        wanted = [
            Chosen(public_id=item.public_id, shown_hash=digest, recipients=RECIPIENTS)
            for item, digest in zip(self.items, shown, strict=True)
        ]
        failed: list[Any] = []
        assert self.attempt(
            lambda s: failed.extend(ApprovalService(s).decide_batch(self.people[who], wanted, verdict=Verdict.YES))
        )
        for item, digest, error in zip(self.items, shown, failed, strict=True):
            assert (error is None) == (self.house.may_approve(item, who, now) and digest == item.digest)
            if error is None and self.house.note_yes(item, who, now):
                self.proof.allow(digest)

    @precondition(lambda self: self.items)
    @rule(n=NUMBER, who=ANYBODY, really=SELDOM)
    def reject(self, n: int, who: int, really: bool) -> None:
        item = self.one(n)
        if not really and item.state == "pending":
            return  # what ends an item is no more frequent than what leads on
        was_let = self.attempt(
            lambda s: ApprovalService(s).reject(self.people[who], item.public_id, shown_hash=item.digest, reason="no")
        )
        assert was_let == (self.house.may_decide(who) and item.state == "pending" and not item.is_tampered)
        item.state = "rejected" if was_let else item.state

    @precondition(lambda self: self.items)
    @rule(n=NUMBER, who=MEMBERS, really=SELDOM)
    def take_back(self, n: int, who: int, really: bool) -> None:
        item = self.one(n)
        if not really and item.state in {"pending", "approved"}:
            return
        was_let = self.attempt(lambda s: ApprovalService(s).cancel(self.people[who], item.public_id))
        assert was_let == (item.state in {"pending", "approved"})
        if was_let:
            item.state, item.at = "cancelled", None
            self.proof.void(item.digest)

    @precondition(has("pending"))
    @rule(n=NUMBER, really=SELDOM)
    def expire(self, n: int, really: bool) -> None:
        item = self.one(n, "pending")
        if not really:
            return
        with self.lux.db.begin(self.firm.id) as session:
            of_item = ApprovalQueue.public_id == item.public_id
            session.execute(update(ApprovalQueue).where(of_item).values(expires_at=clock.now()))
        jobs.expire(Context(self.lux), {})  # type: ignore[arg-type]
        item.state = "expired"

    @rule(key=st.sampled_from((CHANNEL, SCHEDULED)), is_on=st.sampled_from((True, True, False)))
    def switch(self, key: str, is_on: bool) -> None:
        assert self.attempt(lambda s: toggles.set_toggle(s, self.firm.person, key, is_on=is_on, reason="test"))
        self.house.on[key] = is_on

    @rule(is_on=st.sampled_from((True, False, False)))
    def press(self, is_on: bool) -> None:
        """The marketer presses the company's stop; the owner ends it."""
        scope = stop.scopes.of_company(self.firm.id)
        if is_on:
            assert self.attempt(lambda s: stop.press(s, by=self.people[MARKETER], scope=scope, reason="test"))
        else:
            assert self.attempt(lambda s: stop.resume(s, by=self.firm.person, scope=scope, reason="test"))
        self.house.is_stopped = is_on

    @precondition(lambda self: any(item.is_paused for item in self.items))
    @rule()
    def resume(self) -> None:
        for item in (one for one in self.items if one.is_paused):
            with self.lux.db.read(self.firm.id) as session:
                outbound = reads.item_outbound(session, reads.item(session, item.public_id).id)
            was_let = self.attempt(lambda s, number=outbound.id: control.resume(s, self.firm.person, number))  # type: ignore[misc]
            assert was_let == (self.house.lets(item) and item.state == "approved")
            item.is_paused = not was_let and item.state == "approved"

    @precondition(lambda self: self.shift < dt.timedelta(hours=9))
    @rule()
    def wait(self) -> None:
        Approvals.shift += dt.timedelta(hours=3)
        self.work()

    @rule()
    def work(self) -> None:
        hurry(self.lux)
        self.lux.work()
        for item in (one for one in self.items if self.house.may_work(one, clock.now())):
            if item.is_tampered:
                self.proof.void(item.digest)
                item.wait_anew(self.digest(item), item.mark)
            elif self.house.lets(item):
                item.state = "left"
            else:
                item.is_paused = True

    @invariant()
    def what_left_was_approved(self) -> None:
        """Each message of the sink is what got all its yeses; the queue says what the model says."""
        left = [item for item in self.items if item.state == "left"]
        assert self.proof.hold(self.firm.id) == RECIPIENTS * len(left)
        with self.lux.db.read(self.firm.id) as session:
            states = {row.public_id: row.state for row in reads.items(session)}
        assert states == {item.public_id: item.shown for item in self.items}

    def teardown(self) -> None:
        """End well: nothing holds anything any more, whoever may says yes, and what is left leaves."""
        if len(self.people) == GUEST + 1:
            self.choose(False, None, True)
            self.press(False)
            for key in (CHANNEL, SCHEDULED):
                self.switch(key, True)
            self.resume()
            self.what_left_was_approved()
            for n, _item in enumerate(self.items):
                self.approve(n, OWNER, False)
            Approvals.shift += dt.timedelta(hours=4)
            self.work()
            self.what_left_was_approved()
            Approvals.left += self.proof.hold(self.firm.id)


def play(lux: Installation, monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int) -> None:
    """Let hypothesis play, the same way each time."""
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + Approvals.shift)
    lux.settings = replace_ramp(lux)
    run_state_machine_as_test(
        lambda: Approvals(lux),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True,
            phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck), database=None,
        ),
    )  # fmt: skip
    Approvals.shift = dt.timedelta()
    assert Approvals.left >= examples * RECIPIENTS, "too little left: the machine proves too little"


def replace_ramp(lux: Installation) -> Any:
    """Return the settings with the whole pace at once: how it comes back is another test's (test_stop_parts.py)."""
    return lux.settings.model_copy(update={"resume_ramp_minutes": 0})


def test_what_leaves_was_approved(lux_sqlite: Installation, told_sqlite: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few runs, for every day."""
    play(lux_sqlite, monkeypatch, examples=10, steps=30)


@pytest.mark.slow
def test_what_leaves_was_approved_at_length(lux: Installation, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many long ones, on both databases."""
    play(lux, monkeypatch, examples=60, steps=60)
