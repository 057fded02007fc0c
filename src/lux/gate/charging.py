"""What leaving cost: counted where outcomes are written, for every channel of which somebody knows a price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState
from lux.gate.toggles import channel_key, quota
from lux.ports.acts import act_from
from lux.ports.contributions import installed
from lux.ports.receipts import Outcome, Receipt

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_CHARGED: Final = frozenset({Outcome.SENT, Outcome.UNKNOWN})  # unknown: it may have arrived; the mailbox costs nothing
_LEFT: Final = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.DELIVERED, DeliveryState.BOUNCED)


def charge(session: Session, outbound: Outbound, receipts: Sequence[Receipt]) -> None:
    """Charge the channel's toggle with what these messages cost, once their states are written.

    It is what all that have left cost, less what those before cost: a price below the smallest coin a message adds
    up to the estimate of the whole. Test copies and system mails cost as well.
    """
    gone = sum(receipt.outcome in _CHARGED for receipt in receipts)
    source = next((one for one in installed().prices if one.channel == outbound.channel), None)
    if not gone or source is None:
        return
    body = session.scalars(select(ApprovalQueue.body).where(ApprovalQueue.id == outbound.item_id)).one()
    left = session.scalar(
        select(func.count()).where(Delivery.outbound_id == outbound.id, Delivery.state.in_(_LEFT))
    ) or 0  # fmt: skip
    act = act_from(body)
    after, before = source.estimate(session, act, left), source.estimate(session, act, left - gone)
    if after is not None and before is not None and after != before:
        quota.charge(session, outbound.company_id, channel_key(outbound.channel), after - before)
