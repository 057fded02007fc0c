"""Reading notices: how many are new, and a page of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, or_, select
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


def newest(
    session: Session,
    user_id: int,
    *,
    before: int | None = None,
    limit: int = PAGE,
    is_unread: bool = False,
    prefixes: Sequence[str] = (),
    but: Sequence[str] = (),
) -> Sequence[Notification]:
    """Return a person's notices, the newest first, older than `before` (an id), of kinds that begin so, or not so."""
    statement = select(Notification).where(Notification.user_id == user_id)
    if is_unread:
        statement = statement.where(Notification.read_at.is_(None))
    if prefixes:
        statement = statement.where(or_(*(Notification.kind.startswith(one, autoescape=True) for one in prefixes)))
    for one in but:
        statement = statement.where(Notification.kind.not_like(f"{one}%"))
    if before is not None:
        statement = statement.where(Notification.id < before)
    return session.scalars(statement.order_by(Notification.id.desc()).limit(limit)).all()


def same(session: Session, user_ids: Sequence[int], kind: str, url: str) -> Sequence[Notification]:
    """Return the notices of one kind about one thing that people still have, read or not."""
    return session.scalars(
        select(Notification).where(
            Notification.user_id.in_(user_ids), Notification.kind == kind, Notification.url == url
        )
    ).all()


def by_public_id(session: Session, user_id: int, public_id: uuid.UUID) -> Notification | None:
    """Return one of a person's notices, or None."""
    return session.scalars(
        select(Notification).where(Notification.public_id == public_id, Notification.user_id == user_id)
    ).one_or_none()
