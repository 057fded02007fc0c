"""Reads an archive into a company that nobody sees yet: first every line is looked at, then every row is written."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, select

from lux.gate import moving
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, schema
from lux.kit.db.base import uuid7
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from lux.ports.contributions import TravellingFiles, installed
from lux.rooms.company.transfer import rows as lines
from lux.rooms.company.transfer.archive import AUDIT, PEOPLE, Damaged, Part, Reader
from lux.rooms.company.transfer.numbers import Numbers
from lux.rooms.company.transfer.tables import COMPANY_COLUMNS, TRAVELS, Travels

if TYPE_CHECKING:
    from lux.kit.db import Database

Row = dict[str, Any]
Tell = Callable[[int, int], None]  # rows done, rows in all; may raise to stop
CHUNK: Final = 1000
_IDS_AT_ONCE: Final = 500


@dataclass(kw_only=True)
class Chain:
    """What the audit chain of the old installation says of itself."""

    rows: int = 0
    head: str = ""  # hex
    holds: bool = False


@dataclass
class Looked:
    """An archive every line of which was looked at; `gate` knows what was open, `numbers` which ids are taken."""

    reader: Reader
    numbers: Numbers
    gate: moving.Arrivals
    company: Row = field(default_factory=dict)
    people: list[dict[str, str]] = field(default_factory=list)  # email, name, role
    chain: Chain = field(default_factory=Chain)
    parts: dict[str, Part] = field(default_factory=dict)  # by table
    lost_files: int = 0  # named by a row, not in the archive: they were lost there already
    total: int = 0


def look(db: Database, reader: Reader, folder: Path, tell: Tell) -> Looked:
    """Look at every line of an archive and write nothing; raises Damaged, InvalidInput for one of a newer LUX."""
    reason = _("The company moved to another installation before this had left.")
    found = Looked(reader=reader, numbers=Numbers(folder), gate=moving.Arrivals(reason))
    try:
        _check_schema(db, reader.manifest.schema, reader.manifest.lux)
        found.parts = _parts_by_table(reader)
        found.total = 2 * reader.manifest.rows
        found.company = company_of(reader.manifest.company)
        found.people = list(_people(reader))
        found.chain = _chain(reader)
        _check_ids(db, found, Company.__table__, [found.company["public_id"]])  # type: ignore[arg-type]
        done = 0
        for one in TRAVELS:
            for page in pages(rows_of(found, one), _IDS_AT_ONCE):
                _look_at(db, found, one, page)
                done += len(page)
                tell(done, found.total)
    except BaseException:
        found.numbers.close()
        raise
    return found


def rows_of(found: Looked, one: Travels) -> Iterator[Row]:
    """Yield a table's rows as they stand in the archive; raises Damaged that names the line."""
    part = found.parts.get(one.name)
    if part is None:
        return
    read = lines.reader_of(one.table, part.columns)
    for number, line in enumerate(found.reader.lines(part), 1):
        try:
            yield read(line)
        except lines.BadRow as error:
            raise no_row(part.name, number, error) from error


def no_row(name: str, number: int, error: Exception) -> Damaged:
    """Return the words for a line that is no row."""
    why = str(error)[:200]
    return Damaged(
        _("Line %(number)s of %(part)s is not what LUX writes (%(why)s).", number=number, part=name, why=why)
    )


def pages(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Yield rows in lists; a row that corrects one of its own list begins the next."""
    page: list[Row] = []
    for row in rows:
        corrects = row.get("corrects_id")
        if len(page) >= size or (page and corrects is not None and corrects >= page[0]["id"]):
            yield page
            page = []
        page.append(row)
    if page:
        yield page


def company_of(values: Row) -> Row:
    """Return the company's own record, checked; raises Damaged."""
    table: Table = Company.__table__  # type: ignore[assignment]
    try:
        found = lines.reader_of(table, COMPANY_COLUMNS)(lines.line_of(values))
    except (lines.BadRow, TypeError) as error:
        raise no_row("manifest.json", 1, error) from error
    return found


def _check_schema(db: Database, revision: str, version: str) -> None:
    if not schema.has(revision):
        raise InvalidInput(
            _("This archive was made by a newer LUX (%(version)s).", version=version[:40]),
            field="file",
            fix=_("Update LUX here to that version and import again."),
        )
    if schema.present(db.engine) != schema.newest():
        raise InvalidInput(_("This database is not up to date."), field="file", fix=_("Run: lux migrate"))


def _parts_by_table(reader: Reader) -> dict[str, Part]:
    found = {part.table: part for part in reader.manifest.parts if part.table}
    known = {one.name: one for one in TRAVELS}
    names = {part.name for part in reader.manifest.parts}
    if len(names) != len(reader.manifest.parts) or not {PEOPLE, AUDIT} <= names or set(found) - set(known):
        raise Damaged(_("What is in this archive is not what its manifest says."))
    for name, part in found.items():
        needed = {column.name for column in known[name].table.columns if not _has_default(column)}
        needed -= {"company_id", *known[name].omitted}
        if not needed <= set(part.columns) <= set(known[name].columns):
            raise Damaged(_("The columns of %(part)s are not those of its table.", part=part.name))
    return found


def _has_default(column: Any) -> bool:  # noqa: ANN401 - any column
    return bool(column.nullable) or column.default is not None or column.server_default is not None


def _people(reader: Reader) -> Iterator[dict[str, str]]:
    part = next(part for part in reader.manifest.parts if part.name == PEOPLE)
    for number, line in enumerate(reader.lines(part), 1):
        try:
            row = lines.object_of(line)
            yield {name: str(row[name])[:254] for name in ("email", "name", "role")}
        except (lines.BadRow, KeyError) as error:
            raise no_row(part.name, number, error) from error


def _chain(reader: Reader) -> Chain:
    """Verify the old chain: a fault is told in the report, since nothing here depends on it."""
    part = next(part for part in reader.manifest.parts if part.name == AUDIT)
    table: Table = ApprovalAuditLog.__table__  # type: ignore[assignment]
    read = lines.reader_of(table, [column.name for column in table.columns])

    def chain() -> Iterator[ApprovalAuditLog]:
        for number, line in enumerate(reader.lines(part), 1):
            try:
                yield ApprovalAuditLog(**read(line))
            except lines.BadRow as error:
                raise no_row(part.name, number, error) from error

    stream = chain()
    rows, head, fault = audit.verify_rows(stream)
    deque(stream, maxlen=0)  # behind a fault as well: what was damaged on its way is refused, not reported
    said = (reader.manifest.audit.get("rows"), reader.manifest.audit.get("head"))
    return Chain(rows=rows, head=head.hex(), holds=fault is None and said == (rows, head.hex()))


def _look_at(db: Database, found: Looked, one: Travels, page: Sequence[Row]) -> None:
    files = next((each for each in installed().travelling if each.table == one.name), None)
    try:
        for row in page:
            found.gate.learn(one.name, row)
            if files is not None:
                found.lost_files += _lost(found.reader, files, row)
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(_("%(part)s holds what never leaves a LUX.", part=one.name)) from error
    if "public_id" in one.table.c:
        _check_ids(db, found, one.table, [row["public_id"] for row in page])


def _lost(reader: Reader, files: TravellingFiles, row: Row) -> int:
    return sum(not reader.has(one.key, one.size) for one in files.files(row))


def _check_ids(db: Database, found: Looked, table: Table, ids: Sequence[uuid.UUID]) -> None:
    """Give new public ids for those that are taken here."""
    with db.read(ALL_COMPANIES) as session:
        taken = session.scalars(select(table.c.public_id).where(table.c.public_id.in_(ids))).all()
    found.numbers.renew([(one, uuid7()) for one in taken])
