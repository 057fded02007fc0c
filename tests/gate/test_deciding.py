"""Who may say yes to what: other eyes, two people, in time; agents never; and what is written down of it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from lux.gate import jobs, reads, submit
from lux.gate.deciding import comments, figures, history, policies, yeses
from lux.gate.deciding.history import Happened
from lux.gate.deciding.policies import Rules
from lux.gate.models import ApprovalDecision, ApprovalQueue, Outbound
from lux.gate.reads import ItemState, ItemView, OutboundState
from lux.gate.service import ApprovalService, Chosen
from lux.gate.states import Method, Verdict
from lux.identity import agents
from lux.identity.access import Person, Role
from lux.identity.models import Membership
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, WrongState
from lux.ledger.models import ApprovalAuditLog
from lux.ports.acts import ActKind
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted
from tests.gate.test_sending import states
from tests.gate.test_two_hands import Context


def chosen(lux: Installation, firm: Firm, **values: Any) -> None:
    """Choose rules as they stand in the database, whoever may be there."""
    with lux.db.begin(firm.id) as session:
        version = policies.policy_of(session).version
        policies.choose(session, firm.person, Rules(**values), version=version, reason="test")


def now(lux: Installation, firm: Firm, item: ItemView) -> ItemView:
    """Return an item as it stands."""
    with lux.db.read(firm.id) as session:
        return reads.item(session, item.public_id)


def edited(lux: Installation, firm: Firm, item: ItemView, by: Firm, **values: Any) -> ItemView:
    """Change an item's content."""
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).edit(by.person, item.public_id, act(firm, **values), title="Hello")
    return now(lux, firm, item)


def decisions(lux: Installation, firm: Firm) -> list[ApprovalDecision]:
    """Return all decisions, the oldest first."""
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(ApprovalDecision).order_by(ApprovalDecision.id)))


def details(lux: Installation, firm: Firm, action: str) -> list[dict[str, Any]]:
    """Return what the audit chain says of an action."""
    with lux.db.read(firm.id) as session:
        query = select(ApprovalAuditLog.detail).where(
            ApprovalAuditLog.company_id == firm.id, ApprovalAuditLog.action == action
        )
        return [json.loads(one) for one in session.scalars(query.order_by(ApprovalAuditLog.seq))]


def test_a_yes_to_ones_own_work_is_solo_and_four_eyes_refuse_it(lux: Installation, told: Told) -> None:
    """By default it counts, as solo; with four eyes neither author nor last editor says yes, though both may say no."""
    firm = ready(lux, 2)
    admin = lux.member(firm.id, Role.ADMIN)
    approved(lux, firm, submitted(lux, firm))
    item = submitted(lux, firm)
    approved(lux, admin, item)
    assert [row.method for row in decisions(lux, firm)] == [Method.SOLO, Method.PERSON]
    assert [one["method"] for one in details(lux, firm, "approval.approved")] == ["solo", "person"]

    chosen(lux, firm, four_eyes=True)
    item = submitted(lux, firm)
    with pytest.raises(Forbidden, match="You wrote this"):
        approved(lux, firm, item)
    item = edited(lux, firm, item, admin, subject="Better")
    for who in (firm, admin):
        with pytest.raises(Forbidden, match="Four eyes"):
            approved(lux, who, item)
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).reject(firm.person, item.public_id, shown_hash=item.content_hash, reason="mine")
    assert now(lux, firm, item).state is ItemState.REJECTED


def test_two_people_let_it_go_and_an_edit_voids_both(lux: Installation, told: Told) -> None:
    """The first yes leaves it waiting; the same person can't be the second; a change asks both again."""
    firm = ready(lux, 3)
    second, third = (lux.member(firm.id, Role.ADMIN) for _ in range(2))
    chosen(lux, firm, two_above=2)
    item = submitted(lux, firm)
    approved(lux, second, item)
    lux.work()
    assert now(lux, firm, item).state is ItemState.PENDING
    assert states(lux, firm.id) == {}
    with pytest.raises(WrongState, match="already"):
        approved(lux, second, item)

    item = edited(lux, firm, item, firm, subject="Better")
    with lux.db.read(firm.id) as session:
        assert yeses.of_item(session, item) == yeses.Progress(yeses=(), needed=2)
    approved(lux, second, item)
    approved(lux, third, item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 3}
    rows = decisions(lux, firm)
    assert [(row.version, row.number, row.needed) for row in rows] == [(1, 1, 2), (2, 1, 2), (2, 2, 2)]
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(Outbound.approval_id)).one() == rows[-1].id
    assert [event for _subject, event in told.events][:5] == [
        "submitted", "half_approved", "submitted", "half_approved", "approved",
    ]  # fmt: skip


def test_a_first_yes_counts_only_while_its_person_may_still_say_it(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """Who was made a marketer since has no yes any more; and both say yes to one time."""
    firm = ready(lux_sqlite, 3)
    second, third = (lux_sqlite.member(firm.id, Role.ADMIN) for _ in range(2))
    chosen(lux_sqlite, firm, two_above=2)
    item = submitted(lux_sqlite, firm)
    at = clock.now() + dt.timedelta(days=2)
    approved(lux_sqlite, second, item, send_at=at)
    with pytest.raises(InvalidInput, match="another time"):
        approved(lux_sqlite, third, item, send_at=at + dt.timedelta(hours=1))
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        session.execute(update(Membership).where(Membership.user_id == second.user_id).values(role=Role.MARKETER))
    approved(lux_sqlite, third, item)
    assert now(lux_sqlite, firm, item).state is ItemState.PENDING  # the first of two, again
    approved(lux_sqlite, firm, item)
    found = now(lux_sqlite, firm, item)
    assert (found.state, found.send_at) == (ItemState.APPROVED, None)


def test_a_yes_that_is_not_the_last_one_lets_nothing_leave(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """Even when somebody ties the outbound to the first of two yeses behind the gate, dispatch refuses."""
    firm = ready(lux_sqlite, 3)
    lux_sqlite.member(firm.id, Role.ADMIN)
    item = submitted(lux_sqlite, firm)
    approved(lux_sqlite, firm, item)
    with lux_sqlite.db.begin(firm.id) as session:
        session.execute(update(ApprovalDecision).values(needed=2))
    lux_sqlite.work()
    assert states(lux_sqlite, firm.id) == {}
    with lux_sqlite.db.read(firm.id) as session:
        assert reads.item_outbound(session, item.id).check_failed == "digest"


def test_what_has_expired_gets_no_yes_and_its_author_hears_of_it(lux: Installation, told: Told) -> None:
    """From the moment it is over, also before the clock has swept it; an offer's end is one such moment."""
    firm = ready(lux, 2)
    ends = clock.now() + dt.timedelta(hours=5)
    with lux.db.begin(firm.id) as session:
        outbound = submit.submit_for_approval(
            session, act(firm), author=firm.person, title="Offer", subject=("campaign", 1),
            about=submit.Proposal(offer_ends_at=ends, sources=("https://shop.example.com/terms",)),
        )  # fmt: skip
        item = reads.outbound(session, outbound.id).item
    assert item.expires_at == ends
    with pytest.raises(InvalidInput, match="over by then"):
        approved(lux, firm, item, send_at=ends + dt.timedelta(minutes=1))
    with time_machine.travel(ends + dt.timedelta(seconds=1), tick=True):
        with pytest.raises(WrongState, match="expired"):
            approved(lux, firm, item)
        jobs.expire(Context(lux), {})  # type: ignore[arg-type]
    assert now(lux, firm, item).state is ItemState.EXPIRED
    assert told.events[-1] == (("campaign", 1), "expired")
    with lux.db.read(firm.id) as session:
        assert reads.item_outbound(session, item.id).state is OutboundState.CANCELLED


def test_an_agent_submits_and_never_decides(lux: Installation, told: Told) -> None:
    """Who asked it is kept, and counts as a hand in it; a no reaches it, and its next version names the one before."""
    firm = ready(lux, 2)
    admin = lux.member(firm.id, Role.ADMIN)
    chosen(lux, firm, four_eyes=True)
    agent = agents.working_for(firm.person, agent_id=7, name="E-mail agent")
    about = submit.Proposal(sources=("Orders of October",), confidence=62)
    item = proposed(lux, firm, agent, about)
    assert (item.author_type, item.author_name, item.prompted_by) == ("agent", "E-mail agent", firm.user_id)
    assert (item.sources, item.confidence) == (("Orders of October",), 62)
    with lux.db.begin(firm.id) as session:
        for verb in ("approve", "reject"):
            with pytest.raises(Forbidden):
                decide_as(session, agent, item, verb)
    with pytest.raises(Forbidden, match="Four eyes"):
        approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).reject(admin.person, item.public_id, shown_hash=item.content_hash, reason="Too loud")
    with lux.db.read(firm.id) as session:
        said = history.rejection_of(session, item.public_id)
    assert said is not None
    assert said.text == "Too loud"

    again = proposed(lux, firm, agent, submit.Proposal(revises=item.public_id))
    with lux.db.read(firm.id) as session:
        assert history.kin(session, again)[0] == reads.item(session, item.public_id)
        assert [one.public_id for one in history.kin(session, item)[1]] == [again.public_id]
    with pytest.raises(WrongState):  # what waits has no successor
        proposed(lux, firm, agent, submit.Proposal(revises=again.public_id))
    with pytest.raises(InvalidInput):
        proposed(lux, firm, agent, submit.Proposal(confidence=101))
    approved(lux, admin, again)


def proposed(lux: Installation, firm: Firm, agent: Person, about: submit.Proposal) -> ItemView:
    """Submit as an agent; returns the item."""
    with lux.db.begin(firm.id) as session:
        outbound = submit.submit_for_approval(
            session, act(firm), author=agent, title="Idea", subject=("campaign", 1), rationale="It sold", about=about
        )
        return reads.outbound(session, outbound.id).item


def decide_as(session: Any, person: Person, item: ItemView, verb: str) -> None:
    """Try to decide."""
    reason = {"reason": "no"} if verb == "reject" else {}
    getattr(ApprovalService(session), verb)(person, item.public_id, shown_hash=item.content_hash, **reason)


def test_a_batch_decides_on_each_by_itself(lux: Installation, told: Told) -> None:
    """One changed since it was shown, one is a stranger's: these two are told, the others have their own rows."""
    firm, other = ready(lux, 2), ready(lux, 1)
    items = [submitted(lux, firm, subject=f"Number {n}") for n in range(3)]
    stranger = submitted(lux, other)
    edited(lux, firm, items[1], firm, subject="Changed")
    wanted = [
        Chosen(public_id=one.public_id, shown_hash=one.content_hash, recipients=one.audience_count)
        for one in [*items, stranger]
    ]
    with lux.db.begin(firm.id) as session:
        failed = ApprovalService(session).decide_batch(firm.person, wanted, verdict=Verdict.YES)
    assert [type(one) for one in failed] == [type(None), Conflict, type(None), NotFound]
    assert [now(lux, firm, one).state for one in items] == [
        ItemState.APPROVED, ItemState.PENDING, ItemState.APPROVED,
    ]  # fmt: skip
    assert len(decisions(lux, firm)) == len(details(lux, firm, "approval.approved")) == 2
    assert now(lux, other, stranger).state is ItemState.PENDING
    lux.work()
    assert states(lux, firm.id) == {"captured": 4}

    with lux.db.begin(firm.id) as session:
        service, one = ApprovalService(session), wanted[0]
        for batch in ([], [one, one], [one] * 51):
            with pytest.raises(InvalidInput):
                service.decide_batch(firm.person, batch, verdict=Verdict.YES)
        item = session.scalars(select(ApprovalQueue).where(ApprovalQueue.public_id == items[1].public_id)).one()
        item.kind = ActKind.TEST_EMAIL
        session.flush()
        with pytest.raises(InvalidInput, match="different kinds"):
            service.decide_batch(firm.person, wanted[:2], verdict=Verdict.YES)


def test_figures_are_what_a_recount_finds(lux: Installation, told: Told) -> None:
    """Each from the rows; where there is nothing to count the share is not known, and is no zero."""
    firm = ready(lux, 2)
    with lux.db.read(firm.id) as session:
        empty = figures.over(session, 30)
    assert (empty.waiting, empty.oldest, empty.median_seconds) == (0, None, None)
    assert not any(one.is_known for one in (empty.edited, empty.rejected, empty.expired))
    start, waits = clock.now(), [60, 600, 7200]
    for seconds in waits:
        item = submitted(lux, firm)
        with time_machine.travel(start + dt.timedelta(seconds=seconds), tick=False):
            approved(lux, firm, item)
    rejected, changed, left, old = (submitted(lux, firm) for _ in range(4))
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).reject(firm.person, rejected.public_id, shown_hash=rejected.content_hash, reason="no")
        session.execute(update(ApprovalQueue).where(ApprovalQueue.id == old.id).values(expires_at=start))
    jobs.expire(Context(lux), {})  # type: ignore[arg-type]
    edited(lux, firm, changed, firm, subject="Better")
    edited(lux, firm, changed, firm, subject="Best")
    with lux.db.read(firm.id) as session:
        found = figures.over(session, 30)
        yes = sorted(row.waited_seconds or 0 for row in session.scalars(select(ApprovalDecision))
                     if row.verdict is Verdict.YES)  # fmt: skip
    assert (found.waiting, found.yeses, found.median_seconds) == (2, 3, yes[1])
    assert abs(yes[1] - 600) < 30
    assert found.oldest == min(now(lux, firm, one).submitted_at for one in (changed, left))
    assert (found.edited, found.rejected, found.expired) == (
        figures.Share(count=1, whole=7), figures.Share(count=1, whole=5), figures.Share(count=1, whole=5),
    )  # fmt: skip
    with time_machine.travel(start + dt.timedelta(days=31), tick=False), lux.db.read(firm.id) as session:
        assert figures.over(session, 30).yeses == 0
        assert figures.over(session, 90).yeses == 3


def test_the_history_holds_versions_decisions_and_comments_in_order(lux: Installation, told: Told) -> None:
    """A no keeps its reason when the next version has taken it off the item; what was said is not in the chain."""
    firm = ready(lux, 2)
    marketer, viewer = lux.member(firm.id, Role.MARKETER), lux.member(firm.id, Role.VIEWER)
    item = submitted(lux, firm)
    with lux.db.begin(firm.id) as session:
        comments.add(session, marketer.person, item.public_id, "Ask Zenobia Quist first")
        ApprovalService(session).reject(firm.person, item.public_id, shown_hash=item.content_hash, reason="Too long")
        for who, error in ((viewer, Forbidden), (marketer, InvalidInput)):
            with pytest.raises(error):
                comments.add(session, who.person, item.public_id, " ")
    item = edited(lux, firm, item, marketer, subject="Short")
    approved(lux, firm, item)
    with lux.db.read(firm.id) as session:
        found = history.of_item(session, now(lux, firm, item))
        concerned = comments.concerned(session, item.public_id)
    assert [(one.what, one.version, one.text) for one in found] == [
        (Happened.SUBMITTED, 1, ""),
        (Happened.COMMENTED, 1, "Ask Zenobia Quist first"),
        (Happened.NO, 1, "Too long"),
        (Happened.REVISED, 2, ""),
        (Happened.SOLO, 2, ""),
    ]
    assert set(concerned) == {firm.user_id, marketer.user_id}
    with lux.db.read(firm.id) as session:
        assert not [one for one in session.scalars(select(ApprovalAuditLog.detail)) if "Zenobia" in one]
