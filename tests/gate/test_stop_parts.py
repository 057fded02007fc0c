"""Stops of a part: what they hold and what not, what their end does, how the pace comes back, who may end them."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from sqlalchemy import update

from lux.gate import reads, stop
from lux.gate.deciding import policies
from lux.gate.models import ApprovalQueue, Outbound, Stop
from lux.gate.reads import ItemState
from lux.gate.stop import ramp, scopes, waiting
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.gate.stop.watching import StopWatch
from lux.kit import clock
from lux.kit.errors import Forbidden
from tests.factories import Installation
from tests.gate.conftest import Told, approved, ready, submitted
from tests.gate.test_sending import states

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)


def test_a_scope_reads_back_from_its_key_and_from_a_pages_name() -> None:
    """Both spellings name the same scope; what nobody can stop is refused."""
    own = [scopes.of_company(7), scopes.of_channel("email", 7), scopes.of_campaign(7, 12),
           Scope(kind=ScopeKind.AGENT, company_id=7, value="content_seo")]  # fmt: skip
    for one in [*own, scopes.INSTALLATION, scopes.of_channel("email", None)]:
        assert scopes.from_key(one.key) == one
        assert scopes.from_token(one.form_token, 7) == one
    for wrong in ("", "channel:", "channel:smoke", "agent:nobody", "campaign:x", "company:8", "drill:1", "campaign:²"):
        with pytest.raises(Exception, match="nothing to stop"):
            scopes.from_token(wrong, 7)


def test_an_agent_nobody_knows_stands_under_every_agents_stop() -> None:
    """What people submit stands under none."""
    assert scopes.agents_of("person", "content_seo") == ()
    assert scopes.agents_of("agent", "agent_content_seo") == ("content_seo",)
    assert set(scopes.agents_of("agent", "a stranger")) == set(scopes.AGENTS)


def test_a_part_is_stopped_and_the_rest_goes_on(lux: Installation, told: Told) -> None:
    """Channel, campaign and agent each hold what they name; another campaign, channel or agent does not matter."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        session.execute(update(ApprovalQueue).values(author_type="agent", author_name="content_seo"))
    elsewhere = [scopes.of_campaign(firm.id, 2), scopes.of_channel("webhook", firm.id), scopes.of_company(firm.id + 1),
                 Scope(kind=ScopeKind.AGENT, company_id=firm.id, value="retention")]  # fmt: skip
    here = [scopes.of_campaign(firm.id, 1), scopes.of_channel("email", firm.id), scopes.of_channel("email", None),
            Scope(kind=ScopeKind.AGENT, company_id=firm.id, value="content_seo")]  # fmt: skip
    with lux.db.read(firm.id) as session:
        outbound = session.query(Outbound).one()
        touching = scopes.of_outbound(outbound, session.query(ApprovalQueue).one())
    for scope in [*elsewhere, *here]:
        with lux.db.begin(0) as session:
            stop.press(session, scope=scope, by=None)
        assert StopWatch(lux.db, firm.id, touching=touching).is_stopped() is (scope in here), scope
        with lux.db.read(firm.id) as session:
            assert (item.public_id in {one.public_id for one in waiting.waiting(session, scope)}) is (scope in here)
        if scope in here:
            with lux.db.begin(0) as session:
                stop.resume(session, scope=scope, by=None, reason="tried")
    lux.work()
    assert states(lux, firm.id) == Counter(captured=3)


def test_what_is_past_its_time_goes_back_when_the_stop_ends(lux: Installation, told: Told) -> None:
    """The page tells it before; the end asks for a new yes at once, and nothing of it leaves."""
    firm = ready(lux, 2)
    item = submitted(lux, firm)
    scope = scopes.of_company(firm.id)
    with lux.db.begin(firm.id) as session:
        stop.press(session, scope=scope, by=firm.person)
    approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        session.execute(update(Outbound).values(due_at=clock.now() - dt.timedelta(hours=25)))
    with lux.db.begin(firm.id) as session:
        found = waiting.waiting(session, scope)
        assert [(one.waits, one.left, one.goes_back) for one in found] == [(2, 0, True)]
        stop.resume(session, scope=scope, by=firm.person, reason="looked")
        assert waiting.return_missed(session, scope) == 1
        assert reads.item(session, item.public_id).state is ItemState.PENDING
    lux.work()
    assert states(lux, firm.id) == Counter()


def test_the_pace_comes_back_by_a_tenth_a_minute() -> None:
    """Ten per cent at once, all of it after nine minutes; without a set pace the measured one counts, else 100/s."""

    def after(minutes: float, *, pace: float = 0.0, rate: float | None = None, ramp_minutes: int = 10) -> float:
        return ramp.limit((NOW, rate), NOW + dt.timedelta(minutes=minutes), pace=pace, minutes=ramp_minutes)

    assert [round(after(number, pace=50)) for number in range(11)] == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 50]
    assert (after(0, rate=400), after(0)) == (40, 10)
    assert after(9) == 0  # no limit any more
    assert after(0, pace=0.05) == 0.05  # never faster than what is set
    assert after(0, pace=50, ramp_minutes=0) == 50
    assert ramp.limit(None, NOW, pace=0, minutes=10) == 0
    assert after(-5, pace=50) == 5  # a clock that was set back


def test_the_watch_knows_the_latest_end_and_the_pace_before_it(lux: Installation, told: Told) -> None:
    """Measured over the minute before the press; system acts know no ramp."""
    firm = ready(lux, 40)
    approved(lux, firm, submitted(lux, firm))
    lux.work()
    with lux.db.begin(firm.id) as session:
        session.execute(update(Outbound).values(state="working"))  # it goes on
        stop.press(session, company_id=firm.id, by=firm.person)
    with lux.db.begin(firm.id) as session:
        stop.resume(session, company_id=firm.id, by=firm.person, reason="looked")
        rate = session.query(Stop).one().rate
    assert rate is not None
    assert rate > 1
    watch = StopWatch(lux.db, firm.id)
    assert not watch.is_stopped()
    assert watch.resumed is not None
    assert watch.resumed[1] == pytest.approx(rate)
    system = StopWatch(lux.db, firm.id, is_system=True)
    assert (system.is_stopped(), system.resumed) == (False, None)


def test_another_person_ends_it_where_the_company_wants_four_eyes(lux_sqlite: Installation) -> None:
    """Who pressed is refused; somebody else is not, nor is the same person when LUX pressed."""
    from lux.identity.access import Role

    firm = lux_sqlite.firm()
    other = lux_sqlite.member(firm.id, Role.ADMIN)
    with lux_sqlite.db.begin(firm.id) as session:
        policies.choose(session, firm.person, policies.Rules(four_eyes=True), version=0, reason="")
    scope = scopes.of_company(firm.id)
    with lux_sqlite.db.begin(firm.id) as session:
        stop.press(session, scope=scope, by=firm.person)
    with pytest.raises(Forbidden, match="four eyes"), lux_sqlite.db.begin(firm.id) as session:
        stop.resume(session, scope=scope, by=firm.person, reason="mine")
    with lux_sqlite.db.begin(firm.id) as session:
        stop.resume(session, scope=scope, by=other.person, reason="looked")
        stop.press_by_system(session, scope, cause="errors", evidence="", reason="many")
        stop.resume(session, scope=scope, by=firm.person, reason="looked")
    with lux_sqlite.db.read(firm.id) as session:
        assert stop.active(session, firm.id) == []


def test_a_press_outside_ones_right_is_refused(lux_sqlite: Installation) -> None:
    """Another company's part, and a channel of all companies, are not this person's to stop."""
    firm = lux_sqlite.firm()
    for scope in (scopes.of_campaign(firm.id + 1, 1), scopes.of_channel("email", None), scopes.INSTALLATION):
        with pytest.raises(Forbidden), lux_sqlite.db.begin(firm.id) as session:
            stop.press(session, scope=scope, by=firm.person)
