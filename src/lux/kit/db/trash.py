"""Rows that can be thrown away and brought back: when, by whom, and the questions every room asks of its own."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

Place = tuple[dt.datetime, int]  # where a page of the trash ended: when and which row


class Trashable:
    """A row that may lie in the trash."""

    trashed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    trashed_by: Mapped[str | None] = mapped_column(String(40), default=None)  # "person:7", "api_key:3", "system"


def count(session: Session, model: Any) -> int:  # noqa: ANN401 - a mapped Trashable
    """Return how many rows of the session's company lie in the trash."""
    query = select(func.count()).select_from(model).where(model.trashed_at.is_not(None))
    return session.scalar(query) or 0


def newest(session: Session, model: Any, *, before: Place | None = None, limit: int = 50) -> Sequence[Any]:  # noqa: ANN401 - a mapped Trashable
    """Return what was thrown away last, before a place."""
    query = select(model).where(model.trashed_at.is_not(None))
    if before is not None:
        moment, number = before
        earlier: ColumnElement[bool] = model.trashed_at < moment
        query = query.where(or_(earlier, and_(model.trashed_at == moment, model.id < number)))
    return session.scalars(query.order_by(model.trashed_at.desc(), model.id.desc()).limit(limit)).all()


def overdue(
    session: Session,
    model: Any,  # noqa: ANN401 - a mapped Trashable
    moment: dt.datetime,
    limit: int,
    *more: ColumnElement[bool],
) -> Sequence[Any]:
    """Return what was thrown away before a moment and fits more conditions, the earliest first."""
    query = select(model).where(model.trashed_at < moment, *more)
    return session.scalars(query.order_by(model.trashed_at, model.id).limit(limit)).all()


def lying(session: Session, model: Any, public_ids: Sequence[uuid.UUID]) -> Sequence[Any]:  # noqa: ANN401 - a mapped Trashable
    """Return those of some rows that lie in the trash, locked in the order of their ids."""
    query = select(model).where(model.public_id.in_(public_ids), model.trashed_at.is_not(None)).order_by(model.id)
    return session.scalars(query.with_for_update()).all()
