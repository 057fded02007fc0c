"""Answers to requests that may be repeated: the same key gets the first answer again, for a day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from sqlalchemy import CursorResult, Index, String, Text, UniqueConstraint, delete, or_, select, update
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from lux.kit import clock
from lux.kit.crypto import random_token
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.errors import Conflict, InvalidInput
from lux.kit.i18n import gettext as _

HEADER: Final = "Idempotency-Key"
MAX_KEY: Final = 255  # characters
KEPT: Final = dt.timedelta(hours=24)
PATIENCE: Final = dt.timedelta(minutes=15)  # after that a request without an answer counts as dead
_CHUNK: Final = 1000


class Idempotency(Tenant, Base):
    """One request under a key of its sender, and its answer once it has one."""

    __tablename__ = "idempotency"
    __table_args__ = (
        UniqueConstraint("company_id", "sender", "key_hash"),
        Index("ix_idempotency_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sender: Mapped[str] = mapped_column(ShortKeyStr)  # who chose the key: "api_key:7"
    key_hash: Mapped[str] = mapped_column(ShortKeyStr)  # hex SHA-256 of the key
    parameters: Mapped[str] = mapped_column(ShortKeyStr)  # hex SHA-256 of method, route and what was sent
    holder: Mapped[str] = mapped_column(ShortKeyStr)  # of the request that works on it
    status: Mapped[int | None]  # None = no answer yet
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[str] = mapped_column(Text().with_variant(LONGTEXT(), "mysql", "mariadb"), default="")
    content_type: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class StillRunning(Conflict):
    """A request with this Idempotency-Key is being worked on. Ask again in a moment."""

    code = "idempotency_running"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class KeyUsedOtherwise(InvalidInput):
    """This Idempotency-Key was used with other parameters."""

    code = "idempotency_mismatch"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The first answer."""

    status: int
    body: str
    content_type: str
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """The right to work on a request; `keep` closes it with the answer."""

    id: int
    holder: str


def begin(db: Database, company_id: int, *, sender: str, key: str, parameters: bytes) -> Ticket | Kept:
    """Take a request: a ticket for the first with its key, the kept answer for those after it.

    Raises StillRunning while the first has no answer, KeyUsedOtherwise for other parameters, InvalidInput for a key
    that can't be one.
    """
    _check(key)
    holder, now = random_token(16), clock.now()
    hashed, sent = hashlib.sha256(key.encode()).hexdigest(), hashlib.sha256(parameters).hexdigest()
    row = Idempotency(sender=sender, key_hash=hashed, parameters=sent, holder=holder, created_at=now)
    try:
        with db.begin(company_id) as session:
            session.add(row)
            session.flush()
            return Ticket(id=row.id, holder=holder)
    except IntegrityError:
        return _resume(db, company_id, row)


def keep(session: Session, ticket: Ticket, answer: Kept) -> None:
    """Keep the answer, in the transaction of what it reports; raises StillRunning when another request took over."""
    result = session.execute(
        update(Idempotency)
        .where(Idempotency.id == ticket.id, Idempotency.holder == ticket.holder, Idempotency.status.is_(None))
        .values(status=answer.status, body=answer.body, content_type=answer.content_type, headers=answer.headers)
        .execution_options(synchronize_session=False)
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise StillRunning


def give_up(db: Database, company_id: int, ticket: Ticket) -> None:
    """Forget a request that changed nothing, so that it may be sent again, mended."""
    with db.begin(company_id) as session:
        session.execute(
            delete(Idempotency).where(
                Idempotency.id == ticket.id, Idempotency.holder == ticket.holder, Idempotency.status.is_(None)
            )
        )


def forget(session: Session, words: Iterable[str]) -> int:
    """Forget the answers that hold one of these words, because somebody was erased; returns how many."""
    named = [Idempotency.body.contains(word, autoescape=True) for word in words]
    if not named:
        return 0
    result = session.execute(delete(Idempotency).where(or_(*named)).execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount


def prune(db: Database) -> int:
    """Forget what is older than a day, a chunk per transaction; returns how many."""
    total = 0
    while True:
        with db.begin(ALL_COMPANIES) as session:
            old = session.scalars(
                select(Idempotency.id).where(Idempotency.created_at < clock.now() - KEPT).limit(_CHUNK)
            )
            ids = list(old)
            session.execute(delete(Idempotency).where(Idempotency.id.in_(ids)))
        total += len(ids)
        if len(ids) < _CHUNK:
            return total


def _resume(db: Database, company_id: int, wanted: Idempotency) -> Ticket | Kept:
    now, same = clock.now(), (Idempotency.sender == wanted.sender, Idempotency.key_hash == wanted.key_hash)
    with db.begin(company_id) as session:
        found = session.scalars(select(Idempotency).where(*same).with_for_update()).one_or_none()
        if found is None:  # given up just now
            raise StillRunning
        is_over = found.created_at <= now - KEPT
        is_dead = found.status is None and found.created_at <= now - PATIENCE
        if not is_over and found.parameters != wanted.parameters:
            raise KeyUsedOtherwise(
                field=HEADER,
                message=_("This Idempotency-Key was used with other parameters."),
                fix=_("Use a new key for a new request, and the same one only to repeat the very same request."),
            )
        if found.status is not None and not is_over:
            return Kept(status=found.status, body=found.body, content_type=found.content_type, headers=found.headers)
        if not (is_over or is_dead):
            raise StillRunning
        found.parameters, found.holder, found.created_at = wanted.parameters, wanted.holder, now
        found.status, found.body, found.headers = None, "", {}
        return Ticket(id=found.id, holder=wanted.holder)


def _check(key: str) -> None:
    if not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise InvalidInput(
            field=HEADER,
            message=_("This Idempotency-Key can't be used."),
            fix=_("Send 1 to %(most)d printable ASCII characters, for example a UUID.", most=MAX_KEY),
        )
