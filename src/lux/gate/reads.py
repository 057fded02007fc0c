"""What rooms may see of the gate: items, outbounds, deliveries and their counts, as frozen values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, or_, select
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalQueue, ApprovalVersion, Delivery, Outbound, OutboundLink
from lux.gate.states import DeliveryState, ItemState, OutboundState
from lux.gate.views import DeliveryView, ItemView, LinkView, OutboundView, delivery_view, item_view, outbound_view
from lux.kit import clock
from lux.kit.errors import NotFound
from lux.ports.acts import DECIDED_WHERE_MADE, UNLISTED, ActKind

__all__ = ["DeliveryState", "DeliveryView", "ItemState", "ItemView", "LinkView", "OutboundState", "OutboundView"]

# On the wire, or ended without a yes of the next server: an open or a click proves all the same that it arrived.
WITHOUT_ANSWER = (DeliveryState.CLAIMED, DeliveryState.UNKNOWN, DeliveryState.FAILED, DeliveryState.BOUNCED)


def outbound(session: Session, outbound_id: int, *, with_counts: bool = False) -> OutboundView:
    """Return one outbound; raises NotFound."""
    found = outbounds(session, [outbound_id], with_counts=with_counts).get(outbound_id)
    if found is None:
        raise NotFound
    return found


def outbounds(session: Session, ids: Sequence[int], *, with_counts: bool = False) -> dict[int, OutboundView]:
    """Return outbounds by id, set-based."""
    query = (
        select(Outbound, ApprovalQueue)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(Outbound.id.in_(ids))
    )
    numbers = counts(session, ids) if with_counts else {}
    arrived = proven(session, ids) if with_counts else {}
    return {
        o.id: outbound_view(o, item, numbers.get(o.id, {}), proven=arrived.get(o.id, 0))
        for o, item in session.execute(query)
    }


def counts(session: Session, outbound_ids: Sequence[int]) -> dict[int, dict[DeliveryState, int]]:
    """Return how many deliveries are in which state, per outbound."""
    query = (
        select(Delivery.outbound_id, Delivery.state, func.count())
        .where(Delivery.outbound_id.in_(outbound_ids))
        .group_by(Delivery.outbound_id, Delivery.state)
    )
    found: dict[int, dict[DeliveryState, int]] = {}
    for outbound_id, state, number in session.execute(query):
        found.setdefault(outbound_id, {})[state] = number
    return found


def proven(session: Session, outbound_ids: Sequence[int]) -> dict[int, int]:
    """Return how many messages, per outbound, arrived by what people did with them though no answer said so."""
    query = (
        select(Delivery.outbound_id, func.count())
        .where(
            Delivery.outbound_id.in_(outbound_ids),
            Delivery.state.in_(WITHOUT_ANSWER),
            or_(
                Delivery.first_opened_at.is_not(None),
                Delivery.first_clicked_at.is_not(None),
                Delivery.unsubscribed_at.is_not(None),
            ),
        )
        .group_by(Delivery.outbound_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def skip_reasons(session: Session, outbound_id: int) -> dict[str, int]:
    """Return why recipients were skipped, and how many each."""
    query = (
        select(Delivery.error, func.count())
        .where(Delivery.outbound_id == outbound_id, Delivery.state == DeliveryState.SKIPPED)
        .group_by(Delivery.error)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def subject_outbounds(
    _session: Session, subject_type: str, states: Sequence[OutboundState], *, is_paused: bool | None = None
) -> Select[int]:
    """Return SELECT outbound.id of a subject type in some states, to filter a room's own list by."""
    query = select(Outbound.id).where(Outbound.subject_type == subject_type, Outbound.state.in_(states))
    return query if is_paused is None else query.where(Outbound.is_paused.is_(is_paused))


def item_outbounds(_session: Session, subject_type: str, states: Sequence[ItemState]) -> Select[int]:
    """Return SELECT outbound.id whose items are in some states."""
    return (
        select(Outbound.id)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(Outbound.subject_type == subject_type, ApprovalQueue.state.in_(states))
    )


def items(
    session: Session,
    *,
    states: Sequence[ItemState] = (),
    before_id: int | None = None,
    limit: int = 50,
    with_automatic: bool = False,
    text: str = "",
) -> list[ItemView]:
    """Return approval items, newest first, whose title holds the text; automatic ones (system, test) only if asked."""
    query = select(ApprovalQueue).order_by(ApprovalQueue.id.desc()).limit(limit)
    if text:
        query = query.where(func.lower(ApprovalQueue.title).contains(text.lower(), autoescape=True, escape="/"))
    if not with_automatic:
        query = query.where(ApprovalQueue.kind.not_in(UNLISTED))
    if states:
        query = query.where(ApprovalQueue.state.in_(states))
    if before_id is not None:
        query = query.where(ApprovalQueue.id < before_id)
    return [item_view(row) for row in session.scalars(query)]


def item(session: Session, public_id: uuid.UUID) -> ItemView:
    """Return one approval item; raises NotFound, for a system mail too: what it carries is its recipient's alone."""
    query = select(ApprovalQueue).where(ApprovalQueue.public_id == public_id)
    row = session.scalar(query.where(ApprovalQueue.kind.not_in((ActKind.SYSTEM_EMAIL, *DECIDED_WHERE_MADE))))
    if row is None:
        raise NotFound
    return item_view(row)


def subjects_holding(subject_type: str, fragment: str) -> Select[int | None]:
    """Return SELECT of the ids of a room's records of which something was submitted that holds a fragment."""
    held = cast(ApprovalQueue.body, Text).contains(fragment, autoescape=True, escape="/")
    return select(ApprovalQueue.subject_id).where(ApprovalQueue.subject_type == subject_type, held)


def item_of_subject(session: Session, subject: tuple[str, int]) -> ItemView | None:
    """Return the newest item about a room's record, or None."""
    row = session.scalar(
        select(ApprovalQueue)
        .where(ApprovalQueue.subject_type == subject[0], ApprovalQueue.subject_id == subject[1])
        .order_by(ApprovalQueue.id.desc())
        .limit(1)
    )
    return item_view(row) if row else None


def item_outbound(session: Session, item_id: int, *, with_counts: bool = True) -> OutboundView:
    """Return the outbound of an item."""
    found = session.scalar(select(Outbound.id).where(Outbound.item_id == item_id))
    if found is None:
        raise NotFound
    return outbound(session, found, with_counts=with_counts)


def last_approved(session: Session, item_id: int, *, before_version: int) -> Mapping[str, Any] | None:
    """Return the body that was approved last before a version, or None."""
    return session.scalar(
        select(ApprovalVersion.body)
        .where(
            ApprovalVersion.item_id == item_id,
            ApprovalVersion.version < before_version,
            ApprovalVersion.was_approved.is_(True),
        )
        .order_by(ApprovalVersion.version.desc())
        .limit(1)
    )


def previous_version(session: Session, item_id: int, *, before_version: int) -> Mapping[str, Any] | None:
    """Return the body one version earlier, or None."""
    return session.scalar(
        select(ApprovalVersion.body)
        .where(ApprovalVersion.item_id == item_id, ApprovalVersion.version < before_version)
        .order_by(ApprovalVersion.version.desc())
        .limit(1)
    )


def hashes_of_subject(session: Session, subject: tuple[str, int]) -> list[tuple[str, bool]]:
    """Return the hash of every version of a record's items, the oldest first, and whether a person said yes to it."""
    query = (
        select(ApprovalVersion.content_hash, ApprovalVersion.was_approved)
        .join(ApprovalQueue, ApprovalQueue.id == ApprovalVersion.item_id)
        .where(ApprovalQueue.subject_type == subject[0], ApprovalQueue.subject_id == subject[1])
        .order_by(ApprovalVersion.item_id, ApprovalVersion.version)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def waiting(session: Session) -> tuple[int, datetime | None]:
    """Return how many items wait for a yes, and since when the oldest."""
    query = select(func.count(), func.min(ApprovalQueue.submitted_at)).where(
        ApprovalQueue.state == ItemState.PENDING, ApprovalQueue.kind.not_in(UNLISTED)
    )
    number, oldest = session.execute(query).one()
    return int(number), oldest


def links(session: Session, outbound_id: int) -> dict[int, str]:
    """Return the tracked targets by number."""
    query = select(OutboundLink.number, OutboundLink.url).where(OutboundLink.outbound_id == outbound_id)
    return {row[0]: row[1] for row in session.execute(query.order_by(OutboundLink.number))}


def tracked_links(session: Session, outbound_id: int) -> list[LinkView]:
    """Return the tracked targets in order, with the ids their clicks are counted under."""
    query = select(OutboundLink).where(OutboundLink.outbound_id == outbound_id).order_by(OutboundLink.number)
    return [LinkView(id=row.id, number=row.number, url=row.url) for row in session.scalars(query)]


def deliveries(
    session: Session,
    outbound_id: int,
    *,
    states: Sequence[DeliveryState] = (),
    address_prefix: str = "",
    after_id: int = 0,
    limit: int = 50,
) -> list[DeliveryView]:
    """Return one outbound's recipients by id (keyset), filtered by state and beginning of the address."""
    query = select(Delivery).where(*_among(outbound_id, states, address_prefix), Delivery.id > after_id)
    return [delivery_view(row) for row in session.scalars(query.order_by(Delivery.id).limit(limit))]


def delivery_count(
    session: Session, outbound_id: int, *, states: Sequence[DeliveryState] = (), address_prefix: str = ""
) -> int:
    """Return how many recipients of one outbound fit."""
    return session.scalar(select(func.count(Delivery.id)).where(*_among(outbound_id, states, address_prefix))) or 0


def _among(outbound_id: int, states: Sequence[DeliveryState], prefix: str) -> list[ColumnElement[bool]]:
    found = [Delivery.outbound_id == outbound_id]
    found += [Delivery.state.in_(states)] if states else []
    found += [Delivery.address_key >= prefix, Delivery.address_key < prefix + "\uffff"] if prefix else []
    return found


def delivery(session: Session, delivery_id: int) -> DeliveryView:
    """Return one delivery; raises NotFound."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    return delivery_view(row)


def pace(session: Session, outbound_id: int, *, sample: int = 200) -> float | None:
    """Return messages per second over the latest ones; None when too few left within the last half minute."""
    since = clock.now() - timedelta(seconds=30)
    latest: list[datetime] = []
    for state in (DeliveryState.SENT, DeliveryState.CAPTURED):
        query = (
            select(Delivery.sent_at)
            .where(Delivery.outbound_id == outbound_id, Delivery.state == state)
            .order_by(Delivery.id.desc())
            .limit(sample)
        )
        latest.extend(at for at in session.scalars(query) if at is not None and at >= since)
    seconds = (max(latest) - min(latest)).total_seconds() if len(latest) > 1 else 0.0
    return (len(latest) - 1) / seconds if seconds > 0 else None


def contact_deliveries(session: Session, contact_id: int, limit: int = 20) -> list[tuple[DeliveryView, ItemView]]:
    """Return what one contact got, newest first."""
    query = (
        select(Delivery, ApprovalQueue)
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(Delivery.contact_id == contact_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    return [(delivery_view(d), item_view(i)) for d, i in session.execute(query)]


def starting(session: Session, moment: datetime) -> list[OutboundView]:
    """Return what has its yes and begins before a moment, the soonest first: it can still be taken back."""
    query = select(Outbound.id).where(
        Outbound.state == OutboundState.READY,
        Outbound.is_paused.is_(False),
        Outbound.due_at > clock.now(),
        Outbound.due_at <= moment,
    )
    found = outbounds(session, list(session.scalars(query.order_by(Outbound.due_at, Outbound.id).limit(50))))
    return sorted((one for one in found.values() if one.due_at is not None), key=lambda one: (one.due_at, one.id))


def overdue(session: Session) -> int:
    """Return how many outbounds should have started more than two minutes ago."""
    late = clock.now().timestamp() - 120
    query = select(Outbound.due_at).where(Outbound.state == OutboundState.READY, Outbound.is_paused.is_(False))
    return sum(1 for due in session.scalars(query) if due and due.timestamp() < late)
