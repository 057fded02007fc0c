"""Guests decide by the same rules as everybody, reach what their link is for, and end when it ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from lux.gate import reads
from lux.gate.deciding import comments, history, policies, yeses
from lux.gate.deciding.policies import Rules
from lux.gate.guests import doors, inviting, seeing
from lux.gate.guests.models import Guest, GuestSession
from lux.gate.guests.reviewer import KINDS, Reviewer
from lux.gate.models import ApprovalDecision
from lux.gate.reads import ItemState, ItemView
from lux.gate.service import ApprovalService
from lux.gate.states import Method, Verdict
from lux.identity.access import Role
from lux.identity.models import User
from lux.identity.tokens import LinkGone
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Conflict, Forbidden, InvalidInput, LuxError, NotFound, WrongState
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted
from tests.gate.guests import allow, come, invited
from tests.gate.test_sending import states


def says_yes(lux: Installation, firm: Firm, who: Reviewer, item: ItemView) -> None:
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(who, item.public_id, shown_hash=item.content_hash)


def now(lux: Installation, firm: Firm, item: ItemView) -> ItemView:
    with lux.db.read(firm.id) as session:
        return reads.item(session, item.public_id)


def test_switching_guests_on_lets_more_pass_and_off_does_not() -> None:
    """Each of the two needs a reason."""
    both = Rules(guests_comment=True, guests_decide=True)
    assert both.loosens(Rules()) and Rules(guests_decide=True).loosens(Rules(guests_comment=True))  # noqa: PT018
    assert not Rules().loosens(both)
    assert not {"direct_message", "social_comment", "system_email", "test_email"} & set(KINDS)


def test_a_guests_yes_lets_exactly_what_they_saw_leave(lux: Installation, told: Told) -> None:
    """The row names the guest and their session, the chain the guest's number, the history their name."""
    firm = ready(lux, 2)
    allow(lux, firm)
    item, who = submitted(lux, firm), come(lux, firm)
    with pytest.raises(Conflict), lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(who, item.public_id, shown_hash="0" * 64)
    says_yes(lux, firm, who, item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 2}
    with lux.db.read(firm.id) as session:
        row = session.scalars(select(ApprovalDecision)).one()
        assert (row.method, row.guest_id, row.guest_session_id) == (Method.GUEST, who.guest_id, who.session_id)
        assert (row.decided_by, row.session_id, row.decided_by_name) == (0, 0, "Cleo Client")
        found = {event.what.value: event for event in history.of_item(session, now(lux, firm, item))}
        assert (found["yes"].who_type, found["yes"].who) == ("guest", "Cleo Client")
        assert seeing.guests(session)[0].decided == 1
        rows = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.company_id == firm.id)).all()
        by_guest = [one.action for one in rows if (one.actor_type, one.actor_id) == ("guest", who.guest_id)]
        assert by_guest == ["guest.entered", "approval.approved"]
        assert "cleo" not in json.dumps([one.detail for one in rows]).casefold()
    with lux.db.read(ALL_COMPANIES) as session:
        assert audit.verify(session, firm.id)[1] is None


def test_the_database_refuses_half_a_guest(lux: Installation, told: Told) -> None:
    """A guest's decision has guest and session and no account; anybody else's has no guest."""
    firm = ready(lux, 1)
    allow(lux, firm)
    item, who = submitted(lux, firm), come(lux, firm)
    whole = {"method": Method.GUEST, "guest_id": who.guest_id, "guest_session_id": who.session_id, "decided_by": 0,
             "session_id": 0}  # fmt: skip
    halves: tuple[dict[str, Any], ...] = (
        {"guest_id": None, "guest_session_id": None},
        {"guest_session_id": None},
        {"decided_by": 7},
        {"method": Method.PERSON, "decided_by": 7, "session_id": 7},
        {"guest_id": 999_999},
    )

    def written(**values: Any) -> None:
        with lux.db.begin(firm.id) as session:
            session.add(
                ApprovalDecision(
                    item_id=item.id,
                    version=1,
                    content_hash=item.content_hash,
                    verdict=Verdict.YES,
                    **{**whole, **values},
                )
            )

    for values in halves:
        with pytest.raises(IntegrityError):
            written(**values)
    written()


def test_a_guest_is_other_eyes_or_nothing(lux: Installation, told: Told) -> None:
    """Author, editor and prompter are the same person by their address, also without four eyes; a no is anybody's."""
    firm = ready(lux, 2)
    allow(lux, firm)
    item = submitted(lux, firm)
    who = come(lux, firm)
    with lux.db.begin(ALL_COMPANIES) as session:  # the author's account gets the guest's address
        session.execute(
            update(User).where(User.id == firm.user_id).values(email=who.email, email_key="cleo@client.example")
        )
    who = come_again(lux, firm, who)
    assert who.account == firm.user_id
    with pytest.raises(Forbidden, match="You wrote this"):
        says_yes(lux, firm, who, item)
    with lux.db.read(firm.id) as session:
        found = seeing.look(session, who, item)
    assert (found.may_approve, found.may_reject) == (False, True)
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).reject(who, item.public_id, shown_hash=item.content_hash, reason="Not this price")
    assert (now(lux, firm, item).state, now(lux, firm, item).reason) == (ItemState.REJECTED, "Not this price")


def come_again(lux: Installation, firm: Firm, who: Reviewer) -> Reviewer:
    """Follow a new link."""
    with lux.db.begin(firm.id) as session:
        public_id = session.get_one(Guest, who.guest_id).public_id
        token = inviting.renew(session, firm.person, public_id).token
    found = doors.reviewer_for(lux.db, doors.enter(lux.db, token))
    assert found is not None
    return found


def test_a_guest_is_one_of_two_while_they_may(lux: Installation, told: Told) -> None:
    """Once, under both of their names; revoked or not allowed any more, their first yes counts no more."""
    firm = ready(lux, 3)
    second = lux.member(firm.id, Role.ADMIN)
    allow(lux, firm, two_above=2)
    item, who = submitted(lux, firm), come(lux, firm)
    says_yes(lux, firm, who, item)
    with pytest.raises(WrongState, match="already"):
        says_yes(lux, firm, come_again(lux, firm, who), item)

    def counted() -> int:
        with lux.db.read(firm.id) as session:
            return len(yeses.of_item(session, item).yeses)

    assert counted() == 1
    allow(lux, firm, two_above=2, guests_decide=False)
    assert counted() == 0
    allow(lux, firm, two_above=2)
    with lux.db.begin(ALL_COMPANIES) as session:  # the other approver turns out to be the guest
        key = {"email": "cleo@client.example", "email_key": "cleo@client.example"}
        session.execute(update(User).where(User.id == second.user_id).values(**key))
    with pytest.raises(WrongState, match="already"):
        approved(lux, second, item)
    approved(lux, firm, item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 3}


def test_every_way_in_ends_and_looks_the_same(lux: Installation, told: Told) -> None:
    """Unknown, replaced, revoked, over, not allowed: the same words, and whoever was in is out."""
    firm = ready(lux, 1)
    allow(lux, firm)
    first = invited(lux, firm)
    cookie = doors.enter(lux.db, first)
    words = set()

    def is_gone(token: str, session_token: str = "") -> None:
        with pytest.raises(LinkGone) as told_error:
            doors.enter(lux.db, token)
        words.add((told_error.value.message, told_error.value.fix, told_error.value.status))
        assert not session_token or doors.reviewer_for(lux.db, session_token) is None

    is_gone("nobody's")
    second = invited(lux, firm)
    is_gone(first, cookie)
    cookie = doors.enter(lux.db, second)
    allow(lux, firm, guests_comment=False, guests_decide=False)
    is_gone(second, cookie)
    allow(lux, firm, guests_decide=False)
    who = doors.reviewer_for(lux.db, cookie)
    assert who is not None
    assert (who.may_comment, who.may_decide) == (True, False)
    item = submitted(lux, firm)
    with pytest.raises(Forbidden):
        says_yes(lux, firm, who, item)
    with time_machine.travel(clock.now() + timedelta(hours=12, minutes=1)):
        assert doors.reviewer_for(lux.db, cookie) is None  # idle
        cookie = doors.enter(lux.db, second)  # the link itself still is good
        with lux.db.read(firm.id) as session:
            assert len(session.scalars(select(GuestSession)).all()) == 1
    with time_machine.travel(clock.now() + timedelta(days=31)):
        is_gone(second, cookie)
    cookie = doors.enter(lux.db, second)
    with lux.db.begin(firm.id) as session:
        guest = session.scalars(select(Guest)).one()
        assert second not in str(vars(guest))
        inviting.revoke(session, firm.person, guest.public_id)
    is_gone(second, cookie)
    assert len(words) == 1


def test_a_revocation_that_was_answered_holds(lux: Installation, told: Told) -> None:
    """Also for a request that had begun before."""
    firm = ready(lux, 1)
    allow(lux, firm)
    item, who = submitted(lux, firm), come(lux, firm)
    with lux.db.begin(firm.id) as session:
        inviting.revoke(session, firm.person, session.get_one(Guest, who.guest_id).public_id)
    with pytest.raises(NotFound):
        says_yes(lux, firm, who, item)


def test_a_guest_reaches_what_the_link_is_for(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """One item, or what waits of some kinds; nothing of another company; comments stand in the history."""
    lux = lux_sqlite
    firm, other = ready(lux, 1), ready(lux, 1)
    allow(lux, firm)
    allow(lux, other)
    one, two, foreign = submitted(lux, firm), submitted(lux, firm), submitted(lux, other)
    narrow = come(lux, firm, item=one.public_id, kinds=[])
    wide = come(lux, firm, email="dan@client.example", name="Dan", kinds=["email_campaign"])
    blind = come(lux, firm, email="eve@client.example", name="Eve", kinds=["landing_page"])
    with lux.db.begin(firm.id) as session:
        seen = [[item.id for item in seeing.waiting(session, who)] for who in (narrow, wide, blind)]
        assert seen == [[one.id], [one.id, two.id], []]
        for who, item in ((narrow, two), (blind, one), (wide, foreign)):
            with pytest.raises(NotFound):
                seeing.item(session, who, item.public_id)
            for verb in (ApprovalService(session).approve,):
                with pytest.raises(NotFound):
                    verb(who, item.public_id, shown_hash=item.content_hash)
            with pytest.raises(NotFound):
                comments.add_as_guest(session, who, item.public_id, "hello")
        comments.add_as_guest(session, wide, two.public_id, "The logo is old")
        said = history.of_item(session, two)[-1]
        assert (said.who, said.who_type, said.text) == ("Dan", "guest", "The logo is old")
        assert firm.user_id in comments.concerned(session, two.public_id)
        assert set(seeing.readers(session, one)) == {"Cleo Client", "Dan"}
    with lux.db.begin(other.id) as session, pytest.raises(NotFound):
        ApprovalService(session).approve(wide, foreign.public_id, shown_hash=foreign.content_hash)
    approved(lux, firm, two)
    with lux.db.read(firm.id) as session:  # they took part: they see how it went on
        assert seeing.item(session, wide, two.public_id).state is ItemState.APPROVED
        assert two.id not in [item.id for item in seeing.waiting(session, wide)]


def test_who_may_be_invited_to_what(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """Within the policy, outside of the company, by admins, with an end; what is wrong is named."""
    lux = lux_sqlite
    firm = ready(lux, 1)
    marketer = lux.member(firm.id, Role.MARKETER)
    with pytest.raises(InvalidInput, match="does not let guests"):
        invited(lux, firm)
    allow(lux, firm, guests_decide=False)

    def refused(**values: Any) -> str:
        with pytest.raises(LuxError) as error:
            invited(lux, firm, **{"may_decide": False, **values})
        return error.value.problems[0].field if error.value.problems else ""

    assert refused(may_decide=True) == "may_decide"
    assert refused(may_comment=False) == "may_comment"
    assert refused(email=marketer.person.email) == "email"
    assert refused(name=" ") == "name"
    assert refused(kinds=["direct_message"]) == "kinds"
    assert refused(until=clock.now() + timedelta(days=400)) == "until"
    assert refused(until=clock.now()) == "until"
    assert refused(item=firm.person.user_public_id) == "item"
    with pytest.raises(Forbidden), lux.db.begin(firm.id) as session:
        inviting.revoke(session, marketer.person, firm.person.user_public_id)
    with lux.db.read(firm.id) as session:
        assert policies.rules_of(session).guests_comment
        assert seeing.guests(session) == []


def test_an_edit_voids_a_guests_yes_too(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """A yes is over what was shown."""
    lux = lux_sqlite
    firm = ready(lux, 1)
    lux.member(firm.id, Role.ADMIN)
    allow(lux, firm, two_above=0)
    item, who = submitted(lux, firm), come(lux, firm)
    says_yes(lux, firm, who, item)
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).edit(firm.person, item.public_id, act(firm, subject="Better"), title="Hello")
    with lux.db.read(firm.id) as session:
        assert yeses.of_item(session, now(lux, firm, item)).yeses == ()
