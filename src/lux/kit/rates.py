"""Limits that all processes share: fixed windows counted in the database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import cast

from sqlalchemy import BigInteger, Table, delete, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, ShortKeyStr
from lux.kit.db.counters import add_counts
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.errors import RateLimitReached

KEEP_SECONDS = 86_400  # windows older than this are forgotten
_OPEN = "rates_not_committed"  # key of Session.info


class RateWindow(Base):
    """How often something was done within one window; the bucket is hashed, it may hold an address."""

    __tablename__ = "rate_window"

    bucket: Mapped[str] = mapped_column(ShortKeyStr, primary_key=True)  # hex SHA-256
    starts_at: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # Unix seconds
    count: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What is left of a limit in the present window."""

    limit: int
    remaining: int
    seconds: int  # until the window ends


def take(
    db: Database, bucket: str, limit: int, per_seconds: int, *, n: int = 1, session: Session | None = None
) -> Allowance:
    """Count `n` attempts; raises RateLimitReached above `limit` within `per_seconds`, else says what is left.

    It is counted in a transaction of its own, so that it stays when the request fails. Hand in the session that is
    open for writing on this thread, if there is one: SQLite has room for one writer, so it is counted there, and
    counted anew by itself when that session is rolled back.
    """
    now = int(clock.now().timestamp())
    starts_at = now - now % per_seconds
    key = hashlib.sha256(f"{per_seconds}|{bucket}".encode()).hexdigest()
    count = _count_own(db, key, starts_at, n) if session is None else _count_within(db, session, key, starts_at, n)
    seconds = max(1, starts_at + per_seconds - now)
    if count > limit:
        raise RateLimitReached(retry_after=seconds)
    return Allowance(limit=limit, remaining=limit - count, seconds=seconds)


def prune(db: Database) -> None:
    """Forget old windows; a tick of the clock."""
    with db.begin(ALL_COMPANIES) as session:
        oldest = int(clock.now().timestamp()) - KEEP_SECONDS
        session.execute(delete(RateWindow).where(RateWindow.starts_at < oldest))


def _count_own(db: Database, key: str, starts_at: int, n: int) -> int:
    with db.begin(ALL_COMPANIES) as session:
        return _count(session, key, starts_at, n)


def _count_within(db: Database, session: Session, key: str, starts_at: int, n: int) -> int:
    """Count in the caller's transaction on SQLite, and once more should it be rolled back."""
    if db.dialect != "sqlite":
        return _count_own(db, key, starts_at, n)

    count = _count(session, key, starts_at, n)
    waiting: list[tuple[str, int, int]] | None = session.info.get(_OPEN)
    if waiting is None:
        waiting = session.info[_OPEN] = []
        event.listen(session, "after_commit", _forget)
        event.listen(session, "after_rollback", partial(_count_again, db))
    waiting.append((key, starts_at, n))
    return count


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info[_OPEN].clear()


def _count_again(db: Database, session: Session) -> None:
    if session.in_nested_transaction():
        return
    for lost in session.info[_OPEN]:
        _count_own(db, *lost)
    session.info[_OPEN].clear()


def _count(session: Session, key: str, starts_at: int, n: int) -> int:
    add_counts(
        session,
        cast("Table", RateWindow.__table__),
        [{"bucket": key, "starts_at": starts_at, "count": n}],
        key=("bucket", "starts_at"),
        counters=("count",),
    )
    query = select(RateWindow.count).where(RateWindow.bucket == key, RateWindow.starts_at == starts_at)
    return int(session.scalar(query) or 0)
