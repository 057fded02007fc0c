"""Forgets old occurrences and groups that nobody has seen for long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, exists, func, select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog, ErrorTally

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

KEEP_DAYS: Final = 90
MOST_PER_GROUP: Final = 200  # the newest
_AT_ONCE: Final = 500


def forget_old(db: Database) -> int:
    """Delete what is older than 90 days or beyond the newest 200 of a group, in short transactions."""
    before = clock.now() - timedelta(days=KEEP_DAYS)
    gone = _delete(db, ErrorLog.at < before)
    for group_id, oldest_kept in _crowded(db):
        gone += _delete(db, (ErrorLog.group_id == group_id) & (ErrorLog.id < oldest_kept))
    with db.begin(ALL_COMPANIES) as session:
        is_silent = (ErrorGroup.last_seen_at < before) & ~exists().where(ErrorLog.group_id == ErrorGroup.id)
        gone_groups = select(ErrorGroup.id).where(is_silent)
        for statement in (
            delete(ErrorTally).where((ErrorTally.day < before.date()) | ErrorTally.group_id.in_(gone_groups)),
            delete(ErrorGroup).where(is_silent),
        ):
            session.execute(statement.execution_options(synchronize_session=False))
    return gone


def _crowded(db: Database) -> list[tuple[int, int]]:
    """Return groups with too many occurrences, and the id of the oldest one to keep."""
    with db.read(ALL_COMPANIES) as session:
        many = select(ErrorLog.group_id).group_by(ErrorLog.group_id).having(func.count() > MOST_PER_GROUP)
        return [
            (group_id, session.scalars(_newest_ids(group_id).offset(MOST_PER_GROUP - 1).limit(1)).one())
            for group_id in session.scalars(many).all()
        ]


def _newest_ids(group_id: int) -> Select[int]:
    return select(ErrorLog.id).where(ErrorLog.group_id == group_id).order_by(ErrorLog.id.desc())


def _delete(db: Database, which: ColumnElement[bool]) -> int:
    gone = 0
    while True:
        with db.begin(ALL_COMPANIES) as session:
            ids = list(session.scalars(select(ErrorLog.id).where(which).limit(_AT_ONCE)))
            session.execute(delete(ErrorLog).where(ErrorLog.id.in_(ids)).execution_options(synchronize_session=False))
        gone += len(ids)
        if len(ids) < _AT_ONCE:
            return gone
