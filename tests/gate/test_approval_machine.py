"""Whatever people, agents and the clock do with items in any order: what leaves is what was approved, hash for hash."""

from __future__ import annotations

import email
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
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

from lux.gate import captured, jobs, reads, submit
from lux.gate.deciding import policies
from lux.gate.deciding.policies import Rules
from lux.gate.models import ApprovalDecision, ApprovalQueue, ApprovalVersion, Outbound
from lux.gate.reads import ItemState
from lux.gate.service import ApprovalService, Chosen
from lux.gate.states import Verdict
from lux.identity import agents
from lux.identity.access import Person, Role
from lux.kit import clock
from lux.kit.errors import LuxError
from lux.ports.acts import digest_of
from tests.factories import Installation
from tests.gate.conftest import Told, act, ready
from tests.gate.test_two_hands import Context

RECIPIENTS = 2
OWNER, ADMIN, MARKETER, AGENT = range(4)
DECIDERS = (OWNER, ADMIN)
PEOPLE = st.sampled_from((OWNER, ADMIN, MARKETER, AGENT))
FOUR = st.sampled_from((False, False, True))
TWO = st.sampled_from((0, 0, RECIPIENTS, None))  # recipients above which two say yes
STALE = st.sampled_from((False, False, True))


@dataclass
class Item:
    """What the test knows of an item, by what it has done to it."""

    public_id: Any
    digest: str
    mark: str  # the subject of its present version
    author: int
    was_prompted: bool
    state: str = "pending"
    yeses: set[int] = field(default_factory=set)
    old: list[str] = field(default_factory=list)  # hashes of earlier versions
    hands: set[int] = field(default_factory=set)  # whose work it is: author, last editor, who asked the agent


class Approvals(RuleBasedStateMachine):
    """A company of an owner, an admin, a marketer and an agent that the owner asks."""

    def __init__(self, lux: Installation) -> None:
        super().__init__()
        self.lux, self.firm = lux, ready(lux, RECIPIENTS)
        admin, marketer = lux.member(self.firm.id, Role.ADMIN), lux.member(self.firm.id, Role.MARKETER)
        agent = agents.working_for(self.firm.person, agent_id=1, name="Agent")
        self.people: list[Person] = [self.firm.person, admin.person, marketer.person, agent]
        self.items: list[Item] = []
        self.rules, self.version = Rules(), 0
        self.allowed: dict[str, str] = {}  # subject → hash of what got all the yeses it needed
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

    @precondition(lambda self: len(self.items) < 2)
    @rule(who=PEOPLE)
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
    @rule(n=st.integers(0, 9), who=PEOPLE)
    def edit(self, n: int, who: int) -> None:
        item, mark = self.items[n % len(self.items)], next(self.marks)

        def do(session: Any) -> None:
            ApprovalService(session).edit(self.people[who], item.public_id, act(self.firm, subject=mark), title=mark)
            item.old.append(item.digest)
            item.digest = reads.item(session, item.public_id).content_hash

        was_let = self.attempt(do)
        assert was_let == (item.state in {"pending", "approved", "rejected"})
        if was_let:
            self.allowed.pop(item.mark, None)
            item.was_prompted = item.was_prompted or who == AGENT
            item.mark, item.state, item.yeses = mark, "pending", set()
            item.hands = {self.hand(item.author), self.hand(who)} | ({OWNER} if item.was_prompted else set())

    def may_approve(self, item: Item, who: int) -> bool:
        """Say by the rules of the house whether this yes counts."""
        if who not in DECIDERS or item.state != "pending":
            return False
        if self.rules.four_eyes and who in item.hands:
            return False
        return who not in item.yeses or len(item.yeses) >= self.rules.yeses_for(RECIPIENTS)

    def note_yes(self, item: Item, who: int) -> None:
        item.yeses.add(who)
        if len(item.yeses) >= self.rules.yeses_for(RECIPIENTS):
            item.state, self.allowed[item.mark] = "approved", item.digest

    @precondition(lambda self: self.items)
    @rule(n=st.integers(0, 9), who=PEOPLE, stale=STALE)
    def approve(self, n: int, who: int, stale: bool) -> None:
        item = self.items[n % len(self.items)]
        shown = item.old[-1] if stale and item.old else item.digest
        was_let = self.attempt(lambda s: ApprovalService(s).approve(self.people[who], item.public_id, shown_hash=shown))
        assert was_let == (self.may_approve(item, who) and shown == item.digest)
        if was_let:
            self.note_yes(item, who)

    @precondition(lambda self: self.items)
    @rule(who=st.sampled_from(DECIDERS))
    def agree(self, who: int) -> None:
        """Say yes to the first as it stands: what happens most."""
        self.approve(0, who, False)

    @precondition(lambda self: self.items)
    @rule(who=PEOPLE)
    def change(self, who: int) -> None:
        """Change the first."""
        self.edit(0, who)

    @precondition(lambda self: self.items)
    @rule(n=st.integers(0, 9), who=PEOPLE)
    def reject(self, n: int, who: int) -> None:
        item = self.items[n % len(self.items)]
        was_let = self.attempt(
            lambda s: ApprovalService(s).reject(self.people[who], item.public_id, shown_hash=item.digest, reason="no")
        )
        assert was_let == (who in DECIDERS and item.state == "pending")
        item.state = "rejected" if was_let else item.state

    @precondition(lambda self: self.items)
    @rule(who=st.sampled_from(DECIDERS), stale=STALE)
    def approve_all(self, who: int, stale: bool) -> None:
        shown = [item.old[-1] if stale and item.old else item.digest for item in self.items]
        wanted = [
            Chosen(public_id=item.public_id, shown_hash=digest, recipients=RECIPIENTS)
            for item, digest in zip(self.items, shown, strict=True)
        ]
        failed: list[Any] = []
        assert self.attempt(
            lambda s: failed.extend(ApprovalService(s).decide_batch(self.people[who], wanted, verdict=Verdict.YES))
        )
        for item, digest, error in zip(self.items, shown, failed, strict=True):
            assert (error is None) == (self.may_approve(item, who) and digest == item.digest)
            if error is None:
                self.note_yes(item, who)

    @precondition(lambda self: self.items)
    @rule(n=st.integers(0, 9), who=PEOPLE)
    def take_back(self, n: int, who: int) -> None:
        item = self.items[n % len(self.items)]
        was_let = self.attempt(lambda s: ApprovalService(s).cancel(self.people[who], item.public_id))
        assert was_let == (item.state in {"pending", "approved"})
        if was_let:
            item.state = "cancelled"
            self.allowed.pop(item.mark, None)

    @precondition(lambda self: self.items)
    @rule(n=st.integers(0, 9))
    def expire(self, n: int) -> None:
        item = self.items[n % len(self.items)]
        with self.lux.db.begin(self.firm.id) as session:
            session.execute(
                update(ApprovalQueue).where(ApprovalQueue.public_id == item.public_id).values(expires_at=clock.now())
            )
        jobs.expire(Context(self.lux), {})  # type: ignore[arg-type]
        item.state = "expired" if item.state == "pending" else item.state

    @initialize(four_eyes=FOUR, two_above=TWO)
    def begin(self, four_eyes: bool, two_above: int | None) -> None:
        self.choose(four_eyes, two_above)
        self.submit(OWNER)

    @rule(four_eyes=FOUR, two_above=TWO)
    def choose(self, four_eyes: bool, two_above: int | None) -> None:
        wanted = Rules(four_eyes=four_eyes, two_above=two_above)
        assert self.attempt(lambda s: policies.choose(s, self.firm.person, wanted, version=self.version, reason="test"))
        self.rules, self.version = wanted, self.version + 1

    @rule()
    def work(self) -> None:
        self.lux.work()
        for item in self.items:
            item.state = "left" if item.state == "approved" else item.state

    @invariant()
    def what_left_was_approved(self) -> None:
        """Every message that was kept says what got all its yeses, and the chain of hashes behind it is whole."""
        with self.lux.db.read(self.firm.id) as session:
            for row, _item in captured.listing(session, self.firm.person, limit=500):
                said = email.message_from_bytes(captured.message(session, self.firm.person, row.id))["Subject"]
                decision, body = session.execute(
                    select(ApprovalDecision, ApprovalVersion.body)
                    .join(Outbound, Outbound.approval_id == ApprovalDecision.id)
                    .join(ApprovalVersion, (ApprovalVersion.item_id == ApprovalDecision.item_id)
                          & (ApprovalVersion.version == ApprovalDecision.version))
                    .where(Outbound.id == row.outbound_id)
                ).one()  # fmt: skip
                assert self.allowed[said] == decision.content_hash == digest_of(body)
                assert body["subject"] == said
            states = {row.public_id: row.state for row in reads.items(session)}
        for item in self.items:
            assert states[item.public_id] is ItemState("published" if item.state == "left" else item.state)


def play(lux: Installation, *, examples: int, steps: int) -> None:
    """Let hypothesis play."""
    run_state_machine_as_test(
        lambda: Approvals(lux),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_what_leaves_was_approved(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """A few runs, for every day."""
    play(lux_sqlite, examples=10, steps=25)


@pytest.mark.slow
def test_what_leaves_was_approved_at_length(lux: Installation, told: Told) -> None:
    """Many long ones, on both databases."""
    play(lux, examples=60, steps=50)
