"""The facts behind a risk, each one question to the company's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalQueue, Delivery, Outbound, OutboundLink
from lux.gate.states import DeliveryState, ItemState
from lux.ports.acts import AUTOMATIC

LEFT: Final = (DeliveryState.SENT, DeliveryState.CAPTURED, DeliveryState.DELIVERED, DeliveryState.BOUNCED)
MOST_HOSTS: Final = 50  # looked up; a message with more links is told so by its length alone
_AFTER_HOST: Final = ("", "/%", "?%", "#%", ":%")


def is_new_sender(session: Session, channel: str, sender: str) -> bool:
    """Say whether nothing of the company ever left from this sender; copies to members do not count."""
    name = "from_email" if channel == "email" else "sender"
    written = ApprovalQueue.body[name].as_string()
    was_left = exists().where(Delivery.outbound_id == Outbound.id, Delivery.state.in_(LEFT))
    query = (
        select(Outbound.id)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(Outbound.channel == channel, Outbound.kind.not_in(AUTOMATIC), Outbound.started_at.is_not(None))
        .where(or_(written == sender, func.lower(written) == sender.lower()), was_left)
    )
    return session.scalar(query.limit(1)) is None


def new_hosts(session: Session, hosts: Sequence[str]) -> list[str]:
    """Return the hosts to which nothing with a yes of the company links, in one question."""
    asked = list(hosts)[:MOST_HOSTS]
    if not asked:
        return []
    known = (
        exists()
        .where(OutboundLink.outbound_id == Outbound.id, Outbound.approval_id.is_not(None))
        .where(Outbound.kind.not_in(AUTOMATIC))
    )
    row = session.execute(select(*(known.where(_leads_to(host)).label(f"h{n}") for n, host in enumerate(asked)))).one()
    return [host for host, is_known in zip(asked, row, strict=True) if not is_known]


def largest_audience(session: Session, channel: str) -> int:
    """Return how many recipients the largest item that left had; 0 = nothing left."""
    query = select(func.max(ApprovalQueue.audience_count)).where(
        ApprovalQueue.channel == channel,
        ApprovalQueue.state == ItemState.PUBLISHED,
        ApprovalQueue.kind.not_in(AUTOMATIC),
    )
    return int(session.scalar(query) or 0)


def _leads_to(host: str) -> ColumnElement[bool]:
    url = func.lower(OutboundLink.url)
    safe = host.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return or_(*(url.like(f"{way}://{safe}{end}", escape="!") for way in ("http", "https") for end in _AFTER_HOST))
