"""Any order of presses, ends and runs: a message leaves only when nothing covers it and its permit is current.

Two things are tried at once: watches by themselves, asked before a message that is never sent, and campaigns of two
recipients that really leave into the built-in mailbox, also with a press between their first and their second message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
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
from sqlalchemy import delete, func, select, text, update

from lux.connectors import mailbox
from lux.gate import stop, watch
from lux.gate.checks import Cleared
from lux.gate.deciding import policies
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, Outbound, Stop
from lux.gate.states import DeliveryState, OutboundState
from lux.gate.stop import noticing, scopes, watching
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.gate.toggles.quota import Quota
from lux.gate.watch import Watch
from lux.identity.access import Role
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Forbidden
from lux.ports.acts import AudienceRef, act_from
from tests.factories import Installation
from tests.gate.conftest import approved, ready, submitted
from tests.gate.invariant import Proof
from tests.gate.test_smtp import hurry

RECIPIENTS = 2

EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")


RUNS = ((0, 1, ""), (0, 2, "content_seo"), (1, 1, ""))  # whose campaign, its number, by which agent


class World:
    """Two companies; the first with a campaign of a person and one of an agent, the other with one of a person."""

    def __init__(self, lux: Installation) -> None:
        self.lux, self.proof = lux, Proof(lux)
        self.first, self.second = ready(lux, RECIPIENTS), ready(lux, RECIPIENTS)
        a, b = self.first.id, self.second.id
        self.people = [self.first.person, lux.member(a, Role.ADMIN).person, lux.member(a, Role.ADMIN).person]
        self.deciders = (replace(self.first, person=self.people[1]), self.second)
        self.cleared = [self._running(*run) for run in RUNS]
        with lux.db.begin(0) as session:
            session.execute(text("DELETE FROM job"))  # these runs are held up in their middle: no worker has them
        self.waiting: dict[int, int] = {}  # outbounds with a yes that have not left as a whole → which of RUNS
        self.gone: Counter[int] = Counter()  # messages in the sink, by outbound
        agent = Scope(kind=ScopeKind.AGENT, company_id=a, value="content_seo")
        self.covers: dict[Scope, set[int]] = {  # written out by hand: which run each scope holds
            scopes.INSTALLATION: {0, 1, 2},
            scopes.of_channel("email", None): {0, 1, 2},
            scopes.of_channel("webhook", None): set(),
            scopes.of_company(a): {0, 1},
            scopes.of_company(b): {2},
            scopes.of_channel("email", a): {0, 1},
            scopes.of_channel("email", b): {2},
            agent: {1},
            scopes.of_campaign(a, 1): {0},
            scopes.of_campaign(a, 2): {1},
            scopes.of_campaign(b, 1): {2},
            scopes.of_campaign(b, 2): set(),
        }
        self.own = [one for one in self.covers if one.company_id == a]
        with lux.db.begin(a) as session:
            policies.choose(session, self.first.person, policies.Rules(four_eyes=True), version=0, reason="")

    def campaign(self, firm: int, number: int, agent: str) -> int:
        """Make a campaign with its yes; returns its outbound."""
        owner = (self.first, self.second)[firm]
        item = submitted(self.lux, owner, audience=EVERYONE)
        approved(self.lux, self.deciders[firm], item)
        self.proof.allow(item.content_hash)
        with self.lux.db.begin(owner.id) as session:
            newest = session.scalars(select(Outbound).where(Outbound.item_id == item.id)).one()
            newest.subject_id = number
            if agent:
                by_agent = {"author_type": "agent", "author_name": agent}
                session.execute(update(ApprovalQueue).where(ApprovalQueue.id == newest.item_id).values(**by_agent))
            return newest.id

    def work(self) -> Counter[int]:
        """Let workers do what they have; returns how many messages came into the sink, by outbound."""
        hurry(self.lux)
        self.lux.work()
        self.proof.hold(self.first.id)
        self.proof.hold(self.second.id)
        with self.lux.db.read(ALL_COMPANIES) as session:
            kept = select(Delivery.outbound_id, func.count()).where(Delivery.state == DeliveryState.CAPTURED)
            now = Counter({row[0]: row[1] for row in session.execute(kept.group_by(Delivery.outbound_id))})
        new, self.gone = now - self.gone, now
        self.waiting = {one: run for one, run in self.waiting.items() if self.gone[one] < RECIPIENTS}
        return new

    def _running(self, firm: int, number: int, agent: str) -> Cleared:
        outbound_id = self.campaign(firm, number, agent)
        with self.lux.db.begin((self.first, self.second)[firm].id) as session:
            session.get_one(Outbound, outbound_id).state = OutboundState.WORKING
        with self.lux.db.read((self.first, self.second)[firm].id) as session:
            outbound = session.get_one(Outbound, outbound_id)
            item = session.get_one(ApprovalQueue, outbound.item_id)
            decision = session.get_one(ApprovalDecision, outbound.approval_id)
            return Cleared(outbound=outbound, item=item, decision=decision, act=act_from(item.body))


def _machine(world: World) -> type[RuleBasedStateMachine]:  # noqa: C901 - a machine of small rules
    """Return the machine over a world: the real watches, runs and table against a model of sets and counters."""
    names, lux = list(world.covers), world.lux
    file = lux.settings.home / stop.STOP_FILE
    numbers = st.integers(0, len(names) - 1)

    class Stops(RuleBasedStateMachine):
        @initialize()
        def nothing_is_stopped(self) -> None:
            self.on: set[Scope] = set()
            self.epochs: dict[Scope, int] = dict.fromkeys(names, 0)
            self.pressers: dict[Scope, set[int]] = {one: set() for one in names}
            self.is_noted, self.file_epoch = False, 0
            self.runs: dict[int, tuple[Watch, int]] = {}
            file.unlink(missing_ok=True)
            with lux.db.begin(0) as session:
                session.execute(delete(Stop))

        @rule(number=numbers)
        def press(self, number: int) -> None:
            with lux.db.begin(0) as session:
                self.epochs[names[number]] = stop.press(session, scope=names[number], by=None)
            self.on.add(names[number])

        @rule(number=numbers)
        def resume(self, number: int) -> None:
            with lux.db.begin(0) as session:
                self.epochs[names[number]] = stop.resume(session, scope=names[number], by=None, reason="looked")
            self._ended(names[number])

        @rule(number=st.integers(0, len(world.own) - 1), who=st.integers(0, 2))
        def press_as_a_person(self, number: int, who: int) -> None:
            scope, person = world.own[number], world.people[who]
            with lux.db.begin(world.first.id) as session:
                self.epochs[scope] = stop.press(session, scope=scope, by=person)
            self.on.add(scope)
            self.pressers[scope].add(person.user_id)

        @rule(number=st.integers(0, len(world.own) - 1), who=st.integers(0, 2))
        def resume_as_a_person(self, number: int, who: int) -> None:
            """Under four eyes nobody ends what they pressed, whoever else pressed it before or after them."""
            scope, person = world.own[number], world.people[who]
            is_refused = scope in self.on and person.user_id in self.pressers[scope]
            with lux.db.begin(world.first.id) as session:
                if is_refused:
                    with pytest.raises(Forbidden):
                        stop.resume(session, scope=scope, by=person, reason="looked")
                    return
                self.epochs[scope] = stop.resume(session, scope=scope, by=person, reason="looked")
            self._ended(scope)

        @rule()
        def resume_all(self) -> None:
            for one in sorted(self.on, key=names.index):
                self.resume(names.index(one))

        @rule()
        def touch_the_file(self) -> None:
            file.touch()

        @rule()
        def remove_the_file(self) -> None:
            file.unlink(missing_ok=True)

        @rule()
        def look_for_the_file(self) -> None:
            """As the clock does: only here its coming and going is written down, and its end counts."""
            noticing.tick(lux.db)
            if self.is_noted is not file.exists():
                self.is_noted, self.file_epoch = file.exists(), self.file_epoch + 1

        @rule(run=st.integers(0, 2))
        def begin(self, run: int) -> None:
            """A worker takes it up: it gets a permit only when nothing is stopped."""
            cleared = world.cleared[run]
            touching = scopes.of_outbound(cleared.outbound, cleared.item)
            found = watching.StopWatch(lux.db, cleared.outbound.company_id, touching=touching)
            assert found.is_stopped() is self._is_held(run)
            if not found.is_stopped():
                free = Quota(company_id=cleared.outbound.company_id, keys=(), zone="UTC")
                self.runs[run] = (Watch(lux.db, found, cleared, free), self._epoch(run))

        @precondition(lambda _self: len(world.waiting) < 3)
        @rule(run=st.integers(0, 2))
        def approve(self, run: int) -> None:
            """A campaign of two recipients gets its yes, whatever is stopped."""
            world.waiting[world.campaign(*RUNS[run])] = run

        @precondition(lambda _self: world.waiting)
        @rule()
        def work(self) -> None:
            """What nothing covers leaves as a whole, what something covers not at all."""
            due = dict(world.waiting)
            free = {one: RECIPIENTS - world.gone[one] for one, run in due.items() if not self._is_held(run)}
            assert world.work() == Counter(free)

        @precondition(lambda _self: world.waiting)
        @rule(number=numbers)
        def work_with_a_press_in_the_middle(self, number: int) -> None:
            """Somebody presses while the first message is on the wire: it ends, and nothing covered does besides."""
            due, free = dict(world.waiting), {one for one, run in world.waiting.items() if not self._is_held(run)}
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(mailbox, "keep", self._pressing(number))
                new = world.work()
            covered = {one for one, run in due.items() if run in world.covers[names[number]]}
            assert set(new) <= free
            assert new.total() == 0 or bool(free)
            assert sum(new[one] for one in covered) <= 1
            assert all(world.gone[one] == RECIPIENTS for one in free - covered)

        def _pressing(self, number: int) -> Callable[..., None]:
            real, pressed = mailbox.keep, []

            def keep(*message: Any) -> None:
                real(*message)
                if not pressed:
                    pressed.append(number)
                    self.press(number)

            return keep

        @invariant()
        def a_message_leaves_only_under_a_current_permit(self) -> None:
            for run, (look, epoch) in getattr(self, "runs", {}).items():
                leaves = look.halted() is None
                assert leaves is (not self._is_held(run) and epoch == self._epoch(run)), run

        @invariant()
        def the_page_names_what_is_stopped(self) -> None:
            with lux.db.read(world.first.id) as session:
                found = {one.token for one in stop.active(session, world.first.id)} - {""}
            on = {one for one in getattr(self, "on", set()) if one.company_id in {None, world.first.id}}
            assert found == {one.form_token for one in on}

        def teardown(self) -> None:
            """Whatever was stopped: with the last stop over, everybody gets it, once."""
            if hasattr(self, "on"):
                file.unlink(missing_ok=True)
                self.look_for_the_file()
                self.resume_all()
                world.work()
                assert world.waiting == {}
                assert set(world.gone.values()) <= {RECIPIENTS}

        def _is_held(self, run: int) -> bool:
            return file.exists() or self.is_noted or any(run in world.covers[one] for one in self.on)

        def _epoch(self, run: int) -> int:
            return self.file_epoch + sum(epoch for one, epoch in self.epochs.items() if run in world.covers[one])

        def _ended(self, scope: Scope) -> None:
            self.on.discard(scope)
            self.pressers[scope].clear()

    return Stops


def play(lux: Installation, monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int) -> None:
    """Let hypothesis play, the same way each time; watches know what is so now, and the pace is the whole."""
    for module in (watch, watching):
        monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    lux.settings = lux.settings.model_copy(update={"resume_ramp_minutes": 0})
    world = World(lux)
    checked = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(_machine(world), settings=checked)
    assert world.gone.total() >= 2 * RECIPIENTS, "nothing left: the machine proves nothing"


def test_whatever_is_pressed_and_ended(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few runs, for every day."""
    play(lux_sqlite, monkeypatch, examples=8, steps=14)


@pytest.mark.slow
def test_whatever_is_pressed_and_ended_at_length(lux: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many long ones, on both databases."""
    play(lux, monkeypatch, examples=40, steps=40)
