"""Writes a company into an archive: one snapshot of the database, page by page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import urlsplit

from sqlalchemy import Select, Table, func, select, tuple_

from lux import __version__
from lux.gate import domains, toggles
from lux.gate.webhooks import reads as hooks
from lux.identity import api_keys, companies, invitations, members
from lux.kit import clock
from lux.kit.db import schema
from lux.kit.db.session import company_of, dialect_of
from lux.ledger.models import ApprovalAuditLog
from lux.ports.contributions import installed
from lux.rooms.company.transfer import rows as lines
from lux.rooms.company.transfer.archive import AUDIT, PEOPLE, Manifest, Writer
from lux.rooms.company.transfer.tables import COMPANY_COLUMNS, LEFT_OUT, TRAVELS, Travels
from lux.vault import accounts

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.ports.contributions import TravellingFiles
    from lux.ports.storage import FileStore

_PAGE: Final = 1000
Tell = Callable[[int, int], None]  # rows done, rows in all; may raise to stop


def write(db: Database, company_id: int, store: FileStore, target: BinaryIO, tell: Tell) -> Manifest:
    """Write a company's archive into an open file and return what it says of itself."""
    with db.read(company_id) as session, Writer(target) as writer:
        if dialect_of(session) == "postgresql":  # the others read one snapshot by themselves
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        pace, company = _Pace(session, tell), companies.current(session)
        writer.manifest = Manifest(
            lux=__version__,
            schema=schema.present(db.engine) or "",
            made_at=clock.now().isoformat(),
            company=json.loads(lines.line_of({name: getattr(company, name) for name in COMPANY_COLUMNS})),
            again=_again(session),
            left_out=dict(LEFT_OUT),
        )
        writer.part(PEOPLE, _people(session))
        writer.manifest.audit = _write_audit(session, writer)
        for one in TRAVELS:
            rows = _table(session, one, pace)
            writer.part(f"tables/{one.name}.jsonl", rows, table=one.name, columns=one.columns)
        for files in installed().travelling:
            _write_files(session, files, writer, store)
        writer.finish()
        return writer.manifest


class _Pace:
    """How far it is; counted before, so that a bar can be drawn."""

    def __init__(self, session: Session, tell: Tell) -> None:
        self.done, self._tell = 0, tell
        self.total = sum(session.scalar(_only(one, select(func.count()), session)) or 0 for one in TRAVELS)

    def step(self, number: int) -> None:
        self.done += number
        self._tell(self.done, self.total)


def _only(one: Travels, query: Select[Any], session: Session) -> Select[Any]:
    query = query.select_from(one.table).where(one.table.c.company_id == company_of(session))
    return query if one.condition is None else query.where(one.condition)


def _table(session: Session, one: Travels, pace: _Pace) -> Iterator[bytes]:
    query = _only(one, select(*(one.table.c[name] for name in one.columns)), session)
    for row in _pages(session, query, one.table, pace):
        yield lines.line_of(row)


def _pages(session: Session, query: Select[Any], table: Table, pace: _Pace | None) -> Iterator[Any]:
    """Yield rows in the order of their key, a page at a time."""
    keys = [column for column in table.primary_key.columns if column.name != "company_id"]
    after: tuple[Any, ...] | None = None
    while True:
        page = query.order_by(*keys).limit(_PAGE)
        if after is not None:
            page = page.where(tuple_(*keys) > after if len(keys) > 1 else keys[0] > after[0])
        found = session.execute(page).mappings().all()
        yield from found
        if pace is not None:
            pace.step(len(found))
        if len(found) < _PAGE:
            return
        after = tuple(found[-1][key.name] for key in keys)


def _write_audit(session: Session, writer: Writer) -> dict[str, Any]:
    """Write the chain as it stands: whoever has the file can verify it (docs/howto/move-a-company.md)."""
    table: Any = ApprovalAuditLog.__table__
    query = select(*table.c).where(table.c.company_id == company_of(session))
    head = b""

    def chain() -> Iterator[bytes]:
        nonlocal head
        for row in _pages(session, query, table, None):
            head = bytes(row["hash"])
            yield lines.line_of(row)

    part = writer.part(AUDIT, chain())
    return {"rows": part.rows, "head": head.hex()}


def _people(session: Session) -> Iterator[bytes]:
    for one in members.listing(session):
        yield lines.line_of({"id": one.user_id, "email": one.email, "name": one.name, "role": one.role})
    for asked in invitations.pending(session):
        yield lines.line_of({"id": None, "email": asked.email, "name": "", "role": asked.role})


def _again(session: Session) -> dict[str, list[str]]:
    """Return the names of what has to be entered anew, because it is secret or proven here only."""
    return {
        "accounts": [f"{one.label} ({one.provider})" for one in accounts.listing(session)],
        "domains": [one.domain for one in domains.listing(session)],
        "api_keys": [one.name for one in api_keys.listing(session)],
        "webhooks": [f"{one.name} ({urlsplit(one.target).hostname})" for one in hooks.listing(session)],
        "toggles": sorted(one.spec.key for one in toggles.listing(session) if one.is_on),
    }


def _write_files(session: Session, files: TravellingFiles, writer: Writer, store: FileStore) -> None:
    """Put the files that rows name into the archive; one that is lost or damaged here stays away, as it did before."""
    one = next(one for one in TRAVELS if one.name == files.table)
    query = _only(one, select(*one.table.c), session)
    for row in _pages(session, query, one.table, None):
        for file in files.files(row):
            if store.exists(file.key) and _sum(store, file.key) == file.sha256:
                with store.open_read(file.key) as source:
                    writer.file(file.key, source)


def _sum(store: FileStore, key: str) -> str:
    with store.open_read(key) as source:
        digest = hashlib.sha256()
        while block := source.read(2**18):
            digest.update(block)
        return digest.hexdigest()
