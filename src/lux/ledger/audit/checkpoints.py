"""Checkpoints: row and hash that a chain had reached, signed, in a table and in files that can leave the house.

Whoever rewrites the end of a chain, and every hash in it, can't sign its places anew without the key, which is not in
the database; and can't change a copy that somebody else holds.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import rfc8785
from sqlalchemy import select

from lux.kit import clock, jobs
from lux.ledger.audit import keys
from lux.ledger.models import ApprovalAuditLog, AuditCheckpoint

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings

EVERY: Final = 1000  # rows of one chain after which the next checkpoint is made without waiting for the hour
JOB: Final = "approvals.checkpoint"
DOMAIN: Final = b"lux-audit-checkpoint-v1\n"  # what is signed can't be taken for anything else
FOLDER: Final = "checkpoints"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One signed place in a chain."""

    company: int
    seq: int
    hash: bytes
    time: str  # ISO 8601, UTC
    key: str  # the public key, base64
    signature: str  # base64

    @property
    def line(self) -> str:
        """Return it as a line of a file."""
        return json.dumps({**vars(self), "hash": self.hash.hex()}, sort_keys=True)

    def is_signed_by(self, known: Iterable[str]) -> bool:
        """Say whether one of these public keys signed it."""
        try:
            signature = base64.b64decode(self.signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        return self.key in set(known) and keys.is_signature(self.key, signature, _message(self))


def ask(session: Session) -> None:
    """Have a checkpoint made soon, in the caller's transaction."""
    jobs.enqueue(session, JOB, {}, dedup_key="checkpoint")


def make(session: Session, settings: Settings, company_id: int) -> Checkpoint | None:
    """Sign where a chain is now, unless that was done; raises KeyMissing. The files follow by `write_files`."""
    query = select(ApprovalAuditLog.seq, ApprovalAuditLog.hash).where(ApprovalAuditLog.company_id == company_id)
    head = session.execute(query.order_by(ApprovalAuditLog.seq.desc()).limit(1)).first()
    if head is None or session.get(AuditCheckpoint, (company_id, head.seq)) is not None:
        return None
    has_any = session.scalar(select(AuditCheckpoint.seq).limit(1)) is not None
    key, at = keys.signing_key(settings, may_make=not has_any), clock.now()
    place: dict[str, Any] = {"company": company_id, "seq": head.seq, "hash": bytes(head.hash), "time": _written(at)}
    signature = base64.b64encode(key.sign(_message(Checkpoint(**place, key="", signature="")))).decode()
    row = AuditCheckpoint(
        company_id=company_id, seq=head.seq, hash=place["hash"], at=at, key=keys.public_text(key), signature=signature
    )
    session.add(row)
    session.flush()
    return _of(row)


def stored(session: Session, company_id: int, *, after: int = 0) -> Iterator[Checkpoint]:
    """Yield the checkpoints of the table behind a row, the oldest first."""
    query = select(AuditCheckpoint).where(AuditCheckpoint.company_id == company_id, AuditCheckpoint.seq > after)
    return (_of(row) for row in session.scalars(query.order_by(AuditCheckpoint.seq)))


def latest(session: Session, company_id: int) -> Checkpoint | None:
    """Return a chain's newest checkpoint."""
    query = select(AuditCheckpoint).where(AuditCheckpoint.company_id == company_id)
    row = session.scalar(query.order_by(AuditCheckpoint.seq.desc()).limit(1))
    return None if row is None else _of(row)


def before(session: Session, company_id: int, seq: int) -> Checkpoint | None:
    """Return the checkpoint before one."""
    query = select(AuditCheckpoint).where(AuditCheckpoint.company_id == company_id, AuditCheckpoint.seq < seq)
    row = session.scalar(query.order_by(AuditCheckpoint.seq.desc()).limit(1))
    return None if row is None else _of(row)


def companies(session: Session) -> set[int]:
    """Return whose chains have a checkpoint in the table."""
    return set(session.scalars(select(AuditCheckpoint.company_id).distinct()))


def file_of(settings: Settings, company_id: int) -> Path:
    """Return the file with a chain's checkpoints."""
    return settings.home / FOLDER / f"{company_id}.jsonl"


def write_file(session: Session, settings: Settings, company_id: int) -> int:
    """Append to a chain's file what the table has and the file has not; returns how many lines."""
    path = file_of(settings, company_id)
    missing = list(stored(session, company_id, after=max((one.seq for one in read_file(path)), default=0)))
    if not missing:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # a crash in the middle of a line
        text = ("\n" if is_torn else "") + "".join(f"{one.line}\n" for one in missing)
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return len(missing)


def read_file(path: Path) -> Sequence[Checkpoint]:
    """Return the checkpoints of a file; lines that are none (torn by a crash) are passed over, as if they were gone."""
    try:
        return read_lines(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return ()


def read_lines(text: str) -> Sequence[Checkpoint]:
    """Return the checkpoints of a file's text."""
    return [found for line in text.split("\n") if (found := _parsed(line)) is not None]


def kept_files(settings: Settings) -> set[int]:
    """Return whose chains have a file with checkpoints."""
    folder = settings.home / FOLDER
    return {int(path.stem) for path in folder.glob("*.jsonl") if path.stem.isdecimal()} if folder.is_dir() else set()


def _of(row: AuditCheckpoint) -> Checkpoint:
    return Checkpoint(
        company=row.company_id, seq=row.seq, hash=bytes(row.hash), time=_written(row.at), key=row.key,
        signature=row.signature,
    )  # fmt: skip


def _parsed(line: str) -> Checkpoint | None:
    try:
        one = json.loads(line)
        words = {name: str(one[name]) for name in ("time", "key", "signature")}
        return Checkpoint(company=int(one["company"]), seq=int(one["seq"]), hash=bytes.fromhex(one["hash"]), **words)
    except (ValueError, TypeError, KeyError):
        return None


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _message(one: Checkpoint) -> bytes:
    place: dict[str, Any] = {"company": one.company, "seq": one.seq, "hash": one.hash.hex(), "time": one.time}
    return DOMAIN + rfc8785.dumps(place)
