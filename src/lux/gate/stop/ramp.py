"""After a stop the pace grows from a tenth: no burst catches up with what was held back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, func, select

from lux.gate.models import Delivery, Outbound
from lux.gate.states import DeliveryState, OutboundState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

UNKNOWN_RATE: Final = 100.0  # messages per second, where neither a pace is set nor one was measured
LEAST: Final = 0.1  # messages per second: a ramp never crawls below one in ten seconds
MEASURED: Final = dt.timedelta(seconds=60)  # the minute before the press
_LEFT = (DeliveryState.SENT, DeliveryState.CAPTURED, DeliveryState.DELIVERED, DeliveryState.BOUNCED)


def share(since: dt.datetime, now: dt.datetime, *, minutes: int) -> float:
    """Return which part of the pace is allowed: a tenth at once and a tenth more each minute, of ten; 1 = all of it."""
    if minutes <= 0:
        return 1.0
    gone = max(0.0, (now - since).total_seconds() / 60)
    return min(1.0, (1 + gone) / minutes)


def limit(resumed: tuple[dt.datetime, float | None] | None, now: dt.datetime, *, pace: float, minutes: int) -> float:
    """Return the most messages per second after a stop; `pace` is the set one (0 = none), 0 = no limit."""
    if resumed is None:
        return pace
    allowed = share(resumed[0], now, minutes=minutes)
    if allowed >= 1:
        return pace
    ramped = max(LEAST, (pace or resumed[1] or UNKNOWN_RATE) * allowed)
    return min(pace, ramped) if pace else ramped


def measured(session: Session, pressed_at: dt.datetime, covered: Collection[ColumnElement[bool]] = ()) -> float | None:
    """Return the pace of the busiest outbound in the minute before a press, None when too little left then.

    `session` sees one company or all; `covered` are the conditions over `Outbound` that say which ones count.
    """
    query = (
        select(func.count(), func.min(Delivery.sent_at), func.max(Delivery.sent_at))
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .where(
            Outbound.state.in_([OutboundState.READY, OutboundState.WORKING]),
            Outbound.started_at.is_not(None),
            Delivery.state.in_(_LEFT),
            Delivery.sent_at > pressed_at - MEASURED,
            *covered,
        )
        .group_by(Delivery.outbound_id)
    )
    rates = [
        (number - 1) / (last - first).total_seconds()
        for number, first, last in session.execute(query)
        if number > 1 and first is not None and last is not None and last > first
    ]
    return max(rates, default=None)
