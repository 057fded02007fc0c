"""Campaigns over a real SMTP server that misbehaves: each message has one fate, and people can read which."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from lux.gate import consent, control, reads
from lux.gate.models import Delivery
from lux.gate.reads import DeliveryState, ItemState, OutboundState
from lux.gate.states import SuppressionReason
from lux.ledger import facts
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation, installation
from tests.gate.conftest import Told, approved, ready, submitted


@pytest.fixture
def lux(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that may reach mail servers on this machine."""
    made = installation(migrated_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",))
    yield made
    made.db.close()


def sent_campaign(lux: Installation, port: int, count: int = 5, **server: str) -> tuple[Firm, int]:
    """Approve a campaign over the server on a port and let it run once."""
    firm = ready(lux, count)
    account = lux.mail_server(firm, port, **server)
    item = submitted(lux, firm, account=account)
    approved(lux, firm, item)
    lux.work()
    with lux.db.read(firm.id) as session:
        return firm, reads.item_outbound(session, item.id).id


def rows(lux: Installation, firm: Firm) -> list[Delivery]:
    """Return the deliveries in order."""
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def hurry(lux: Installation) -> None:
    """Let every wait be over."""
    with lux.db.begin(0) as session:
        session.execute(text("UPDATE job SET due_at = created_at"))
        session.execute(text("UPDATE delivery SET due_at = NULL WHERE state = 'queued'"))


def test_everybody_gets_one_over_one_connection(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """Connection reuse, one message each, envelope sender and recipient as they should be."""
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 60)
    assert Counter(smtp_server.recipients()) == Counter(row.address for row in rows(lux, firm))
    assert smtp_server.connections == 1
    assert {message.mail_from for message in smtp_server.messages} == {"news@example.com"}
    with lux.db.read(firm.id) as session:
        assert reads.outbound(session, outbound_id).state is OutboundState.DONE
        assert facts.rolled_up(session, "campaign")[1, "email.sent"] == (60, 0)
    assert told.events[-1] == (("campaign", 1), "done")


def test_an_unknown_recipient_is_suppressed(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """A 550 to RCPT fails that one alone, says why, and nobody writes there again."""
    firm = ready(lux, 3)
    account = lux.mail_server(firm, smtp_server.port)
    first = submitted(lux, firm, account=account)
    with lux.db.read(firm.id) as session:
        addresses = [row[0] for row in session.execute(text("SELECT email FROM contact ORDER BY id"))]
    smtp_server.script.recipients[addresses[1]] = ["550 5.1.1 no such user"]
    approved(lux, firm, first)
    lux.work()
    found = {row.address: row for row in rows(lux, firm)}
    assert found[addresses[1]].state is DeliveryState.FAILED
    assert found[addresses[1]].error == "RecipientRefused"
    assert "no such user" in found[addresses[1]].message
    assert sorted(smtp_server.recipients()) == sorted([addresses[0], addresses[2]])
    with lux.db.read(firm.id) as session:
        standing = consent.status(session, "email", [addresses[1]])[addresses[1]]
        assert standing.suppressed is SuppressionReason.BOUNCED


def test_a_passing_fault_is_tried_again(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """A 451 goes back to the queue with a time; later it is sent, once."""
    smtp_server.script.next_recipients.extend(["451 4.7.1 greylisted, try later"] * 2)
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 4)
    waiting = [row for row in rows(lux, firm) if row.state is DeliveryState.QUEUED]
    assert len(waiting) == 2
    assert all(row.due_at is not None and row.attempts == 1 for row in waiting)
    hurry(lux)
    lux.work()
    assert {row.state for row in rows(lux, firm)} == {DeliveryState.SENT}
    assert len(smtp_server.recipients()) == len(set(smtp_server.recipients())) == 4
    with lux.db.read(firm.id) as session:
        assert reads.outbound(session, outbound_id).state is OutboundState.DONE


def test_a_lost_answer_is_unknown_and_never_repeated(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """The server took it and the line broke: listed as unknown, the item stays approved, a person settles it."""
    smtp_server.script.drops.append("after dot")
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 5)
    hurry(lux)
    lux.work()
    states = Counter(row.state for row in rows(lux, firm))
    assert states == Counter({DeliveryState.SENT: 4, DeliveryState.UNKNOWN: 1})
    assert len(smtp_server.recipients()) == 5
    with lux.db.read(firm.id) as session:
        view = reads.outbound(session, outbound_id)
        assert (view.state, view.item.state) == (OutboundState.UNKNOWN, ItemState.APPROVED)
    unknown = next(row for row in rows(lux, firm) if row.state is DeliveryState.UNKNOWN)
    with lux.db.begin(firm.id) as session:
        control.settle_unknown(session, firm.person, unknown.id, was_sent=True)
    with lux.db.read(firm.id) as session:
        view = reads.outbound(session, outbound_id)
        assert (view.state, view.item.state) == (OutboundState.DONE, ItemState.PUBLISHED)


def test_a_line_lost_before_the_dot_doubles_nobody(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """Whether the dot arrived can't be known once it was written: then it is unknown, else it is sent again."""
    smtp_server.script.drops.append("before dot")
    firm, _outbound_id = sent_campaign(lux, smtp_server.port, 5)
    hurry(lux)
    lux.work()
    states = {row.address: row.state for row in rows(lux, firm)}
    got = Counter(smtp_server.recipients())
    assert max(got.values()) == 1
    assert set(states) - set(got) == {a for a, state in states.items() if state is DeliveryState.UNKNOWN}
    assert len(got) >= 4


def test_a_wrong_password_pauses_with_words(
    lux: Installation, told: Told, start_smtp_server: Callable[..., SmtpServer]
) -> None:
    """Nothing is lost: it waits until a person mends the password and resumes."""
    server = start_smtp_server(users={"news": "right"})
    firm, outbound_id = sent_campaign(lux, server.port, 3, username="news", password="wrong")
    with lux.db.read(firm.id) as session:
        view = reads.outbound(session, outbound_id, with_counts=True)
    assert view.is_paused
    assert view.pause_reason
    assert view.counts == {DeliveryState.QUEUED: 3}
    assert (("campaign", 1), "paused") in told.events
    assert server.messages == []


def test_a_server_that_is_down_is_waited_for(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """The campaign says why it waits, and goes on by itself when the server is back."""
    smtp_server.pause()
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 3)
    with lux.db.read(firm.id) as session:
        view = reads.outbound(session, outbound_id, with_counts=True)
    assert view.state is OutboundState.WORKING
    assert view.reason
    assert view.counts == {DeliveryState.QUEUED: 3}
    smtp_server.resume()
    hurry(lux)
    lux.work()
    assert len(smtp_server.recipients()) == 3


def test_refused_content_pauses_the_campaign(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """When the server refuses message after message, a person has to look before more is lost."""
    smtp_server.script.next_messages.extend(["554 5.7.1 looks like spam"] * 50)
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 30)
    with lux.db.read(firm.id) as session:
        view = reads.outbound(session, outbound_id, with_counts=True)
    assert view.is_paused
    assert "looks like spam" in view.pause_reason
    assert view.counts[DeliveryState.QUEUED] > 0
    assert view.counts[DeliveryState.FAILED] < 30


def test_resend_reaches_only_those_who_failed(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """Under the same yes the failed ones are tried again; the others get nothing more."""
    smtp_server.script.next_messages.extend(["554 5.6.0 refused"] * 2)
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 6)
    assert Counter(row.state for row in rows(lux, firm))[DeliveryState.FAILED] == 2
    with lux.db.begin(firm.id) as session:
        assert control.resend_failed(session, firm.person, outbound_id) == 2
    lux.work()
    assert Counter(smtp_server.recipients()) == Counter(row.address for row in rows(lux, firm))


def test_cancelling_skips_the_rest(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """What has not left will not leave, and each recipient says so."""
    smtp_server.script.next_recipients.extend(["451 4.3.0 later"] * 3)
    firm, outbound_id = sent_campaign(lux, smtp_server.port, 5)
    with lux.db.begin(firm.id) as session:
        assert control.cancel(session, firm.person, outbound_id) == 3
    hurry(lux)
    lux.work()
    assert len(smtp_server.recipients()) == 2
    assert Counter(row.error for row in rows(lux, firm))["cancelled"] == 3


def test_cancelled_in_the_middle_leaves_nobody_queued(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """Cancelled while messages leave: each recipient has either got it or is skipped, none waits for ever."""
    firm = ready(lux, 30)
    account = lux.mail_server(firm, smtp_server.port, pace="20")
    item = submitted(lux, firm, account=account)
    approved(lux, firm, item)
    with lux.db.read(firm.id) as session:
        outbound_id = reads.item_outbound(session, item.id).id
    worker = threading.Thread(target=lux.work)
    worker.start()
    while len(smtp_server.messages) < 3:
        time.sleep(0.02)
    with lux.db.begin(firm.id) as session:
        control.cancel(session, firm.person, outbound_id)
    worker.join(30)
    states = Counter(row.state for row in rows(lux, firm))
    assert set(states) == {DeliveryState.SENT, DeliveryState.SKIPPED}
    assert states[DeliveryState.SENT] == len(smtp_server.recipients())
