"""Every SELECT about deliveries of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.rooms.contacts.models import IncomingDelivery, IncomingSetup

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def setup(session: Session, *, lock: bool = False) -> IncomingSetup | None:
    """Return how the company sorts deliveries; None = by the defaults."""
    query = select(IncomingSetup)
    return session.scalar(query.with_for_update() if lock else query)


def latest_deliveries(session: Session, limit: int = 20) -> Sequence[IncomingDelivery]:
    """Return the last deliveries, newest first."""
    return session.scalars(select(IncomingDelivery).order_by(IncomingDelivery.id.desc()).limit(limit)).all()


def nth_delivery(session: Session, number: int) -> int | None:
    """Return the row after the newest `number` ones, None when there are no more."""
    query = select(IncomingDelivery.id).order_by(IncomingDelivery.id.desc()).offset(number).limit(1)
    return session.scalar(query)
