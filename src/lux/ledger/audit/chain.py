"""One chain per company: appending a row, its hash, and walking the rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.kit import clock, origin
from lux.ledger.audit import checkpoints, turn, words
from lux.ledger.audit.actions import action_of
from lux.ledger.models import ApprovalAuditLog

INSTALLATION = 0  # the chain of what belongs to no company


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acted."""

    type: str  # person | guest | api_key | system | agent | operator
    id: int | None = None


SYSTEM = Actor(type="system")


@dataclass(frozen=True, kw_only=True)
class ChainFault:
    """The first row of a chain that does not hold, and why."""

    company_id: int
    seq: int
    reason: str


def append(
    session: Session,
    company_id: int,
    *,
    actor: Actor,
    action: str,
    object_type: str = "",
    object_id: str = "",
    object_version: int | None = None,
    content_hash: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Append one row in the caller's transaction and return its sequence number; raises UnknownAction.

    `detail` holds no personal data and no secret; what people typed under `words.TYPED` is kept outside of the chain.
    Under `via` stands by which door it came in (kit.origin), where that is known.
    """
    action_of(action)
    turn.take(session, company_id)
    last = turn.head(session, company_id)
    seq, door = (last.seq if last else 0) + 1, origin.present()
    plain = words.kept_outside(session, company_id, seq, detail or {}) | ({"via": door} if door else {})
    row = ApprovalAuditLog(
        company_id=company_id,
        seq=seq,
        at=clock.now(),
        actor_type=actor.type,
        actor_id=actor.id,
        action=action,
        object_type=object_type,
        object_id=object_id,
        object_version=object_version,
        content_hash=content_hash,
        detail=json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str),
        prev_hash=last.hash if last else b"",
        hash=b"",
    )
    row.hash = row_hash(row)
    session.add(row)
    session.flush()
    if row.seq % checkpoints.EVERY == 0:
        checkpoints.ask(session)
    return row.seq


def row_hash(row: ApprovalAuditLog) -> bytes:
    """Return SHA-256 over the previous hash and the canonical JSON (RFC 8785) of every other column."""
    fields: dict[str, Any] = {
        "company_id": row.company_id,
        "seq": row.seq,
        "at": row.at.isoformat(timespec="microseconds"),
        "actor_type": row.actor_type,
        "actor_id": row.actor_id,
        "action": row.action,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "object_version": row.object_version,
        "content_hash": row.content_hash,
        "detail": row.detail,
    }
    return hashlib.sha256(bytes(row.prev_hash) + rfc8785.dumps(fields)).digest()


def verify(
    session: Session, company_id: int, wanted: Mapping[int, Collection[bytes]] | None = None
) -> tuple[int, ChainFault | None]:
    """Walk one chain; returns how many rows hold and the first that does not.

    `wanted` = hashes that rows must have because a checkpoint says so, by row.
    """
    query = (
        select(ApprovalAuditLog)
        .where(ApprovalAuditLog.company_id == company_id)
        .order_by(ApprovalAuditLog.seq)
        .execution_options(yield_per=1000)
    )
    with closing(session.scalars(query)) as rows:
        count, _head, fault = verify_rows(_let_go(session, rows), wanted or {})
        return count, fault


def verify_rows(
    rows: Iterable[ApprovalAuditLog], wanted: Mapping[int, Collection[bytes]] = MappingProxyType({})
) -> tuple[int, bytes, ChainFault | None]:
    """Walk a chain, wherever it comes from; returns how many rows hold, the last hash, and the first fault."""
    previous, count = b"", 0
    for row in rows:
        reason = _fault(row, count + 1, previous)
        if not reason and any(one != bytes(row.hash) for one in wanted.get(row.seq, ())):
            reason = "it is not what a checkpoint has: the chain was written anew"
        if reason:
            fault = ChainFault(company_id=row.company_id, seq=min(row.seq, count + 1), reason=reason)
            return count, previous, fault
        previous, count = bytes(row.hash), count + 1
    return count, previous, None


def _let_go(session: Session, rows: Iterable[ApprovalAuditLog]) -> Iterator[ApprovalAuditLog]:
    for row in rows:
        yield row
        session.expunge(row)


def _fault(row: ApprovalAuditLog, seq: int, previous: bytes) -> str:
    if row.seq != seq:
        return "a row is missing"
    if bytes(row.prev_hash) != previous:
        return "it does not follow the row before"
    return "its content was changed" if row_hash(row) != bytes(row.hash) else ""


def chains(session: Session) -> list[int]:
    """Return the companies that have a chain."""
    return list(session.scalars(select(ApprovalAuditLog.company_id).distinct().order_by(ApprovalAuditLog.company_id)))
