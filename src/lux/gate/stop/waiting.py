"""What a stop holds: which items wait with how many recipients, and what its end sends back for a new yes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, func, select

from lux.gate import checks, reads, refused
from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.states import DeliveryState, OutboundState
from lux.gate.stop.covering import covers
from lux.kit import clock
from lux.ports.acts import ActKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.stop.scopes import Scope

_GOING: Final = (OutboundState.READY, OutboundState.WORKING)
_KINDS: Final = (ActKind.EMAIL_CAMPAIGN, ActKind.SERIES)
SHOWN: Final = 50


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One item with a yes that has not ended."""

    public_id: uuid.UUID  # of its item
    title: str
    subject_id: int | None
    audience_label: str
    is_series: bool  # it sends nothing itself: `due_at` is its next run
    is_running: bool
    is_paused: bool
    due_at: datetime | None
    left: int  # recipients with an outcome
    waits: int  # recipients without one; before they are written down, how many were counted
    goes_back: bool  # past its window: the end of the stop asks for a new yes


def waiting(session: Session, scope: Scope | None = None, *, limit: int = SHOWN) -> list[Waiting]:
    """Return what has a yes and has not ended, under a scope or all; who runs first stands first."""
    query = (
        select(Outbound, ApprovalQueue)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(*_going(scope))
        .order_by(Outbound.started_at.is_(None), Outbound.id.desc())
        .limit(limit)
    )
    rows = session.execute(query).all()
    counts = reads.counts(session, [outbound.id for outbound, _item in rows])
    return [_waiting(outbound, item, counts.get(outbound.id, {})) for outbound, item in rows]


def count(session: Session, scope: Scope | None = None) -> int:
    """Return how many have a yes and have not ended, under a scope or all."""
    return session.scalar(select(func.count(Outbound.id)).where(*_going(scope))) or 0


def count_missed(session: Session, scope: Scope) -> int:
    """Return how many the end of a stop sends back for a new yes: what `return_missed` finds, counted."""
    is_missed = Outbound.due_at < clock.now() - checks.MISSED_AFTER
    query = select(func.count(Outbound.id)).where(
        Outbound.kind == ActKind.EMAIL_CAMPAIGN, is_missed, *_not_begun(), *covers(scope)
    )
    return session.scalar(query) or 0


def return_missed(session: Session, scope: Scope) -> int:
    """Send what is past its window back for a new yes; returns how many. For the company of the session."""
    query = select(Outbound).where(*_not_begun(), *covers(scope))
    found = [(one.id, refusal) for one in session.scalars(query) if (refusal := checks.missed(one)) is not None]
    for outbound_id, refusal in found:
        refused.carry_out(session, outbound_id, refusal)
    return len(found)


def _going(scope: Scope | None) -> list[ColumnElement[bool]]:
    return [Outbound.state.in_(_GOING), Outbound.kind.in_(_KINDS), *(covers(scope) if scope else ())]


def _not_begun() -> list[ColumnElement[bool]]:
    return [Outbound.state.in_(_GOING), Outbound.is_materialised.is_(False)]


def _waiting(outbound: Outbound, item: ApprovalQueue, numbers: dict[DeliveryState, int]) -> Waiting:
    waits = numbers.get(DeliveryState.QUEUED, 0) + numbers.get(DeliveryState.CLAIMED, 0)
    return Waiting(
        public_id=item.public_id,
        title=item.title,
        subject_id=item.subject_id,
        audience_label=item.audience_label,
        is_series=outbound.kind is ActKind.SERIES,
        is_running=outbound.started_at is not None,
        is_paused=outbound.is_paused,
        due_at=outbound.due_at,
        left=sum(numbers.values()) - waits,
        waits=waits if outbound.is_materialised else max(waits, item.audience_count),
        goes_back=checks.missed(outbound) is not None,
    )
