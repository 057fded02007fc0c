"""From a submission to captured mail: what has a yes leaves once, what has none stays."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select, text

from lux.gate import captured, preview, reads
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.reads import DeliveryState, ItemState, OutboundState
from lux.gate.service import ApprovalService
from lux.identity import companies
from lux.identity.access import Role
from lux.kit.errors import Conflict, Forbidden, InvalidInput
from lux.ledger import audit, facts
from tests.factories import Installation
from tests.gate.conftest import Told, act, approved, ready, submitted


def states(lux: Installation, company_id: int) -> Counter[str]:
    """Count deliveries by state."""
    with lux.db.read(company_id) as session:
        return Counter(state.value for state in session.scalars(select(Delivery.state)))


def test_nothing_leaves_without_a_yes(lux: Installation, told: Told) -> None:
    """A submitted item is held: working through every job sends nothing."""
    firm = ready(lux)
    submitted(lux, firm)
    lux.work()
    assert states(lux, firm.id) == Counter()
    assert told.events == [(("campaign", 1), "submitted")]


def test_the_database_refuses_an_outbound_without_a_yes(lux: Installation, told: Told) -> None:
    """Not even SQL can make a held outbound ready without a decision that says yes."""
    firm = ready(lux)
    submitted(lux, firm)
    for statement in (
        "UPDATE outbound SET state = 'ready'",
        "UPDATE outbound SET state = 'working', approval_verdict = 'yes'",
        "UPDATE outbound SET state = 'ready', approval_id = 999, approval_verdict = 'yes'",
    ):
        with pytest.raises(Exception, match=r"(?i)constraint"), lux.db.engine.begin() as connection:
            connection.execute(text(statement))


def test_a_yes_sends_to_everyone_once(lux: Installation, told: Told) -> None:
    """Everybody with consent gets one message; it says their name; figures and chain agree."""
    firm = ready(lux, 120)
    lux.contacts(firm, 3, with_consent=False)
    item = submitted(lux, firm)
    assert item.audience_count == 120
    approved(lux, firm, item)
    lux.work()
    assert states(lux, firm.id) == Counter(captured=120, skipped=3)
    with lux.db.read(firm.id) as session:
        outbound = reads.item_outbound(session, item.id)
        assert outbound.state is OutboundState.DONE
        assert outbound.item.state is ItemState.PUBLISHED
        assert facts.rolled_up(session, "campaign")[1, "email.captured"] == (120, 0)
        one = reads.deliveries(session, outbound.id, states=[DeliveryState.CAPTURED], limit=1)[0]
        message = captured.message(session, firm.person, one.id)
        assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in message
        assert "Hi First" in preview.take_apart(message).text
        assert audit.verify(session, firm.id)[1] is None
    lux.work()
    assert states(lux, firm.id) == Counter(captured=120, skipped=3)
    assert [event for _subject, event in told.events] == ["submitted", "approved", "started", "done"]


def test_a_stale_page_cannot_approve(lux: Installation, told: Told) -> None:
    """The hash that was shown has to be the hash that is stored."""
    firm = ready(lux)
    item = submitted(lux, firm)
    with pytest.raises(Conflict), lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash="0" * 64)


def test_content_changed_behind_the_gate_never_leaves(lux: Installation, told: Told) -> None:
    """A body edited in the database after the yes goes back to pending; nobody gets it."""
    firm = ready(lux)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        row = session.scalars(select(ApprovalQueue)).one()
        row.body = {**row.body, "subject": "Something else"}
    lux.work()
    with lux.db.read(firm.id) as session:
        outbound = reads.item_outbound(session, item.id)
        assert (outbound.state, outbound.check_failed) == (OutboundState.HELD, "digest")
        assert outbound.item.state is ItemState.PENDING
    assert states(lux, firm.id) == Counter()


def test_a_marketer_cannot_approve(lux: Installation, told: Told) -> None:
    """The role decides, not the page."""
    firm = ready(lux)
    item = submitted(lux, firm)
    marketer = lux.member(firm.id, Role.MARKETER)
    with pytest.raises(Forbidden), lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(marketer.person, item.public_id, shown_hash=item.content_hash)


def test_an_audience_that_drifted_needs_a_new_yes(lux: Installation, told: Told) -> None:
    """More than a tenth came or went: back to pending; a tenth is fine."""
    firm = ready(lux, 20)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    lux.contacts(firm, 3)
    lux.work()
    with lux.db.read(firm.id) as session:
        outbound = reads.item_outbound(session, item.id)
        assert (outbound.check_failed, outbound.item.state) == ("drift", ItemState.PENDING)
        again = outbound.item
    with pytest.raises(Conflict), lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash="1" * 64)
    assert again.version == item.version + 1


def test_the_switch_off_holds_everything_back(lux: Installation, told: Told) -> None:
    """Without channel_email the outbound is paused with words that name the switch."""
    firm = lux.firm()
    lux.contacts(firm, 5)
    lux.sender(firm)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    lux.work()
    with lux.db.read(firm.id) as session:
        outbound = reads.item_outbound(session, item.id)
        assert outbound.is_paused
        assert "channel_email" in outbound.pause_reason
    assert states(lux, firm.id) == Counter()


def test_a_mail_without_opt_out_or_address_is_refused(lux: Installation, told: Told) -> None:
    """Compliance blocks at submission, naming the field."""
    firm = ready(lux)
    for values, field in (
        ({"html": "<p>Hi</p>", "text": "Hi"}, "content"),
        ({"postal_address": " "}, "postal_address"),
        ({"subject": ""}, "subject"),
    ):
        with pytest.raises(InvalidInput) as caught:
            submitted(lux, firm, **values)
        assert field in {problem.field for problem in caught.value.problems}


def test_a_stop_keeps_everything_inside(lux: Installation, told: Told) -> None:
    """While the company is stopped nothing leaves; after it, all of it does, once."""
    from lux.gate import stop

    firm = ready(lux, 7)
    item = submitted(lux, firm)
    with lux.db.begin(firm.id) as session:
        stop.press(session, company_id=firm.id, by=firm.person)
    approved(lux, firm, item)
    lux.work()
    assert states(lux, firm.id) == Counter()
    with lux.db.begin(firm.id) as session:
        stop.resume(session, company_id=firm.id, by=firm.person, reason="checked")
    with lux.db.begin(0) as session:
        session.execute(text("UPDATE job SET due_at = created_at"))
    lux.work()
    assert states(lux, firm.id) == Counter(captured=7)


def test_another_company_sees_nothing(lux: Installation, told: Told) -> None:
    """Items, outbounds and deliveries of one company do not exist for the other."""
    firm, other = ready(lux), lux.firm()
    item = submitted(lux, firm)
    approved(lux, firm, item)
    lux.work()
    with lux.db.read(other.id) as session:
        assert reads.items(session) == []
        assert session.scalars(select(Outbound)).all() == []
        assert session.scalars(select(Delivery)).all() == []
    with pytest.raises(Exception, match="nothing here"), lux.db.begin(other.id) as session:
        ApprovalService(session).approve(other.person, item.public_id, shown_hash=item.content_hash)
    assert act(firm).digest() != act(other).digest()


def test_a_new_brand_does_not_change_what_was_approved(lux: Installation, told: Told) -> None:
    """Company and brand stand in the act: what changes after the yes is not in the mail."""
    firm = ready(lux, 2)
    with lux.db.begin(firm.id) as session:
        companies.current(session).brand = {"claim": "Then"}
    html = '<p>{% assign c = brand.claim %}{{ c }}</p><a href="{{ unsubscribe_url }}">x</a> {{ postal_address }}'
    item = submitted(lux, firm, html=html, links=())
    approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        companies.current(session).brand = {"claim": "Now"}
    lux.work()
    with lux.db.read(firm.id) as session:
        outbound = reads.item_outbound(session, item.id)
        one = reads.deliveries(session, outbound.id, limit=1)[0]
        shown = preview.take_apart(captured.message(session, firm.person, one.id))
    assert "Then" in shown.html
    assert "Now" not in shown.html
