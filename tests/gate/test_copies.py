"""Test copies to members that a check refuses: they end with the reason, and ask nobody for a yes."""

from __future__ import annotations

from sqlalchemy import select, update

from lux.gate import reads, submit
from lux.gate.models import Delivery, Outbound
from lux.gate.parties import Sender
from lux.gate.reads import ItemState, OutboundState, OutboundView
from lux.gate.states import DeliveryState
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, ready


def copy_to_myself(lux: Installation, firm: Firm) -> int:
    """Send a test copy to the firm's person; returns its outbound's id."""
    with lux.db.begin(firm.id) as session:
        made = submit.submit_test_email(
            session,
            submit.as_test(act(firm), [firm.person.email]),
            author=firm.person,
            subject=("campaign", 1),
        )
        return made.id


def seen(lux: Installation, firm: Firm, outbound_id: int) -> OutboundView:
    """Return the copy's outbound."""
    with lux.db.read(firm.id) as session:
        return reads.outbound(session, outbound_id, with_counts=True)


def test_a_refused_copy_ends_and_waits_for_nobody(lux: Installation, told: Told) -> None:
    """Its sender was revoked in between: failed with the reason; the badge, the queue and approvers hear nothing."""
    firm = ready(lux, 1)
    outbound_id = copy_to_myself(lux, firm)
    with lux.db.begin(firm.id) as session:
        session.execute(update(Sender).values(verified_at=None))
    lux.work()
    found = seen(lux, firm, outbound_id)
    assert (found.state, found.check_failed) == (OutboundState.REFUSED, "sender")
    assert found.item.state is ItemState.FAILED
    assert "news@example.com" in found.reason
    assert found.counts == {DeliveryState.SKIPPED: 1}
    with lux.db.read(firm.id) as session:
        assert reads.waiting(session) == (0, None)
        assert "news@example.com" in str(session.scalar(select(Delivery.message)))
    assert "returned" not in [event for _subject, event in told.events]


def test_a_copy_after_the_switch_went_off_ends_too(lux: Installation, told: Told) -> None:
    """A copy has no page on which somebody could resume it, so it does not wait paused for ever."""
    firm = ready(lux, 1)
    outbound_id = copy_to_myself(lux, firm)
    with lux.db.begin(firm.id) as session:
        from lux.gate import toggles

        toggles.set_toggle(session, firm.person, "channel_email", is_on=False, reason="")
    lux.work()
    found = seen(lux, firm, outbound_id)
    assert (found.state, found.is_paused) == (OutboundState.REFUSED, False)
    assert "channel_email" in found.reason


def test_the_badge_counts_what_the_list_shows(lux_sqlite: Installation, told: Told) -> None:
    """Even an automatic item that an older version left pending is not counted."""
    firm = ready(lux_sqlite, 1)
    outbound_id = copy_to_myself(lux_sqlite, firm)
    with lux_sqlite.db.begin(firm.id) as session:
        outbound = session.get(Outbound, outbound_id)
        assert outbound is not None
        from lux.gate.models import ApprovalQueue

        session.execute(update(ApprovalQueue).values(state=ItemState.PENDING))
        assert reads.waiting(session)[0] == len(reads.items(session, states=[ItemState.PENDING])) == 0
