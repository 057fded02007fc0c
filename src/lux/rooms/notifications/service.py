"""Telling people something inside LUX, and noting that they have read it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

from lux.identity import members
from lux.identity.access import Right
from lux.kit import clock
from lux.kit.errors import NotFound
from lux.kit.i18n import use_locale
from lux.rooms.notifications import queries
from lux.rooms.notifications.models import Notification
from lux.rooms.notifications.queries import unread_count

__all__ = ["mark_all_read", "notify", "read", "sweep", "unread_count"]

KEEP: Final = dt.timedelta(days=180)

Words = str | Callable[[], str]


def notify(
    session: Session,
    to: Iterable[int] | Right,
    *,
    kind: str,
    title: Words,
    body: Words = "",
    url: str = "",
    level: str = "info",
    but: int | None = None,
) -> int:
    """Tell people of the session's company something; returns how many were told.

    `to` is user ids, or a right: everyone in the company who has it. `but` is left out (who caused it).
    Words that are functions are said to each person in their own language. The same unread notice (kind and
    address) is renewed rather than repeated.
    """
    user_ids = members.user_ids_with(session, to) if isinstance(to, Right) else list(dict.fromkeys(to))
    told = [user_id for user_id in user_ids if user_id != but]
    if url and told:
        session.execute(
            delete(Notification).where(
                Notification.user_id.in_(told),
                Notification.kind == kind,
                Notification.url == url,
                Notification.read_at.is_(None),
            )
        )
    locales = members.locales_of(session, told)
    for user_id in told:
        with use_locale(locales.get(user_id)):
            title_here, body_here = _said(title), _said(body)
        session.add(
            Notification(user_id=user_id, kind=kind, title=title_here[:200], body=body_here, url=url, level=level)
        )
    session.flush()
    return len(told)


def _said(words: Words) -> str:
    return words() if callable(words) else words


def read(session: Session, user_id: int, public_id: uuid.UUID) -> Notification:
    """Mark one of a person's notices as read and return it; raises NotFound."""
    found = queries.by_public_id(session, user_id, public_id)
    if found is None:
        raise NotFound
    found.read_at = found.read_at or clock.now()
    session.flush()
    return found


def mark_all_read(session: Session, user_id: int) -> int:
    """Mark all of a person's notices in the company as read; returns how many were unread."""
    statement = (
        update(Notification)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None))
        .values(read_at=clock.now())
    )
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def sweep(session: Session) -> int:
    """Delete notices older than half a year (session over all companies); returns how many."""
    statement = delete(Notification).where(Notification.created_at < clock.now() - KEEP)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
