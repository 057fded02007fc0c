"""System mails leave by an automatic decision: no switch and no stop holds them, but `lux stop --all` and a cap do."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from lux.gate import stop, submit
from lux.gate.automatic import SYSTEM_CAP_PER_HOUR
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState, ItemState, Method, OutboundState, Verdict
from lux.kit.errors import InvalidInput, RateLimitReached
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Firm, Installation

RESET = {"url": "https://lux.example.com/reset/once", "minutes": "30"}


def reset(lux: Installation, firm: Firm, recipient: str = "person@example.com") -> None:
    """Ask for the mail that resets a password."""
    with lux.db.begin(firm.id) as session:
        submit.submit_system_email(
            session, company_id=firm.id, template="password_reset", recipient=recipient, params=RESET
        )


def fates(lux: Installation, firm: Firm) -> list[DeliveryState]:
    """Return what became of each mail."""
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def test_it_leaves_with_the_switch_off_and_the_company_stopped(lux: Installation) -> None:
    """Somebody who forgot a password gets in, whatever the company may not send."""
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        stop.press(session, company_id=firm.id, by=firm.person)
    with lux.db.begin(0) as session:
        stop.press(session, company_id=None, by=None)
    reset(lux, firm)
    lux.work()
    assert fates(lux, firm) == [DeliveryState.CAPTURED]


def test_a_stop_of_everything_holds_it(lux: Installation) -> None:
    """`lux stop --all`: nothing at all leaves; when the stop ends it does, once."""
    firm = lux.firm()
    with lux.db.begin(0) as session:
        stop.press(session, company_id=None, by=None, includes_system=True)
    reset(lux, firm)
    lux.work()
    assert fates(lux, firm) == [DeliveryState.QUEUED]
    with lux.db.begin(0) as session:
        stop.resume(session, company_id=None, by=None, reason="looked at it")
        session.execute(text("UPDATE job SET due_at = created_at"))
    lux.work()
    assert fates(lux, firm) == [DeliveryState.CAPTURED]


def test_one_address_gets_so_many_within_the_hour(lux: Installation) -> None:
    """The cap is the address's own, however it is written; the next one is refused before anything is stored."""
    firm = lux.firm()
    for _ in range(SYSTEM_CAP_PER_HOUR):
        reset(lux, firm)
    with pytest.raises(RateLimitReached):
        reset(lux, firm, recipient="  Person@Example.com ")
    reset(lux, firm, recipient="somebody@example.com")
    assert len(fates(lux, firm)) == SYSTEM_CAP_PER_HOUR + 1


def test_its_decision_is_a_row_like_any_other(lux: Installation) -> None:
    """Automatic, by the system, over the hash of exactly this mail, and in the audit chain."""
    firm = lux.firm()
    reset(lux, firm)
    lux.work()
    with lux.db.read(firm.id) as session:
        item = session.scalars(select(ApprovalQueue)).one()
        decision = session.scalars(select(ApprovalDecision)).one()
        outbound = session.scalars(select(Outbound)).one()
        actions = [row.action for row in session.scalars(select(ApprovalAuditLog).order_by(ApprovalAuditLog.seq))]
    assert (item.author_type, item.state) == ("system", ItemState.PUBLISHED)
    assert (decision.method, decision.verdict) == (Method.SYSTEM, Verdict.YES)
    assert (decision.decided_by, decision.session_id) == (None, None)
    assert decision.content_hash == item.content_hash
    assert (outbound.approval_id, outbound.state) == (decision.id, OutboundState.DONE)
    assert actions[-2:] == ["approval.automatic_system", "approval.published"]
    assert RESET["url"] not in str(item.body)


def test_only_built_in_templates_are_system_mails(lux_sqlite: Installation) -> None:
    """A room can't send words of its own this way."""
    firm = lux_sqlite.firm()
    with pytest.raises(InvalidInput), lux_sqlite.db.begin(firm.id) as session:
        submit.submit_system_email(
            session, company_id=firm.id, template="newsletter", recipient="a@example.com", params={}
        )
