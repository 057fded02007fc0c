"""Hands on a running outbound: pause, resume, cancel, try the failed ones again, settle what is unknown."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from lux.gate import deliveries, moves, moving
from lux.gate.models import Delivery, Outbound
from lux.gate.states import DeliveryState, ItemState, OutboundState
from lux.gate.toggles import quota, require
from lux.identity.access import Person, Right
from lux.kit import clock, jobs
from lux.kit.errors import NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind

RUNNING = frozenset({OutboundState.READY, OutboundState.WORKING})


def pause(session: Session, person: Person, outbound_id: int, *, reason: str = "") -> None:
    """Hold back what has not left yet; a message on the wire is finished."""
    person.require(Right.EDIT)
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if outbound.state not in RUNNING:
        raise WrongState(_("There is nothing to pause."))
    pause_by_system(session, outbound, reason=reason or _("Paused by %(name)s.", name=person.name or person.email))
    moves.write_down(session, "outbound.paused", item, by=person, detail={"reason": reason})


def pause_by_system(session: Session, outbound: Outbound, *, reason: str) -> None:
    """Set the pause flag with a reason, in the caller's transaction."""
    outbound.is_paused, outbound.pause_reason = True, reason
    session.flush()


def resume(session: Session, person: Person, outbound_id: int) -> None:
    """Let a paused outbound go on under the yes it has; raises ToggleIsOff while a switch it needs is off."""
    person.require(Right.EDIT)
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if not outbound.is_paused:
        raise WrongState(_("This is not paused."))
    if outbound.state not in RUNNING:
        raise WrongState(_("This was ended while it was paused: there is nothing to go on with."))
    for key in quota.keys_of(session, outbound):
        require(session, outbound.company_id, key)
    outbound.is_paused, outbound.pause_reason = False, ""
    session.flush()
    wake(session, outbound)
    moves.write_down(session, "outbound.resumed", item, by=person)


def cancel(session: Session, person: Person, outbound_id: int, *, reason: str = "") -> int:
    """Stop for good what has not left; returns how many recipients will not get it."""
    person.require(Right.EDIT)
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if outbound.state not in RUNNING:
        raise WrongState(_("There is nothing to cancel."))
    skipped = deliveries.skip_queued(session, outbound)
    moves.move_outbound(session, outbound, OutboundState.CANCELLED, reason=reason, finished_at=clock.now(),
                        is_paused=False, pause_reason="")  # fmt: skip
    if item.state in {ItemState.APPROVED, ItemState.SCHEDULED}:
        moves.move_item(session, item, ItemState.CANCELLED, reason=reason)
    moves.write_down(session, "approval.cancelled", item, by=person, detail={"skipped": skipped})
    moves.tell(session, item, "cancelled")
    return skipped


def resend_failed(session: Session, person: Person, outbound_id: int) -> int:
    """Queue failed recipients again under the same yes; returns how many.

    Refused addresses stay out, and who opened it or clicked: they have it.
    """
    person.require(Right.EDIT)
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if outbound.state not in {OutboundState.DONE, OutboundState.FAILED, OutboundState.UNKNOWN}:
        raise WrongState(_("Wait until this has ended."))
    moving.refuse_elsewhere(session, outbound)
    again = session.execute(
        update(Delivery)
        .where(
            Delivery.outbound_id == outbound.id,
            Delivery.state == DeliveryState.FAILED,
            Delivery.error != "RecipientRefused",
            Delivery.first_opened_at.is_(None),  # else it did arrive
            Delivery.first_clicked_at.is_(None),
        )
        .values(state=DeliveryState.QUEUED, attempts=0, due_at=None, error="", message="", code=None)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    if not again:
        raise WrongState(_("There is nobody to try again."))
    moves.move_outbound(session, outbound, OutboundState.WORKING, finished_at=None)
    wake(session, outbound)
    moves.write_down(session, "outbound.resent", item, by=person, detail={"recipients": again})
    return int(again)


def settle_unknown(session: Session, person: Person, delivery_id: int, *, was_sent: bool) -> None:
    """Say what became of a message whose outcome is unknown, after looking at the other side's log."""
    person.require(Right.EDIT)
    outbound_id = session.scalar(select(Delivery.outbound_id).where(Delivery.id == delivery_id))
    if outbound_id is None:
        raise NotFound
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    row = session.scalars(
        select(Delivery).where(Delivery.id == delivery_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if row.state is not DeliveryState.UNKNOWN:
        raise WrongState(_("The outcome of this one is known."))
    deliveries.settle(session, outbound, row, was_sent=was_sent)
    moves.write_down(session, "delivery.settled", item, by=person, detail={"delivery": row.id, "was_sent": was_sent})
    open_ones = session.scalar(
        select(func.count()).where(Delivery.outbound_id == outbound.id, Delivery.state == DeliveryState.UNKNOWN)
    )
    if not open_ones and outbound.state is OutboundState.UNKNOWN:
        deliveries.close(session, outbound, item)


def wake(session: Session, outbound: Outbound) -> None:
    """Start (again) the job that sends an outbound; the runs of a series are started by the clock."""
    if outbound.kind is ActKind.SERIES:
        return
    jobs.enqueue(
        session,
        "gate.send",
        {"outbound_id": outbound.id},
        company_id=outbound.company_id,
        queue="send",
        key=f"outbound:{outbound.id}",
        dedup_key=f"send:{outbound.id}",
        due_at=outbound.due_at,
    )
