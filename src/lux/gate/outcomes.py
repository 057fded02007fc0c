"""Receipts become states, facts and suppressions, a window at a time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session

from lux.gate import charging, consent, deliveries
from lux.gate.models import Delivery, Outbound
from lux.gate.states import DeliveryState, SuppressionReason
from lux.gate.toggles import quota
from lux.gate.traces import domain_of
from lux.kit import clock
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ports.acts import ActKind
from lux.ports.receipts import Outcome, Receipt

MAX_ATTEMPTS = 8
FIRST_DELAY = 2.0  # seconds; doubles with every try, with full jitter
LONGEST_DELAY = 900.0

_STATES = {
    Outcome.SENT: DeliveryState.SENT,
    Outcome.CAPTURED: DeliveryState.CAPTURED,
    Outcome.FAILED: DeliveryState.FAILED,
    Outcome.REFUSED: DeliveryState.FAILED,
    Outcome.UNKNOWN: DeliveryState.UNKNOWN,
    Outcome.RETRY: DeliveryState.QUEUED,
}


def record(session: Session, outbound: Outbound, rows: Mapping[int, Delivery], receipts: Sequence[Receipt]) -> None:
    """Write one window's outcomes: states, facts, suppressions, in the caller's transaction."""
    if not receipts:
        return
    values = [_values(rows[receipt.delivery_id], receipt) for receipt in receipts]
    table = cast("Table", Delivery.__table__)
    statement = (
        update(table)
        .where(
            table.c.id == bindparam("row_id"),
            table.c.company_id == outbound.company_id,
            table.c.state == DeliveryState.CLAIMED,
        )
        .values(
            **{
                name: bindparam("new_" + name)
                for name in ("state", "code", "error", "message", "provider_id", "sent_at", "due_at", "leaving_at")
            },
            claimed_by="",
            lease_until=None,
        )
    )
    session.connection().execute(statement, values)
    for outcome in (Outcome.SENT, Outcome.CAPTURED):
        gone = [rows[r.delivery_id] for r in receipts if r.outcome is outcome]
        if gone:
            deliveries.record_sent(session, outbound, gone, captured=outcome is Outcome.CAPTURED)
    _suppress_refused(session, outbound, rows, receipts)
    # Last: these rows are shared by all that leave today.
    quota.count(session, outbound, receipts)
    charging.charge(session, outbound, receipts)


def _values(row: Delivery, receipt: Receipt) -> dict[str, object]:
    state, due_at = _STATES[receipt.outcome], None
    if receipt.outcome is Outcome.RETRY:
        if row.attempts >= MAX_ATTEMPTS:
            state = DeliveryState.FAILED
        else:
            due_at = clock.now() + dt.timedelta(seconds=receipt.retry_after or delay(row.attempts))
    is_out = receipt.outcome in {Outcome.SENT, Outcome.CAPTURED}
    return {
        "row_id": row.id,
        "new_state": state,
        "new_code": receipt.code,
        "new_error": "" if is_out else (receipt.error or "")[:32],
        "new_message": receipt.message[:500],
        "new_provider_id": (receipt.provider_id or "")[:200] or None,
        "new_sent_at": receipt.at if is_out else None,
        "new_due_at": due_at,
        "new_leaving_at": None if receipt.outcome is Outcome.RETRY else receipt.at,
    }


def delay(attempts: int) -> float:
    """Return the seconds until the next try: full jitter below a doubling bound."""
    bound = min(LONGEST_DELAY, FIRST_DELAY * 2 ** max(0, attempts - 1))
    return random.uniform(bound / 2, bound)  # noqa: S311 - jitter, not a secret


def _suppress_refused(
    session: Session, outbound: Outbound, rows: Mapping[int, Delivery], receipts: Sequence[Receipt]
) -> None:
    refused = [(rows[r.delivery_id], r) for r in receipts if r.outcome is Outcome.REFUSED]
    if not refused or outbound.kind is not ActKind.EMAIL_CAMPAIGN:
        return
    consent.suppress_many(
        session,
        outbound.channel,
        [
            (row.address_key, SuppressionReason.BOUNCED, f"{r.code or ''} {r.message}".strip(), outbound.id)
            for row, r in refused
        ],
    )
    subject = (outbound.subject_type, outbound.subject_id) if outbound.subject_id else None
    facts.record_many(
        session,
        [
            NewFact(
                kind="email.bounced",
                contact_id=row.contact_id,
                subject=subject,
                channel=outbound.channel,
                actor="provider",
                properties={"type": "hard", "code": r.code, "at": "rcpt"},
                facets={"domain": domain_of(row.address)},
            )
            for row, r in refused
        ],
    )
