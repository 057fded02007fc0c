"""What a stop holds: which items wait with how many recipients, what its end sends back, what was on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, and_, or_, select

from lux.gate import checks, journal, reads, refused
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState, OutboundState
from lux.gate.stop.covering import covers
from lux.kit.db.session import settings_of
from lux.ports.acts import ActKind
from lux.ports.receipts import Outcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.stop.scopes import Scope

_GOING: Final = (OutboundState.READY, OutboundState.WORKING)
_ANSWERED: Final = (DeliveryState.SENT, DeliveryState.CAPTURED, DeliveryState.FAILED, DeliveryState.UNKNOWN,
                    DeliveryState.DELIVERED, DeliveryState.BOUNCED)  # fmt: skip
SHOWN: Final = 50


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One item with a yes that has not ended."""

    public_id: uuid.UUID  # of its item
    title: str
    subject_id: int | None
    audience_label: str
    is_running: bool
    is_paused: bool
    due_at: datetime | None
    left: int  # recipients with an outcome
    waits: int  # recipients without one; before they are written down, how many were counted
    goes_back: bool  # past its window: the end of the stop asks for a new yes


@dataclass(frozen=True, kw_only=True)
class OnTheWire:
    """One message that left at, or right after, the press."""

    title: str
    item_id: uuid.UUID
    address: str
    state: DeliveryState
    at: datetime | None


def waiting(session: Session, scope: Scope | None = None, *, limit: int = SHOWN) -> list[Waiting]:
    """Return what has a yes and has not ended, under a scope or all; who runs first stands first."""
    query = (
        select(Outbound, ApprovalQueue)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(Outbound.state.in_(_GOING), Outbound.kind == ActKind.EMAIL_CAMPAIGN, *(covers(scope) if scope else ()))
        .order_by(Outbound.started_at.is_(None), Outbound.id.desc())
        .limit(limit)
    )
    rows = session.execute(query).all()
    counts = reads.counts(session, [outbound.id for outbound, _item in rows])
    return [_waiting(outbound, item, counts.get(outbound.id, {})) for outbound, item in rows]


def return_missed(session: Session, scope: Scope) -> int:
    """Send what is past its window back for a new yes; returns how many. For the company of the session."""
    query = select(Outbound).where(Outbound.state.in_(_GOING), Outbound.is_materialised.is_(False), *covers(scope))
    found = [(one.id, refusal) for one in session.scalars(query) if (refusal := checks.missed(one)) is not None]
    for outbound_id, refusal in found:
        refused.carry_out(session, outbound_id, refusal)
    return len(found)


def on_the_wire(session: Session, scope: Scope, since: datetime, *, limit: int = SHOWN) -> list[OnTheWire]:
    """Return the messages that were leaving when a stop came, or had begun before it was heard, the latest first.

    Answered since the press, or without an answer yet: those by the run's own journal where it is on this machine.
    """
    touched = select(Outbound.id).where(
        Outbound.kind == ActKind.EMAIL_CAMPAIGN,
        Outbound.started_at.is_not(None),
        or_(Outbound.finished_at.is_(None), Outbound.finished_at >= since),
        *covers(scope),
    )
    query = (
        select(Delivery, ApprovalQueue)
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(Delivery.outbound_id.in_(touched), _was_leaving(since))
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    rows = session.execute(query).all()
    gone = _left_by_journal(session, [row for row, _item in rows])
    return [
        OnTheWire(title=item.title, item_id=item.public_id, address=row.address, state=row.state,
                  at=row.sent_at or row.leaving_at)
        for row, item in rows
        if row.state is not DeliveryState.CLAIMED or row.id in gone
    ]  # fmt: skip


def _waiting(outbound: Outbound, item: ApprovalQueue, numbers: dict[DeliveryState, int]) -> Waiting:
    waits = numbers.get(DeliveryState.QUEUED, 0) + numbers.get(DeliveryState.CLAIMED, 0)
    return Waiting(
        public_id=item.public_id,
        title=item.title,
        subject_id=item.subject_id,
        audience_label=item.audience_label,
        is_running=outbound.started_at is not None,
        is_paused=outbound.is_paused,
        due_at=outbound.due_at,
        left=sum(numbers.values()) - waits,
        waits=waits if outbound.is_materialised else max(waits, item.audience_count),
        goes_back=checks.missed(outbound) is not None,
    )


def _was_leaving(since: datetime) -> ColumnElement[bool]:
    has_no_answer = and_(Delivery.state == DeliveryState.CLAIMED, Delivery.leaving_at.is_not(None))
    return or_(has_no_answer, and_(Delivery.state.in_(_ANSWERED), Delivery.leaving_at >= since))


def _left_by_journal(session: Session, rows: Sequence[Delivery]) -> set[int]:
    """Return which claimed rows left: what the journal knows; without one, whatever may have."""
    claimed = [row for row in rows if row.state is DeliveryState.CLAIMED]
    folder = settings_of(session).home / "journal"
    notes = {run: journal.read(folder, run) for run in {row.claimed_by for row in claimed}}
    return {row.id for row in claimed if _has_left(row, notes[row.claimed_by])}


def _has_left(row: Delivery, noted: dict[int, journal.Answer] | None) -> bool:
    if noted is None:
        return True
    answer = noted.get(row.id)
    return answer is not None and answer.outcome is not Outcome.RETRY
