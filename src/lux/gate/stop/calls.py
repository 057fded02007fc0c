"""Which calls of webhooks a stop holds: what is queued, and what stands in the ledger and is not queued yet."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.gate.registry import WEBHOOK
from lux.gate.states import CallState, HookState
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.gate.webhooks.models import WebhookDelivery, WebhookSubscription
from lux.ledger.models import Fact

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_OPEN: Final = (CallState.QUEUED, CallState.CALLING)
_WHOLE: Final = frozenset({ScopeKind.FILE, ScopeKind.INSTALLATION, ScopeKind.COMPANY})


@dataclass(frozen=True, kw_only=True)
class Held:
    """One subscription with what waits for its end of the stop."""

    public_id: uuid.UUID
    name: str
    calls: int


def are_held(scope: Scope) -> bool:
    """Say whether a stop holds calls of webhooks."""
    return scope.kind in _WHOLE or (scope.kind is ScopeKind.CHANNEL and scope.value == WEBHOOK)


def held(session: Session, scope: Scope) -> Sequence[Held]:
    """Return the subscriptions of the session's company with calls that wait under a stop, most first."""
    if not are_held(scope):
        return ()
    query = select(WebhookSubscription).where(WebhookSubscription.state == HookState.ACTIVE)
    found = [Held(public_id=one.public_id, name=one.name, calls=_calls(session, one)) for one in session.scalars(query)]
    return sorted((one for one in found if one.calls), key=lambda one: (-one.calls, one.name))


def _calls(session: Session, hook: WebhookSubscription) -> int:
    queued = select(func.count(WebhookDelivery.id)).where(
        WebhookDelivery.subscription_id == hook.id, WebhookDelivery.state.in_(_OPEN)
    )
    known = select(WebhookDelivery.id).where(
        WebhookDelivery.subscription_id == hook.id, WebhookDelivery.fact_id == Fact.id
    )
    news = select(func.count(Fact.id)).where(Fact.id > hook.cursor, Fact.kind.in_(hook.kinds), ~known.exists())
    return (session.scalar(queued) or 0) + (session.scalar(news) or 0)
