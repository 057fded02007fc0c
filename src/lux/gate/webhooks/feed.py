"""Reads the ledger behind a cursor and queues a call per fact; a late commit below the newest id is not missed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Table, func, select

from lux.gate.states import CallState, Verdict
from lux.gate.webhooks.models import WebhookDelivery, WebhookSubscription
from lux.kit import clock
from lux.kit.db import upsert_rows
from lux.kit.db.base import uuid7
from lux.ledger.models import Fact

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SETTLED: Final = dt.timedelta(minutes=2)  # no transaction that records facts stays open for longer
BATCH: Final = 500
MOST_WAITING: Final = 2_000  # calls of one subscription; facts beyond wait in the ledger
_COLUMNS: Final = (
    "company_id", "public_id", "subscription_id", "approval_id", "approval_verdict", "fact_id", "kind", "state",
    "tries", "due_at", "message", "created_at",
)  # fmt: skip


def start(session: Session) -> int:
    """Return the cursor of a subscription that begins now."""
    return session.scalar(select(func.max(Fact.id))) or 0


def feed(session: Session, hook: WebhookSubscription, decision_id: int) -> int:
    """Queue what is new; returns how many calls were queued.

    Facts above the cursor are looked at again until they are two minutes old: a transaction may commit a lower id
    after a higher one was seen. The unique pair (subscription, fact) keeps each to one call.
    """
    waiting = session.scalar(
        select(func.count()).where(
            WebhookDelivery.subscription_id == hook.id, WebhookDelivery.state == CallState.QUEUED
        )
    )
    if (waiting or 0) >= MOST_WAITING:
        return 0
    known = select(WebhookDelivery.id).where(
        WebhookDelivery.subscription_id == hook.id, WebhookDelivery.fact_id == Fact.id
    )
    query = (
        select(Fact.id, Fact.kind)
        .where(Fact.id > hook.cursor, Fact.kind.in_(hook.kinds), ~known.exists())
        .order_by(Fact.id)
        .limit(BATCH)
    )
    found = session.execute(query).all()
    now = clock.now()
    rows = [
        (hook.company_id, uuid7(), hook.id, decision_id, Verdict.YES, fact_id, kind, CallState.QUEUED, 0, now, "", now)
        for fact_id, kind in found
    ]
    upsert_rows(session, cast("Table", WebhookDelivery.__table__), _COLUMNS, rows, key=("subscription_id", "fact_id"))
    settled = select(func.max(Fact.id)).where(Fact.id > hook.cursor, Fact.recorded_at < now - SETTLED)
    if len(found) == BATCH:
        settled = settled.where(Fact.id <= found[-1][0])
    hook.cursor = max(hook.cursor, session.scalar(settled) or 0)
    session.flush()
    return len(found)
