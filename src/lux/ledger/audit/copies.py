"""A copy of chains for somebody outside: rows, checkpoints, public key, and a verifier that needs only Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from sqlalchemy import func, select

from lux.ledger.audit import checkpoints, keys
from lux.ledger.models import ApprovalAuditLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings

README: Final = """A copy of an audit log, made by LUX.

chains/N.jsonl     the rows of chain N (0 = the installation), one a line, each with the hash of the row before
checkpoints.jsonl  places the chains had reached, signed (Ed25519)
public-keys.txt    the keys that signed them: compare with what LUX shows on its audit page, or with your note of it
verify.py          checks all of it: python3 -I verify.py

The log is append-only for the application and tamper-evident against administrators: somebody who holds the database
and the signing key could write another history, but not one that agrees with a checkpoint that you kept before.
Words that people typed (reasons) are not here: rows hold their salted hash, so that they can be erased.
"""
_PAGE: Final = 1000


def write_zip(
    session: Session, settings: Settings, companies: Sequence[int], target: BinaryIO, *,
    since: datetime | None = None, tell: Callable[[int], None] = lambda _rows: None,
) -> int:  # fmt: skip
    """Write the copy into an open file as a zip; returns how many rows it has."""
    from zipfile import ZIP_DEFLATED, ZipFile

    total = 0
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, blocks in _parts(session, settings, companies, since):
            with archive.open(name, "w", force_zip64=True) as part:
                for block in blocks:
                    part.write(block)
                    total += name.startswith("chains/")
                    if total % _PAGE == 0:
                        tell(total)
    return total


def write_folder(
    session: Session, settings: Settings, companies: Sequence[int], target: Path, *, since: datetime | None = None
) -> int:
    """Write the copy into a new folder; returns how many rows it has."""
    total = 0
    for name, blocks in _parts(session, settings, companies, since):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as part:
            for block in blocks:
                part.write(block)
                total += name.startswith("chains/")
    return total


def _parts(
    session: Session, settings: Settings, companies: Sequence[int], since: datetime | None
) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "README.txt", [README.encode()]
    yield "verify.py", [Path(__file__).with_name("standalone.py").read_bytes()]
    signed = [one for company_id in companies for one in checkpoints.stored(session, company_id)]
    yield "public-keys.txt", [f"{one}\n".encode() for one in keys.public_keys(settings)]
    for company_id in companies:
        yield f"chains/{company_id}.jsonl", _rows(session, company_id, since)
    # After the rows: no checkpoint may be newer than what stands in the chains.
    yield "checkpoints.jsonl", [f"{one.line}\n".encode() for one in signed]


def _rows(session: Session, company_id: int, since: datetime | None) -> Iterator[bytes]:
    last = 0
    if since is not None:
        own = select(func.max(ApprovalAuditLog.seq)).where(ApprovalAuditLog.company_id == company_id)
        head, before = session.scalar(own) or 0, session.scalar(own.where(ApprovalAuditLog.at < since)) or 0
        last = max(min(before, head - 1), 0)  # the newest row is there in any case: it is what checkpoints hold on to
    while True:
        query = select(ApprovalAuditLog).where(ApprovalAuditLog.company_id == company_id, ApprovalAuditLog.seq > last)
        page = session.scalars(query.order_by(ApprovalAuditLog.seq).limit(_PAGE)).all()
        for row in page:
            yield _line(row)
            session.expunge(row)
        if len(page) < _PAGE:
            return
        last = page[-1].seq


def _line(row: ApprovalAuditLog) -> bytes:
    fields = {column.name: getattr(row, column.name) for column in ApprovalAuditLog.__table__.columns}
    fields["at"] = row.at.isoformat(timespec="microseconds")
    fields["prev_hash"], fields["hash"] = bytes(row.prev_hash).hex(), bytes(row.hash).hex()
    return json.dumps(fields, sort_keys=True, ensure_ascii=False).encode() + b"\n"
