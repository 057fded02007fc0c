"""Fills an empty database with a backup's rows, a bounded chunk at a time, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, func, select

from lux.kit.db import ALL_COMPANIES
from lux.kit.db.bulk import insert_rows
from lux.kit.db.numbers import put_back
from lux.kit.i18n import gettext as _
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.safekeeping.archive import columns
from lux.rooms.safekeeping.archive.shape import Damaged

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.rooms.safekeeping.archive.shape import Manifest, Part, Reader
    from lux.rooms.safekeeping.archive.writing import Tell

_ROWS: Final = 2_000  # of a chunk …
_BYTES: Final = 4 * 2**20  # … whichever comes first


def fill(db: Database, reader: Reader, tell: Tell) -> None:
    """Insert every row; the schema is that of the backup, and empty. Raises Damaged."""
    done, total = 0, reader.manifest.rows
    with db.begin(ALL_COMPANIES) as session:
        for part in reader.manifest.tables:
            table, names = _table(part), [name for name, _kind in part.columns]
            for chunk in _chunks(part, reader.lines(part)):
                insert_rows(session, table, names, chunk)
                done += len(chunk)
                tell(done, total)
        # The chain of a removed company stays under its number, which is never given again.
        chains = session.scalar(select(func.max(ApprovalAuditLog.company_id))) or 0
        given = dict(reader.manifest.counters)
        given["company"] = max(given.get("company", 0), chains)
        put_back(session, [_table(part) for part in reader.manifest.tables], given)


def differing(db: Database, manifest: Manifest) -> list[str]:
    """Return the tables that do not hold as many rows as the manifest says."""
    with db.read(ALL_COMPANIES) as session:
        return [
            part.name for part in manifest.tables
            if session.scalar(select(func.count()).select_from(_table(part))) != part.rows
        ]  # fmt: skip


def _table(part: Part) -> Table:
    try:
        return columns.table_of(part.name.removeprefix("tables/").removesuffix(".jsonl"), part.columns)
    except (ValueError, TypeError) as error:
        raise Damaged(_("The manifest of this backup can't be read.")) from error


def _chunks(part: Part, lines: Iterable[bytes]) -> Iterator[list[tuple[Any, ...]]]:
    kinds, rows, size = [kind for _name, kind in part.columns], list[tuple[Any, ...]](), 0
    for line in lines:
        try:
            rows.append(columns.row_of(line, kinds))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise Damaged(_("The part %(part)s can't be read.", part=part.name)) from error
        size += len(line)
        if len(rows) >= _ROWS or size >= _BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows
