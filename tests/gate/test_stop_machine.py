"""Any order of presses, ends and runs: a message leaves only when nothing covers it and its permit is current."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update

from lux.gate import stop, watch
from lux.gate.checks import Cleared
from lux.gate.deciding import policies
from lux.gate.models import ApprovalDecision, ApprovalQueue, Outbound, Stop
from lux.gate.states import OutboundState
from lux.gate.stop import noticing, scopes, watching
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.gate.toggles.quota import Quota
from lux.gate.watch import Watch
from lux.identity.access import Role
from lux.kit.errors import Forbidden
from lux.ports.acts import AudienceRef, act_from
from tests.factories import Installation
from tests.gate.conftest import approved, ready, submitted

EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")


class World:
    """Two companies; the first with a campaign of a person and one of an agent, the other with one of a person."""

    def __init__(self, lux: Installation) -> None:
        self.lux = lux
        self.first, self.second = ready(lux, 1), ready(lux, 1)
        a, b = self.first.id, self.second.id
        self.cleared = [self._running(0, 1, ""), self._running(0, 2, "content_seo"), self._running(1, 1, "")]
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
        self.people = [self.first.person, lux.member(a, Role.ADMIN).person, lux.member(a, Role.ADMIN).person]
        with lux.db.begin(a) as session:
            policies.choose(session, self.first.person, policies.Rules(four_eyes=True), version=0, reason="")

    def _running(self, firm: int, number: int, agent: str) -> Cleared:
        owner = (self.first, self.second)[firm]
        approved(self.lux, owner, submitted(self.lux, owner, audience=EVERYONE))
        with self.lux.db.begin(owner.id) as session:
            newest = session.scalars(select(Outbound).order_by(Outbound.id.desc())).first()
            assert newest is not None
            newest.subject_id, newest.state = number, OutboundState.WORKING
            if agent:
                by_agent = {"author_type": "agent", "author_name": agent}
                session.execute(update(ApprovalQueue).where(ApprovalQueue.id == newest.item_id).values(**by_agent))
        with self.lux.db.read(owner.id) as session:
            outbound = session.scalars(select(Outbound).order_by(Outbound.id.desc())).first()
            assert outbound is not None
            item = session.get_one(ApprovalQueue, outbound.item_id)
            decision = session.get_one(ApprovalDecision, outbound.approval_id)
            return Cleared(outbound=outbound, item=item, decision=decision, act=act_from(item.body))


def test_whatever_is_pressed_and_ended(  # noqa: C901 - a machine of small rules
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real watches over the real table against a model of sets and counters."""
    for module in (watch, watching):
        monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    world = World(lux_sqlite)
    names = list(world.covers)
    file = lux_sqlite.settings.home / stop.STOP_FILE

    class Stops(RuleBasedStateMachine):
        @initialize()
        def nothing_is_stopped(self) -> None:
            self.on: set[Scope] = set()
            self.epochs: dict[Scope, int] = dict.fromkeys(names, 0)
            self.pressers: dict[Scope, set[int]] = {one: set() for one in names}
            self.is_noted, self.file_epoch = False, 0
            self.runs: dict[int, tuple[Watch, int]] = {}
            file.unlink(missing_ok=True)
            with lux_sqlite.db.begin(0) as session:
                session.execute(delete(Stop))

        @rule(number=st.integers(0, len(names) - 1))
        def press(self, number: int) -> None:
            with lux_sqlite.db.begin(0) as session:
                self.epochs[names[number]] = stop.press(session, scope=names[number], by=None)
            self.on.add(names[number])

        @rule(number=st.integers(0, len(names) - 1))
        def resume(self, number: int) -> None:
            with lux_sqlite.db.begin(0) as session:
                self.epochs[names[number]] = stop.resume(session, scope=names[number], by=None, reason="looked")
            self._ended(names[number])

        @rule(number=st.integers(0, len(world.own) - 1), who=st.integers(0, 2))
        def press_as_a_person(self, number: int, who: int) -> None:
            scope, person = world.own[number], world.people[who]
            with lux_sqlite.db.begin(world.first.id) as session:
                self.epochs[scope] = stop.press(session, scope=scope, by=person)
            self.on.add(scope)
            self.pressers[scope].add(person.user_id)

        @rule(number=st.integers(0, len(world.own) - 1), who=st.integers(0, 2))
        def resume_as_a_person(self, number: int, who: int) -> None:
            """Under four eyes nobody ends what they pressed, whoever else pressed it before or after them."""
            scope, person = world.own[number], world.people[who]
            is_refused = scope in self.on and person.user_id in self.pressers[scope]
            with lux_sqlite.db.begin(world.first.id) as session:
                if is_refused:
                    with pytest.raises(Forbidden):
                        stop.resume(session, scope=scope, by=person, reason="looked")
                    return
                self.epochs[scope] = stop.resume(session, scope=scope, by=person, reason="looked")
            self._ended(scope)

        @rule()
        def touch_the_file(self) -> None:
            file.touch()

        @rule()
        def remove_the_file(self) -> None:
            file.unlink(missing_ok=True)

        @rule()
        def look_for_the_file(self) -> None:
            """As the clock does: only here its coming and going is written down, and its end counts."""
            noticing.tick(lux_sqlite.db)
            if self.is_noted is not file.exists():
                self.is_noted, self.file_epoch = file.exists(), self.file_epoch + 1

        @rule(run=st.integers(0, 2))
        def begin(self, run: int) -> None:
            """A worker takes it up: it gets a permit only when nothing is stopped."""
            cleared = world.cleared[run]
            touching = scopes.of_outbound(cleared.outbound, cleared.item)
            found = watching.StopWatch(lux_sqlite.db, cleared.outbound.company_id, touching=touching)
            assert found.is_stopped() is self._is_held(run)
            if not found.is_stopped():
                free = Quota(company_id=cleared.outbound.company_id, keys=(), zone="UTC")
                self.runs[run] = (Watch(lux_sqlite.db, found, cleared, free), self._epoch(run))

        @invariant()
        def a_message_leaves_only_under_a_current_permit(self) -> None:
            for run, (look, epoch) in getattr(self, "runs", {}).items():
                leaves = look.halted() is None
                assert leaves is (not self._is_held(run) and epoch == self._epoch(run)), run

        @invariant()
        def the_page_names_what_is_stopped(self) -> None:
            with lux_sqlite.db.read(world.first.id) as session:
                found = {one.token for one in stop.active(session, world.first.id)} - {""}
            on = {one for one in getattr(self, "on", set()) if one.company_id in {None, world.first.id}}
            assert found == {one.form_token for one in on}

        def _is_held(self, run: int) -> bool:
            return file.exists() or self.is_noted or any(run in world.covers[one] for one in self.on)

        def _epoch(self, run: int) -> int:
            return self.file_epoch + sum(epoch for one, epoch in self.epochs.items() if run in world.covers[one])

        def _ended(self, scope: Scope) -> None:
            self.on.discard(scope)
            self.pressers[scope].clear()

    checked = settings(
        max_examples=16, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Stops, settings=checked)
