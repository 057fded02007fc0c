"""Recipients as rows: written down once, claimed in batches, ended with an outcome, recovered after a crash."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Select, Table, case, func, insert, literal, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lux.gate import audience, consent, moves
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import ITEM_MOVES, DeliveryState, ItemState, OutboundState
from lux.gate.traces import domain_of
from lux.kit import clock
from lux.kit.db.session import dialect_of
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ports.acts import ActKind, AudienceRef

CHUNK = 5_000  # recipients written down per transaction
LEASE = dt.timedelta(seconds=60)
_COLUMNS = ("company_id", "outbound_id", "channel", "contact_id", "address", "address_key", "state", "error",
            "attempts", "claimed_by", "message")  # fmt: skip


def write_down(session: Session, outbound: Outbound, ref: AudienceRef, *, after_contact_id: int) -> int | None:
    """Write the next chunk of recipients; returns the last contact id, or None when all are written.

    Running it again writes nobody twice: (outbound, address, channel) is unique.
    """
    chosen = audience.members(session, ref).subquery("chosen")
    part = (
        select(chosen.c.contact_id, chosen.c.address, chosen.c.address_key)
        .where(chosen.c.contact_id > after_contact_id)
        .order_by(chosen.c.contact_id)
        .limit(CHUNK)
    )
    last = session.scalar(select(func.max(part.subquery("part").c.contact_id)))
    if last is None:
        outbound.is_materialised = True
        session.flush()
        return None
    session.connection().execute(_insert(session, _recipients(outbound, part.subquery("part"))))
    return int(last)


def _recipients(outbound: Outbound, part: Any) -> Select[Any]:  # noqa: ANN401 - a subquery of any columns
    company = literal(outbound.company_id)
    suppressed = consent.suppression_exists(company, part.c.address_key, outbound.channel)
    mailable = consent.mailable(company, part.c.address_key, outbound.channel)
    state = case((mailable, literal(DeliveryState.QUEUED.value)), else_=literal(DeliveryState.SKIPPED.value))
    why = case((mailable, literal("")), (suppressed, literal("suppressed")), else_=literal("no_consent"))
    return select(
        company, literal(outbound.id), literal(outbound.channel), part.c.contact_id, part.c.address,
        part.c.address_key, state, why, literal(0), literal(""), literal(""),
    ).where(part.c.contact_id.is_not(null()))  # fmt: skip


def _insert(session: Session, chosen: Select[Any]) -> Any:  # noqa: ANN401 - one of three dialects' inserts
    table, dialect = cast("Table", Delivery.__table__), dialect_of(session)
    if dialect == "mysql":
        return insert(table).prefix_with("IGNORE").from_select(_COLUMNS, chosen)
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return make(table).from_select(_COLUMNS, chosen).on_conflict_do_nothing()


def claim(session: Session, outbound: Outbound, *, run: str, size: int) -> list[Delivery]:
    """Take the next due recipients for one run, under a lease."""
    if size <= 0:
        return []
    now = clock.now()
    ids = list(
        session.scalars(
            select(Delivery.id)
            .where(
                Delivery.outbound_id == outbound.id,
                Delivery.state == DeliveryState.QUEUED,
                (Delivery.due_at.is_(None)) | (Delivery.due_at <= now),
            )
            .order_by(Delivery.id)
            .limit(size)
            .with_for_update(skip_locked=True)
        )
    )
    if not ids:
        return []
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == DeliveryState.QUEUED)
        .values(
            state=DeliveryState.CLAIMED,
            claimed_by=run,
            lease_until=now + LEASE,
            attempts=Delivery.attempts + 1,
            due_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    rows = list(session.scalars(select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id)))
    return rows if outbound.kind is not ActKind.EMAIL_CAMPAIGN else _without_blocked(session, outbound, rows)


def _without_blocked(session: Session, outbound: Outbound, rows: list[Delivery]) -> list[Delivery]:
    """Skip those whose consent or suppression changed since they were written down."""
    standing = consent.status(session, outbound.channel, [row.address_key for row in rows])
    kept = []
    for row in rows:
        known = standing[row.address_key]
        if known.is_mailable:
            kept.append(row)
            continue
        row.state = DeliveryState.SKIPPED
        row.error = "suppressed" if known.suppressed else "no_consent"
        row.claimed_by, row.lease_until = "", None
    session.flush()
    return kept


def mark_leaving(session: Session, ids: Sequence[int]) -> None:
    """Note that the bytes of these may be on the wire from now on; renews their lease."""
    now = clock.now()
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(leaving_at=now, lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, ids: Sequence[int], *, run: str) -> None:
    """Put back what a run had claimed and never left; what another run has taken over meanwhile is that one's."""
    if not ids:
        return
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == DeliveryState.CLAIMED, Delivery.claimed_by == run)
        .values(
            state=DeliveryState.QUEUED,
            claimed_by="",
            lease_until=None,
            leaving_at=None,
            attempts=Delivery.attempts - 1,
        )
        .execution_options(synchronize_session=False)
    )


def skip_queued(session: Session, outbound: Outbound, *, error: str = "cancelled", message: str = "") -> int:
    """End what waits under an outbound that was cancelled or refused; returns how many will not get it."""
    result = session.execute(
        update(Delivery)
        .where(Delivery.outbound_id == outbound.id, Delivery.state == DeliveryState.QUEUED)
        .values(state=DeliveryState.SKIPPED, error=error, message=message[:500])
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def settle(session: Session, outbound: Outbound, row: Delivery, *, was_sent: bool) -> None:
    """End one delivery whose outcome became known later."""
    if not was_sent:
        row.state, row.error = DeliveryState.FAILED, "Ambiguous"
        session.flush()
        return
    row.state = DeliveryState.SENT
    row.sent_at, row.error, row.message = row.leaving_at or clock.now(), "", ""
    session.flush()
    record_sent(session, outbound, [row], captured=False)


def record_sent(session: Session, outbound: Outbound, rows: Sequence[Delivery], *, captured: bool) -> None:
    """Record a fact per message of a campaign; test and system mails are not figures."""
    if outbound.kind is not ActKind.EMAIL_CAMPAIGN or outbound.subject_id is None:
        return
    kind = "email.captured" if captured else "email.sent"
    subject = (outbound.subject_type, outbound.subject_id)
    facts.record_many(
        session,
        [
            NewFact(
                kind=kind,
                contact_id=row.contact_id,
                subject=subject,
                channel=outbound.channel,
                facets={"domain": domain_of(row.address)},
            )
            for row in rows
        ],
    )


def close(session: Session, outbound: Outbound, item: ApprovalQueue) -> None:
    """End an outbound all of whose deliveries have ended; what is unknown keeps it open and says so."""
    query = select(Delivery.state, func.count()).where(Delivery.outbound_id == outbound.id).group_by(Delivery.state)
    numbers: dict[DeliveryState, int] = {row[0]: row[1] for row in session.execute(query)}
    left = sum(numbers.get(state, 0) for state in (DeliveryState.SENT, DeliveryState.CAPTURED, DeliveryState.DELIVERED))
    if numbers.get(DeliveryState.UNKNOWN):
        moves.move_outbound(session, outbound, OutboundState.UNKNOWN, finished_at=clock.now())
        moves.tell(session, item, "unknown")
        return
    failed = numbers.get(DeliveryState.FAILED, 0)
    state = OutboundState.FAILED if failed and not left else OutboundState.DONE
    moves.move_outbound(session, outbound, state, finished_at=clock.now())
    to = ItemState.FAILED if state is OutboundState.FAILED else ItemState.PUBLISHED
    if to in ITEM_MOVES[item.state]:
        moves.move_item(session, item, to)
        moves.write_down(session, f"approval.{to.value}", item, by=None, detail={"sent": left, "failed": failed})
    moves.tell(session, item, "failed" if state is OutboundState.FAILED else "done")
