"""Reading notices: how many are new, and a page of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.rooms.notifications.models import Notification

PAGE = 50


def unread_count(session: Session, user_id: int) -> int:
    """Return how many of a person's notices in the session's company are unread."""
    statement = (
        select(func.count())
        .select_from(Notification)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None))
    )
    return session.scalar(statement) or 0


def newest(session: Session, user_id: int, *, before: int | None = None, limit: int = PAGE) -> Sequence[Notification]:
    """Return a person's notices, the newest first, older than `before` (an id)."""
    statement = select(Notification).where(Notification.user_id == user_id)
    if before is not None:
        statement = statement.where(Notification.id < before)
    return session.scalars(statement.order_by(Notification.id.desc()).limit(limit)).all()


def by_public_id(session: Session, user_id: int, public_id: uuid.UUID) -> Notification | None:
    """Return one of a person's notices, or None."""
    return session.scalars(
        select(Notification).where(Notification.public_id == public_id, Notification.user_id == user_id)
    ).one_or_none()
