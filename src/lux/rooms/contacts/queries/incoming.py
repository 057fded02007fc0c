"""Every SELECT about deliveries of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

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


def beyond_newest(kept: int) -> Select[int]:
    """Return SELECT of the row after the newest `kept` ones."""
    return select(IncomingDelivery.id).order_by(IncomingDelivery.id.desc()).offset(kept).limit(1)
