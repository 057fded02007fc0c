"""The gate's rows as frozen values, for every room to look at."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.review import risk
from lux.gate.review.rules import in_readers_words
from lux.gate.states import DeliveryState, ItemState, OutboundState
from lux.kit.money import Money


@dataclass(frozen=True, kw_only=True)
class ItemView:
    """An approval item as people see it."""

    id: int
    public_id: uuid.UUID
    kind: str
    channel: str
    state: ItemState
    version: int
    title: str
    subject: tuple[str, int | None]
    author_id: int | None
    author_type: str
    author_name: str
    editor_id: int | None
    body: Mapping[str, Any]
    content_hash: str
    audience_label: str
    audience_count: int
    rationale: str
    findings: Sequence[Mapping[str, str]]
    send_at: datetime | None
    submitted_at: datetime
    decided_at: datetime | None
    decided_by_name: str
    reason: str
    expires_at: datetime | None
    sources: Sequence[str] = ()
    confidence: int | None = None  # in hundredths; None = the author has said none
    prompted_by: int | None = None  # who asked the agent
    prompted_by_name: str = ""
    offer_ends_at: datetime | None = None
    revises_id: int | None = None  # the item that it comes after
    risk_level: str = ""  # low | medium | high; "" = it was never asked
    risk_reasons: Sequence[Mapping[str, str]] = ()
    cost: Money | None = None  # estimated; None = not known to LUX


@dataclass(frozen=True, kw_only=True)
class OutboundView:
    """An outbound with its item and, where asked for, its counts."""

    id: int
    public_id: uuid.UUID
    state: OutboundState
    subject: tuple[str, int | None]
    is_paused: bool
    pause_reason: str
    check_failed: str
    reason: str
    is_materialised: bool
    due_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    item: ItemView
    counts: Mapping[DeliveryState, int] = field(default_factory=dict)
    proven: int = 0  # arrived though no answer said so: opened, clicked or unsubscribed


@dataclass(frozen=True, kw_only=True)
class DeliveryView:
    """One recipient's row."""

    id: int
    outbound_id: int
    contact_id: int | None
    address: str
    state: DeliveryState
    attempts: int
    due_at: datetime | None
    code: int | None
    error: str
    message: str
    provider_id: str | None
    sent_at: datetime | None
    first_opened_at: datetime | None
    first_clicked_at: datetime | None
    unsubscribed_at: datetime | None
    human_opened_at: datetime | None = None  # the first open known to be a person's
    human_clicked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LinkView:
    """A tracked target of an outbound."""

    id: int
    number: int
    url: str


def item_view(row: ApprovalQueue) -> ItemView:
    """Return an item as a frozen value."""
    return ItemView(
        id=row.id, public_id=row.public_id, kind=row.kind.value, channel=row.channel, state=row.state,
        version=row.version, title=row.title, subject=(row.subject_type, row.subject_id), author_id=row.author_id,
        author_type=row.author_type, author_name=row.author_name, editor_id=row.editor_id, body=row.body,
        content_hash=row.content_hash, audience_label=row.audience_label, audience_count=row.audience_count,
        rationale=row.rationale, findings=in_readers_words(row.findings),
        send_at=row.send_at, submitted_at=row.submitted_at,
        decided_at=row.decided_at, decided_by_name=row.decided_by_name, reason=row.reason, expires_at=row.expires_at,
        sources=tuple(row.sources or ()), confidence=row.confidence, prompted_by=row.prompted_by,
        prompted_by_name=row.prompted_by_name, offer_ends_at=row.offer_ends_at, revises_id=row.revises_id,
        risk_level=row.risk_level, risk_reasons=risk.shown(row.risk_reasons or ()),
        cost=Money(minor=row.cost_minor, currency=row.cost_currency) if row.cost_minor is not None else None,
    )  # fmt: skip


def delivery_view(row: Delivery) -> DeliveryView:
    """Return a delivery as a frozen value."""
    return DeliveryView(
        id=row.id, outbound_id=row.outbound_id, contact_id=row.contact_id, address=row.address, state=row.state,
        attempts=row.attempts, due_at=row.due_at, code=row.code, error=row.error, message=row.message,
        provider_id=row.provider_id, sent_at=row.sent_at, first_opened_at=row.first_opened_at,
        first_clicked_at=row.first_clicked_at, unsubscribed_at=row.unsubscribed_at,
        human_opened_at=row.human_opened_at, human_clicked_at=row.human_clicked_at,
    )  # fmt: skip


def outbound_view(
    row: Outbound, of: ApprovalQueue, numbers: Mapping[DeliveryState, int], *, proven: int = 0
) -> OutboundView:
    """Return an outbound as a frozen value."""
    return OutboundView(
        id=row.id, public_id=row.public_id, state=row.state, subject=(row.subject_type, row.subject_id),
        is_paused=row.is_paused, pause_reason=row.pause_reason, check_failed=row.check_failed, reason=row.reason,
        is_materialised=row.is_materialised, due_at=row.due_at, started_at=row.started_at,
        finished_at=row.finished_at, item=item_view(of), counts=numbers, proven=proven,
    )  # fmt: skip
