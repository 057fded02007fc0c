"""What recipients do with a message: opens, clicks, unsubscribes; each a fact, firsts marked on the delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from lux.gate import consent
from lux.gate.consent import ConsentEntry, Standing
from lux.gate.models import Delivery, Outbound, OutboundLink
from lux.gate.states import ConsentState, SuppressionReason
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import NotFound
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ledger.models import Fact
from lux.ports.acts import ActKind

RETURNABLE = (None, SuppressionReason.UNSUBSCRIBED)  # what one's own word can lift


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whose delivery a link belongs to."""

    delivery_id: int
    contact_id: int | None
    address: str
    address_key: str
    channel: str
    is_unsubscribed: bool  # by their word, whatever else keeps mail from them
    may_return: bool  # nothing else does, so that taking it back would bring mail again


def delivery_company(db: Database, delivery_id: int) -> int | None:
    """Return the company of a delivery that a token proved, or None when it is gone."""
    with db.read(ALL_COMPANIES) as session:
        return session.scalar(select(Delivery.company_id).where(Delivery.id == delivery_id))


def recipient(session: Session, delivery_id: int) -> Recipient:
    """Return whose delivery it is; raises NotFound."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    standing = consent.status(session, row.channel, [row.address_key])[row.address_key]
    return Recipient(
        delivery_id=row.id,
        contact_id=row.contact_id,
        address=row.address,
        address_key=row.address_key,
        channel=row.channel,
        is_unsubscribed=_has_left(standing),
        may_return=standing.suppressed in RETURNABLE,
    )


def _has_left(standing: Standing) -> bool:
    return standing.suppressed is SuppressionReason.UNSUBSCRIBED or standing.state is ConsentState.WITHDRAWN


def opened(session: Session, delivery_id: int, *, properties: Mapping[str, Any] | None = None) -> int | None:
    """Record an open; returns the contact id, or None when nobody is to be credited."""
    found = _find(session, delivery_id)
    if found is None:
        return None
    row, outbound = found
    is_first = _first(session, row, Delivery.first_opened_at)
    _record(session, "email.opened", row, outbound, is_first=is_first, properties=properties or {})
    return row.contact_id


def clicked(
    session: Session, delivery_id: int, number: int, *, properties: Mapping[str, Any] | None = None
) -> tuple[str, int | None]:
    """Record a click; returns the stored target and the contact id. Raises NotFound for an unknown link."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    link = session.scalar(
        select(OutboundLink).where(OutboundLink.outbound_id == row.outbound_id, OutboundLink.number == number)
    )
    if link is None:
        raise NotFound
    found = _find(session, delivery_id)
    if found is None:
        return link.url, None
    is_new = not _has_followed(session, row, number)
    is_first = _first(session, row, Delivery.first_clicked_at)
    _record(session, "email.clicked", row, found[1], is_first=is_first, part=("link", link.id),
            is_first_of_part=is_new, properties={**(properties or {}), "link": number})  # fmt: skip
    return link.url, row.contact_id


def unsubscribe(session: Session, delivery_id: int, *, source: str, proof: Mapping[str, Any]) -> bool:
    """Withdraw consent and suppress the address of a delivery; False when that was so already."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    changed = consent.withdraw(
        session,
        channel=row.channel,
        address_key=row.address_key,
        contact_id=row.contact_id,
        source=source,
        proof=proof,
        outbound_id=row.outbound_id,
    )
    found = _find(session, delivery_id)
    if changed and found is not None:
        is_first = _first(session, row, Delivery.unsubscribed_at)
        _record(session, "email.unsubscribed", row, found[1], is_first=is_first, properties={"source": source})
    return changed


def resubscribe(session: Session, delivery_id: int, *, source: str, wording: str, proof: Mapping[str, Any]) -> bool:
    """Give consent anew after an unsubscribe by the same link; False when there was nothing to take back."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    standing = consent.status(session, row.channel, [row.address_key])[row.address_key]
    if not _has_left(standing) or standing.suppressed not in RETURNABLE:
        return False
    consent.release(session, channel=row.channel, address_key=row.address_key)
    consent.record(
        session,
        ConsentEntry(
            channel=row.channel,
            address_key=row.address_key,
            contact_id=row.contact_id,
            state=ConsentState.GIVEN,
            basis="opt_in",
            source=source,
            wording=wording,
            proof=proof,
        ),
        actor="person",
    )
    return True


def forget(session: Session, contact_id: int, address_key: str | None) -> int:
    """Blank an erased person's deliveries; the rows stay, so that figures stay true."""
    condition: ColumnElement[bool] = Delivery.contact_id == contact_id
    if address_key:
        condition = condition | (Delivery.address_key == address_key)
    rows = session.scalars(select(Delivery).where(condition)).all()
    for row in rows:
        row.contact_id, row.address, row.address_key, row.message = None, "", f"erased:{row.id}", ""
    session.flush()
    return len(rows)


def _find(session: Session, delivery_id: int) -> tuple[Delivery, Outbound] | None:
    query = (
        select(Delivery, Outbound)
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .where(Delivery.id == delivery_id, Outbound.kind == ActKind.EMAIL_CAMPAIGN)
    )
    found = session.execute(query).first()
    return (found[0], found[1]) if found else None


def _first(session: Session, row: Delivery, column: InstrumentedAttribute[Any]) -> bool:
    result = session.execute(
        update(Delivery)
        .where(Delivery.id == row.id, column.is_(None))
        .values({column: clock.now()})
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def _has_followed(session: Session, row: Delivery, number: int) -> bool:
    """Say whether this delivery's link was followed before; the first click locks the row, so that one is first."""
    if row.contact_id is None:
        return row.first_clicked_at is not None
    session.scalar(select(Delivery.id).where(Delivery.id == row.id).with_for_update())
    query = select(Fact.properties).where(Fact.contact_id == row.contact_id, Fact.kind == "email.clicked")
    return any(known.get("delivery") == row.id and known.get("link") == number for known in session.scalars(query))


def _record(
    session: Session,
    kind: str,
    row: Delivery,
    outbound: Outbound,
    *,

    properties: Mapping[str, Any],
    part: tuple[str, int] | None = None,
    
) -> None:
    subject = (outbound.subject_type, outbound.subject_id) if outbound.subject_id else None
    facts.record(
        session,
        NewFact(
            kind=kind,
            contact_id=row.contact_id,
            subject=subject,
            channel=row.channel,
            actor="person",
            properties={"delivery": row.id, **properties},
            is_first=is_first,
            part=part,
            is_first_of_part=is_first_of_part,
        ),
    )
