"""Webhooks as pages show them: subscriptions, their latest calls, dead letters."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.states import CallState, HookState, Verdict
from lux.gate.webhooks.models import WebhookDelivery, WebhookSubscription
from lux.kit.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def listing(session: Session) -> Sequence[WebhookSubscription]:
    """Return the subscriptions that have not ended, oldest first."""
    query = select(WebhookSubscription).where(WebhookSubscription.state != HookState.ENDED)
    return session.scalars(query.order_by(WebhookSubscription.id)).all()


def by_public_id(session: Session, public_id: uuid.UUID, *, lock: bool = False) -> WebhookSubscription:
    """Return a subscription; raises NotFound."""
    query = select(WebhookSubscription).where(WebhookSubscription.public_id == public_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound
    return found


def by_id(session: Session, hook_id: int, *, lock: bool = False) -> WebhookSubscription:
    """Return a subscription; raises NotFound."""
    query = select(WebhookSubscription).where(WebhookSubscription.id == hook_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound
    return found


def item_of(session: Session, hook: WebhookSubscription) -> ApprovalQueue:
    """Return what a person said yes to."""
    return session.scalars(select(ApprovalQueue).where(ApprovalQueue.id == hook.item_id)).one()


def decision_of(session: Session, hook: WebhookSubscription) -> ApprovalDecision | None:
    """Return the yes a subscription runs under."""
    query = select(ApprovalDecision).where(
        ApprovalDecision.item_id == hook.item_id, ApprovalDecision.verdict == Verdict.YES
    )
    return session.scalar(query.order_by(ApprovalDecision.id.desc()).limit(1))


def delivery(session: Session, public_id: uuid.UUID) -> WebhookDelivery:
    """Return one call; raises NotFound."""
    found = session.scalar(select(WebhookDelivery).where(WebhookDelivery.public_id == public_id))
    if found is None:
        raise NotFound
    return found


def deliveries(
    session: Session, hook: WebhookSubscription, *, limit: int = 20, only_dead: bool = False
) -> Sequence[WebhookDelivery]:
    """Return the latest calls, newest first; or the latest dead letters."""
    query = select(WebhookDelivery).where(WebhookDelivery.subscription_id == hook.id)
    if only_dead:
        query = query.where(WebhookDelivery.state == CallState.FAILED)
    return session.scalars(query.order_by(WebhookDelivery.id.desc()).limit(limit)).all()


def counts(session: Session, hook: WebhookSubscription) -> dict[CallState, int]:
    """Return how many calls are in each state."""
    query = select(WebhookDelivery.state, func.count()).where(WebhookDelivery.subscription_id == hook.id)
    return {state: int(count) for state, count in session.execute(query.group_by(WebhookDelivery.state))}
