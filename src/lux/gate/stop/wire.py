"""Which messages were on the wire when a stop came: answered after the press, or without an answer yet."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from lux.gate import journal
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState
from lux.gate.stop.covering import covers
from lux.kit.db.session import settings_of
from lux.ports.acts import ActKind
from lux.ports.receipts import Outcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.stop.scopes import Scope

_ANSWERED: Final = (DeliveryState.SENT, DeliveryState.CAPTURED, DeliveryState.FAILED, DeliveryState.UNKNOWN,
                    DeliveryState.DELIVERED, DeliveryState.BOUNCED)  # fmt: skip
SHOWN: Final = 50


@dataclass(frozen=True, kw_only=True)
class OnTheWire:
    """One message that left at, or right after, the press."""

    title: str
    item_id: uuid.UUID
    address: str
    state: DeliveryState
    at: datetime | None


def on_the_wire(
    session: Session, scope: Scope, since: datetime, *, limit: int = SHOWN
) -> tuple[Sequence[OnTheWire], int]:
    """Return the messages that were leaving when a stop came, or had begun before it was heard, and how many in all.

    The latest first; without an answer yet are those that have left by their run's own journal, where it is on this
    machine (a run claims few at once, so these are read in full).
    """
    touched = _touched(scope, since)
    open_rows = session.execute(_rows().where(Delivery.outbound_id.in_(touched), _has_no_answer())).all()
    gone = _left_by_journal(session, [row for row, _item in open_rows])
    kept = [(row, item) for row, item in open_rows if row.id in gone]
    is_answered = and_(Delivery.outbound_id.in_(touched), Delivery.state.in_(_ANSWERED), Delivery.leaving_at >= since)
    total = session.scalar(select(func.count(Delivery.id)).where(is_answered)) or 0
    answered = session.execute(_rows().where(is_answered).order_by(Delivery.id.desc()).limit(limit)).all()
    found = sorted([*kept, *[(row, item) for row, item in answered]], key=lambda one: -one[0].id)
    return [_view(row, item) for row, item in found[:limit]], total + len(kept)


def _rows() -> Select[Delivery, ApprovalQueue]:
    return (
        select(Delivery, ApprovalQueue)
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
    )


def _touched(scope: Scope, since: datetime) -> Select[int]:
    return select(Outbound.id).where(
        Outbound.kind == ActKind.EMAIL_CAMPAIGN,
        Outbound.started_at.is_not(None),
        or_(Outbound.finished_at.is_(None), Outbound.finished_at >= since),
        *covers(scope),
    )


def _has_no_answer() -> ColumnElement[bool]:
    return and_(Delivery.state == DeliveryState.CLAIMED, Delivery.leaving_at.is_not(None))


def _view(row: Delivery, item: ApprovalQueue) -> OnTheWire:
    at = row.sent_at or row.leaving_at
    return OnTheWire(title=item.title, item_id=item.public_id, address=row.address, state=row.state, at=at)


def _left_by_journal(session: Session, claimed: Sequence[Delivery]) -> set[int]:
    """Return which claimed rows left: what the journal knows; without one, whatever may have."""
    folder = settings_of(session).home / "journal"
    notes = {run: journal.read(folder, run) for run in {row.claimed_by for row in claimed}}
    return {row.id for row in claimed if _has_left(row, notes[row.claimed_by])}


def _has_left(row: Delivery, noted: dict[int, journal.Answer] | None) -> bool:
    if noted is None:
        return True
    answer = noted.get(row.id)
    return answer is not None and answer.outcome is not Outcome.RETRY
