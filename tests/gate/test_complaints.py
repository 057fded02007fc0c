"""What a feedback loop reports: one fact a message, no more mail to who complained, counted by the automatic stop."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from lux.gate import complaints, consent, engagement, stop
from lux.gate.complaints import Complaint
from lux.gate.models import Delivery
from lux.gate.states import ConsentState, DeliveryState, SuppressionReason
from lux.gate.stop import looking, scopes
from lux.identity.access import Role
from lux.kit import clock
from lux.kit.errors import Forbidden, InvalidInput
from lux.ledger import audit, facts
from lux.ledger.models import ApprovalAuditLog, Fact
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, approved, submitted
from tests.gate.test_halts import lux
from tests.gate.test_smtp import sent_campaign

__all__ = ["lux"]  # a fixture: it may reach mail servers on this machine

YAHOO = Complaint(source="yahoo")


def report(lux: Installation, firm: Firm, **said: object) -> bool:
    """Report a complaint as the firm's person; returns whether it was new."""
    with lux.db.begin(firm.id) as session:
        done = complaints.record(session, firm.person, replace(YAHOO, **said))  # type: ignore[arg-type]
        assert done.subject == ("campaign", 1)
        return done.is_new


def test_complaints_end_mail_to_who_made_them_and_stop_what_has_too_many(
    lux: Installation, told: Told, smtp_server: SmtpServer
) -> None:
    """Sixty got it and three complain: by Message-ID and by address, each once, until LUX stops the channel."""
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 60)
    first, second, third = smtp_server.messages[:3]
    at = clock.now() - dt.timedelta(seconds=1)
    assert report(lux, firm, message_id=str(first.message["Message-ID"]), at=at)
    assert not report(lux, firm, message_id=str(first.message["Message-ID"]))
    assert not report(lux, firm, email=first.recipients[0].upper())
    assert report(lux, firm, email=second.recipients[0])
    looking.tick(lux.db)
    with lux.db.read(firm.id) as session:
        assert stop.active(session, firm.id) == []
        recorded = session.scalars(select(Fact).where(Fact.kind == "email.complained").order_by(Fact.id)).all()
        assert [(one.subject_id, one.actor, one.human) for one in recorded] == [(1, "provider", "unknown")] * 2
        assert recorded[0].at == at
        assert recorded[0].properties["source"] == "yahoo"
        assert recorded[0].contact_id is not None
        assert facts.rolled_up(session, "campaign")[1, "email.complained"] == (2, 2)
        assert facts.rolled_up(session, "campaign")[1, "email.sent"] == (60, 0)
        for address in (*first.recipients, *second.recipients):
            known = consent.status(session, "email", [address])[address]
            assert (known.state, known.suppressed) == (ConsentState.WITHDRAWN, SuppressionReason.COMPLAINED)
        chain = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.action == "complaint.recorded")).all()
        assert len(chain) == 2
        assert not any(address in str(one.detail) for one in chain for address in first.recipients)
        assert audit.verify(session, firm.id)[1] is None

    assert report(lux, firm, email=third.recipients[0])
    looking.tick(lux.db)
    with lux.db.read(firm.id) as session:
        (pressed,) = stop.active(session, firm.id)
        assert "3 of 60 called it spam" in pressed.reason
    with lux.db.begin(firm.id) as session:
        stop.resume(session, scope=scopes.of_channel("email", firm.id), by=firm.person, reason="looked")
    approved(lux, firm, submitted(lux, firm))  # the next mail
    lux.work()
    with lux.db.read(firm.id) as session:
        rows = session.scalars(select(Delivery).where(Delivery.outbound_id != outbound_id)).all()
        assert {row.address for row in rows if row.state is DeliveryState.SKIPPED} == {
            first.recipients[0], second.recipients[0], third.recipients[0],
        }  # fmt: skip


def test_a_complaint_stands_above_an_unsubscribe(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """Who unsubscribed and calls it spam all the same is not brought back by the link of an old mail."""
    firm, _outbound_id = sent_campaign(lux, smtp_server.port, 1)
    with lux.db.begin(firm.id) as session:
        row = session.scalars(select(Delivery)).one()
        engagement.unsubscribe(session, row.id, source="link", proof={})
        assert engagement.recipient(session, row.id).may_return
    assert report(lux, firm, email=row.address)
    with lux.db.begin(firm.id) as session:
        assert not engagement.recipient(session, row.id).may_return
        assert not engagement.resubscribe(session, row.id, source="link", wording="", proof={})


def test_what_is_no_message_of_the_company_is_refused(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """A Message-ID of others, an address nobody wrote to, a time ahead, and who may only look: nothing is written."""
    firm, _outbound_id = sent_campaign(lux, smtp_server.port, 1)
    other = lux.firm("Other")
    ours = str(smtp_server.messages[0].message["Message-ID"])
    wrong = {
        "message_id": [ours.replace(".1@", ".2@"), "<x@example.com>", "0" * 32 + ".1@example.com"],
        "email": ["nobody@example.com", "no address"],
        "at": [clock.now() + dt.timedelta(hours=1)],
    }
    for field, values in wrong.items():
        for value in values:
            said = {"email": smtp_server.recipients()[0]} if field == "at" else {}
            with pytest.raises(InvalidInput) as caught:
                report(lux, firm, **said, **{field: value})
            assert caught.value.field == field
    with pytest.raises(InvalidInput):
        report(lux, other, message_id=ours)
    viewer = lux.member(firm.id, Role.VIEWER)
    with pytest.raises(Forbidden), lux.db.begin(firm.id) as session:
        complaints.record(session, viewer.person, replace(YAHOO, message_id=ours))
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(Fact).where(Fact.kind == "email.complained")).all() == []
