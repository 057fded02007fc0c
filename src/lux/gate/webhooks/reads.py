"""Webhooks as pages show them: subscriptions, their latest calls, dead letters."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.states import CallState, HookState, Verdict
from lux.gate.webhooks.models import HookAllowance, WebhookDelivery, WebhookSubscription
from lux.kit.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Subscribed(NamedTuple):
    """What a program has subscribed, and the standing yes it is inside."""

    hook: WebhookSubscription
    allowance: HookAllowance


def listing(session: Session) -> Sequence[WebhookSubscription]:
    """Return the subscriptions that people made and that have not ended, oldest first."""
    query = select(WebhookSubscription).where(
        WebhookSubscription.state != HookState.ENDED, WebhookSubscription.allowance_id.is_(None)
    )
    return session.scalars(query.order_by(WebhookSubscription.id)).all()


def allowances(session: Session) -> Sequence[HookAllowance]:
    """Return the standing yeses, those that count first, each group the newest first."""
    found = session.scalars(select(HookAllowance).order_by(HookAllowance.id.desc()).limit(200)).all()
    return sorted(found, key=lambda one: one.state is not HookState.ACTIVE)


def allowance(session: Session, public_id: uuid.UUID, *, lock: bool = False) -> HookAllowance:
    """Return a standing yes; raises NotFound."""
    query = select(HookAllowance).where(HookAllowance.public_id == public_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound
    return found


def allowance_of(session: Session, hook: WebhookSubscription) -> HookAllowance | None:
    """Return the standing yes that a program made a subscription under, None for a person's."""
    return session.scalar(select(HookAllowance).where(HookAllowance.id == hook.allowance_id))


def under(session: Session, one: HookAllowance, *, limit: int = 200) -> Sequence[WebhookSubscription]:
    """Return what was subscribed under a standing yes, what has not ended first, each group the newest first."""
    query = select(WebhookSubscription).where(WebhookSubscription.allowance_id == one.id)
    found = session.scalars(query.order_by(WebhookSubscription.id.desc()).limit(limit)).all()
    return sorted(found, key=lambda hook: hook.state is HookState.ENDED)


def open_counts(session: Session) -> dict[int, int]:
    """Return allowance id → how many of its subscriptions have not ended."""
    query = select(WebhookSubscription.allowance_id, func.count()).where(
        WebhookSubscription.state != HookState.ENDED, WebhookSubscription.allowance_id.is_not(None)
    )
    return {int(row[0] or 0): int(row[1]) for row in session.execute(query.group_by(WebhookSubscription.allowance_id))}


def by_key(session: Session, key_id: int, *, after: int = 0, limit: int = 50) -> Sequence[Subscribed]:
    """Return what a key's program has subscribed and what has not ended, oldest first, beyond a row."""
    query = (
        select(WebhookSubscription, HookAllowance)
        .join(HookAllowance, HookAllowance.id == WebhookSubscription.allowance_id)
        .where(
            HookAllowance.key_id == key_id,
            WebhookSubscription.state != HookState.ENDED,
            WebhookSubscription.id > after,
        )
    )
    return [Subscribed(*row) for row in session.execute(query.order_by(WebhookSubscription.id).limit(limit))]


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
