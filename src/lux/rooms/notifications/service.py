"""Telling people something inside LUX, noting that they have read it, and how they want to hear of things."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, or_, update
from sqlalchemy.orm import Session

from lux.identity import users
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.ports.news import Letter
from lux.rooms.notifications import queries
from lux.rooms.notifications.models import Notification
from lux.rooms.notifications.queries import unread_count
from lux.rooms.notifications.telling import notify
from lux.rooms.notifications.topics import KEY, Wish, stored

__all__ = ["Letter", "forget_text", "mark_all_read", "mark_read", "notify", "read", "sweep", "unread_count", "wish"]

KEEP: Final = dt.timedelta(days=180)
LEAST: Final = 4  # characters: a shorter text would be found in everybody's notices


def read(session: Session, user_id: int, public_id: uuid.UUID) -> Notification:
    """Mark one of a person's notices as read and return it; raises NotFound."""
    found = queries.by_public_id(session, user_id, public_id)
    if found is None:
        raise NotFound
    found.read_at = found.read_at or clock.now()
    session.flush()
    return found


def mark_read(session: Session, user_id: int, public_id: uuid.UUID, *, is_read: bool) -> None:
    """Mark one of a person's notices as read, or as unread again; raises NotFound."""
    found = read(session, user_id, public_id)
    found.read_at = found.read_at if is_read else None
    session.flush()


def mark_all_read(session: Session, user_id: int) -> int:
    """Mark all of a person's notices in the company as read; returns how many were unread."""
    statement = (
        update(Notification)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None))
        .values(read_at=clock.now())
    )
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def wish(session: Session, user_id: int, wishes: Mapping[str, Wish]) -> None:
    """Keep how a person wants to hear of each topic, in every company."""
    user = users.by_id(session, user_id)
    user.preferences = {**user.preferences, KEY: stored(wishes)}
    session.flush()


def forget_text(session: Session, texts: Collection[str]) -> int:
    """Delete the company's notices that name one of these texts (a name, an address); returns how many."""
    named = [
        column.icontains(text, autoescape=True)
        for text in texts if len(text) >= LEAST
        for column in (Notification.title, Notification.body)
    ]  # fmt: skip
    if not named:
        return 0
    statement = delete(Notification).where(Notification.company_id == company_of(session), or_(*named))
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def sweep(session: Session) -> int:
    """Delete notices older than half a year (session over all companies); returns how many."""
    statement = delete(Notification).where(Notification.created_at < clock.now() - KEEP)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
