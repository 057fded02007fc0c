"""What a dead run left claimed: its journal decides, and an answer it knows has all that follows from an answer."""

from __future__ import annotations

import resource

import pytest
import structlog
from sqlalchemy import select, update

from lux.gate import consent, control, deliveries, reads, recovery
from lux.gate.journal import CannotNote, Journal, read
from lux.gate.models import Delivery, Outbound
from lux.gate.reads import ItemState, OutboundState
from lux.gate.states import DeliveryState, SuppressionReason
from lux.kit import clock
from lux.kit.jobs import LeaseLost
from lux.ledger import facts
from lux.ports.receipts import Outcome
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, approved, ready, submitted

RUN = "7-dead"


def crashed(lux: Installation, count: int) -> tuple[Firm, list[Delivery], Journal]:
    """Leave a campaign whose run died with everything claimed and on its way, and its journal."""
    firm = ready(lux, count)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    lux.work()
    with lux.db.begin(firm.id) as session:
        session.execute(update(Outbound).values(state=OutboundState.WORKING))
        session.execute(
            update(Delivery).values(
                state=DeliveryState.CLAIMED, claimed_by=RUN, leaving_at=clock.now(), attempts=1, sent_at=None
            )
        )
        return firm, rows(session), Journal(lux.settings.home / "journal", RUN)


def rows(session) -> list[Delivery]:
    """Return the deliveries in order."""
    return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def recovered(lux: Installation, firm: Firm, *, may_repeat: bool = False) -> list[Delivery]:
    """Recover as the next run does; returns the deliveries."""
    with lux.db.begin(firm.id) as session:
        outbound = session.scalars(select(Outbound)).one()
        recovery.recover(session, outbound, lux.settings.home / "journal", may_repeat=may_repeat)
    with lux.db.read(firm.id) as session:
        return rows(session)


def test_a_refusal_known_from_the_journal_suppresses(lux: Installation, told: Told) -> None:
    """The server refused the address and the process died: as if it had lived, nobody writes there again."""
    firm, left, journal = crashed(lux, 3)
    for row in left[1:]:
        journal.leaving(row.id)
    journal.answered(left[1].id, Outcome.REFUSED, code=550, error="RecipientRefused")
    journal.answered(left[2].id, Outcome.FAILED, code=554, error="PolicyBlocked")
    journal.leave()
    found = recovered(lux, firm)
    assert [(row.state, row.error, row.code) for row in found] == [
        (DeliveryState.QUEUED, "", None),
        (DeliveryState.FAILED, "RecipientRefused", 550),
        (DeliveryState.FAILED, "PolicyBlocked", 554),
    ]
    with lux.db.read(firm.id) as session:
        standing = consent.status(session, "email", [row.address_key for row in found])
        assert [standing[row.address_key].suppressed for row in found] == [None, SuppressionReason.BOUNCED, None]
        assert facts.rolled_up(session, "campaign")[1, "email.bounced"][0] == 1
    with lux.db.begin(firm.id) as session:
        outbound = session.scalars(select(Outbound)).one()
        outbound.state = OutboundState.DONE
        session.flush()
        assert control.resend_failed(session, firm.person, outbound.id) == 1


def test_each_answer_is_what_it_was(lux: Installation, told: Told) -> None:
    """Sent is sent once in the figures, a passing fault waits for its next try, no answer is unknown."""
    firm, left, journal = crashed(lux, 4)
    for row in left[:3]:
        journal.leaving(row.id)
    journal.answered(left[0].id, Outcome.SENT, code=250)
    journal.answered(left[1].id, Outcome.RETRY, code=451, error="Transient")
    journal.leave()
    found = recovered(lux, firm)
    assert [row.state for row in found] == [
        DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.UNKNOWN, DeliveryState.QUEUED,
    ]  # fmt: skip
    assert found[0].sent_at is not None
    assert found[1].due_at is not None
    assert (found[2].error, found[3].due_at) == ("Ambiguous", None)
    assert all(row.claimed_by == "" and row.lease_until is None for row in found)
    assert not (lux.settings.home / "journal" / f"{RUN}.log").exists()


def test_without_a_journal_what_may_have_left_is_unknown(lux_sqlite: Installation, told: Told) -> None:
    """Another machine's run: only the row says that its bytes may be on the wire."""
    firm, left, journal = crashed(lux_sqlite, 2)
    journal.close()
    with lux_sqlite.db.begin(firm.id) as session:
        session.execute(update(Delivery).where(Delivery.id == left[0].id).values(leaving_at=None))
    assert [row.state for row in recovered(lux_sqlite, firm)] == [DeliveryState.QUEUED, DeliveryState.UNKNOWN]


def test_the_mailbox_may_simply_keep_it_again(lux_sqlite: Installation, told: Told) -> None:
    """A message that is only kept doubles nobody."""
    firm, left, journal = crashed(lux_sqlite, 2)
    journal.leaving(left[0].id)
    journal.leave()
    states = [row.state for row in recovered(lux_sqlite, firm, may_repeat=True)]
    assert states == [DeliveryState.QUEUED, DeliveryState.QUEUED]


def test_trying_the_failed_ones_again_ends_the_failure(lux: Installation, told: Told) -> None:
    """All failed, then all arrived: the campaign is done, so its approval does not say failed for ever."""
    firm, left, journal = crashed(lux, 2)
    for row in left:
        journal.leaving(row.id)
        journal.answered(row.id, Outcome.FAILED, code=554, error="Invalid")
    journal.leave()
    with lux.db.begin(firm.id) as session:  # the run that died was the first
        from lux.gate.models import ApprovalQueue

        session.execute(update(ApprovalQueue).values(state=ItemState.APPROVED))
        control.wake(session, session.scalars(select(Outbound)).one())
    lux.work()
    assert standing(lux, firm) == (OutboundState.FAILED, ItemState.FAILED)
    with lux.db.begin(firm.id) as session:
        outbound_id = session.scalars(select(Outbound.id)).one()
        assert control.resend_failed(session, firm.person, outbound_id) == 2
    lux.work()
    assert standing(lux, firm) == (OutboundState.DONE, ItemState.PUBLISHED)


def standing(lux: Installation, firm: Firm) -> tuple[OutboundState, ItemState]:
    """Return the states of the outbound and of its item."""
    with lux.db.read(firm.id) as session:
        outbound_id = session.scalars(select(Outbound.id)).one()
        found = reads.outbound(session, outbound_id)
    return found.state, found.item.state


def test_a_run_that_was_overtaken_puts_back_nothing_of_another(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """It slept past its lease, and another run has the message in hand: released by the first it would leave twice."""
    firm, left, journal = crashed(lux_sqlite, 2)
    journal.close()
    with lux_sqlite.db.begin(firm.id) as session:
        session.execute(update(Delivery).where(Delivery.id == left[1].id).values(claimed_by="8-alive"))
        deliveries.release(session, [row.id for row in left], run=RUN)
    with lux_sqlite.db.read(firm.id) as session:
        assert [(row.state, row.claimed_by) for row in rows(session)] == [
            (DeliveryState.QUEUED, ""),
            (DeliveryState.CLAIMED, "8-alive"),
        ]


def test_a_recovery_that_is_not_committed_leaves_the_journal(lux: Installation, told: Told) -> None:
    """Killed, or refused, between settling and its commit: the next recovery still knows every answer."""
    firm, left, journal = crashed(lux, 2)
    for row in left:
        journal.leaving(row.id)
        journal.answered(row.id, Outcome.SENT, code=250)
    journal.leave()
    with lux.db.begin(firm.id) as session:
        outbound = session.scalars(select(Outbound)).one()
        recovery.recover(session, outbound, lux.settings.home / "journal", may_repeat=False)
        session.rollback()
    assert {row.state for row in recovered(lux, firm)} == {DeliveryState.SENT}
    assert list((lux.settings.home / "journal").iterdir()) == []


def test_a_run_that_was_settled_lets_nothing_more_leave(lux: Installation, told: Told) -> None:
    """It was frozen while another settled what it had claimed: what went back is no longer its own to send."""
    firm, left, journal = crashed(lux, 2)
    journal.leaving(left[0].id)
    found = recovered(lux, firm)
    assert [row.state for row in found] == [DeliveryState.UNKNOWN, DeliveryState.QUEUED]
    with pytest.raises(LeaseLost):
        journal.leaving(left[1].id)
    journal.close()


def test_a_full_disk_keeps_a_message_from_leaving_and_spoils_no_line(lux_sqlite: Installation) -> None:
    folder = lux_sqlite.settings.home / "journal"
    journal = Journal(folder, RUN)
    journal.leaving(1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len("L 1\n") + 2, before[1]))  # room for half a line
    try:
        with pytest.raises(CannotNote):
            journal.leaving(23)
        with structlog.testing.capture_logs() as said:
            journal.answered(1, Outcome.SENT, code=250)  # is handed on all the same
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [one["event"] for one in said] == ["journal_answer_not_noted"]
    journal.leaving(4)
    journal.leave()
    noted = read(folder, RUN)
    assert noted is not None
    assert set(noted) == {1, 4}
