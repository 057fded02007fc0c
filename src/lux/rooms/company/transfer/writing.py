"""Writes the rows of an archive that was looked at: new numbers, the old references, a transaction per chunk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, Enum, String, Table, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.exc import DataError, IntegrityError

from lux.kit.db import ALL_COMPANIES, insert_rows
from lux.kit.db.session import dialect_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.rooms.company.transfer.archive import Damaged
from lux.rooms.company.transfer.arriving import CHUNK, Looked, Row, Tell, pages, rows_of
from lux.rooms.company.transfer.tables import COUNTED, SUBJECTS, TRAVELS, Travels

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.ports.storage import FileStore

_SOMEBODY: Final = re.compile(r"(person|api_key|key):\d+")
_UNFINISHED: Final = ("uploaded", "queued", "running")


def write(db: Database, company_id: int, found: Looked, store: FileStore, tell: Tell) -> None:
    """Write every row and every file; raises Damaged when the rows contradict each other."""
    done = found.total // 2
    for one in TRAVELS:
        for page in pages(rows_of(found, one), CHUNK):
            try:
                with db.begin(ALL_COMPANIES) as session:
                    _write_page(session, company_id, found, one, page)
            except (IntegrityError, DataError, ValueError, KeyError, TypeError) as error:
                raise Damaged(_("The rows of %(part)s contradict each other or the rest.", part=one.name)) from error
            _write_files(found, one, page, store)
            done += len(page)
            tell(done, found.total)
    with db.begin(ALL_COMPANIES) as session:
        _write_later(session, company_id, found)


def _write_page(session: Session, company_id: int, found: Looked, one: Travels, page: Sequence[Row]) -> None:
    rows = [dict(row) for row in page]
    for row in rows:
        _settle(one, row)
        found.gate.arrive(one.name, row)
        row.update(dict.fromkeys(one.people), company_id=company_id)
    _point(found, one, rows)
    later = [{name: row[name] for name in one.later} for row in rows]
    for row in rows:
        row.update(dict.fromkeys(one.later))
    if found.numbers.renewed:
        _renew(found, one, rows)
    numbers = _insert(session, one, rows)
    if numbers:
        found.numbers.note(one.name, zip((row["id"] for row in page), numbers, strict=True))
    for number, values in zip(numbers, later, strict=False):
        for name, old in values.items():
            if old is not None:
                found.numbers.note(f"{one.name}.{name}", [(number, old)])


def _settle(one: Travels, row: Row) -> None:
    """Bring to an end what worked on the old installation, and forget who did what there."""
    if one.name == "contact_import":
        row["file_key"] = ""
        if row["state"] in _UNFINISHED:
            row["state"] = "cancelled"
        if row.get("undo"):
            row["undo"] = {
                name: None if name in {"job_id", "user_id"} else value for name, value in row["undo"].items()
            }
            row["undo_state"] = "failed" if row["undo_state"] in _UNFINISHED else row["undo_state"]
    for name in ("actor", "trashed_by"):  # numbers of people and keys of there are those of strangers here
        whole = _SOMEBODY.fullmatch(row.get(name) or "")
        row.update({name: whole[1]} if whole else {})


def _point(found: Looked, one: Travels, rows: Sequence[Row]) -> None:
    """Exchange every reference for the number the row has here."""
    for name, target in one.keys.items():
        olds = [row[name] for row in rows if row.get(name) is not None]
        ask = found.numbers.find_or_mark if name in COUNTED else found.numbers.find
        known = ask(target, olds)
        for row in rows:
            old = row.get(name)
            if old is not None:
                row[name] = known[old] if name in one.hard_keys else known.get(old)
    for type_name, name in one.subjects.items():
        for kind in {row[type_name] for row in rows} & set(SUBJECTS):
            wanted = [row for row in rows if row[type_name] == kind and row[name]]
            known = found.numbers.find_or_mark(SUBJECTS[kind], [row[name] for row in wanted])
            for row in wanted:
                row[name] = known[row[name]]
    for column, names in one.inside.items():
        for name, target in names.items():
            _point_inside(found, [row[column] for row in rows if row.get(column)], name, target)


def _point_inside(found: Looked, values: Sequence[dict[str, Any]], name: str, target: str) -> None:
    """Exchange numbers inside JSON: one, or a list of them."""
    wanted = [one for one in values if name in one]
    olds = [old for one in wanted for old in _listed(one[name]) if isinstance(old, int)]
    known = found.numbers.find_or_mark(target, olds)
    for one in wanted:
        new = [known.get(old, old) for old in _listed(one[name])]
        one[name] = new if isinstance(one[name], list) else new[0]


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - what stands in JSON
    return value if isinstance(value, list) else [value]


def _renew(found: Looked, one: Travels, rows: Sequence[Row]) -> None:
    """Exchange public ids that are taken here, in their own column and wherever a text or a rule names them."""
    texts = [
        column.name
        for column in one.table.columns
        if column.name not in one.verbatim
        and isinstance(column.type, String | JSON)
        and not isinstance(column.type, Enum)
    ]
    for row in rows:
        if "public_id" in row:
            row["public_id"] = type(row["public_id"])(found.numbers.renewed_of(str(row["public_id"])))
        for name in texts:
            if row.get(name):
                row[name] = found.numbers.renewed_in(row[name])


@cache
def _referred() -> frozenset[str]:
    """Return the tables whose rows others point to: only of these the new numbers have to be known."""
    found = set(SUBJECTS.values())
    for one in TRAVELS:
        found.update(one.keys.values(), one.later.values(), *(names.values() for names in one.inside.values()))
        if one.later:
            found.add(one.name)
    return frozenset(found)


def _insert(session: Session, one: Travels, rows: Sequence[Row]) -> Sequence[int]:
    """Insert rows under new numbers and return these, in order, where somebody will ask for them."""
    table = one.table
    has_number = "id" in table.c
    ready = [{name: value for name, value in row.items() if name != "id"} for row in rows]
    numbers: Sequence[int] = []
    if has_number and one.name in _referred():
        if dialect_of(session) != "postgresql":
            statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
            return list(session.scalars(statement, ready))
        numbers = _taken(session, table, len(ready))
        ready = [{**row, "id": number} for row, number in zip(ready, numbers, strict=True)]
    for column in table.columns:  # rows written in bulk get no defaults
        if column.name not in ready[0] and column.name != "id" and not column.nullable:
            for row in ready:
                row[column.name] = column.default.arg  # type: ignore[union-attr]
    names = list(ready[0])
    insert_rows(session, table, names, (tuple(row[name] for name in names) for row in ready))
    return numbers


def _taken(session: Session, table: Table, count: int) -> Sequence[int]:
    """Take numbers ahead from PostgreSQL, so that rows can be copied in: asking after it is slow."""
    of_table = func.pg_get_serial_sequence(table.name, "id")
    series = func.generate_series(1, count).table_valued("number")
    return session.scalars(select(func.nextval(cast(of_table, REGCLASS))).select_from(series)).all()


def _write_later(session: Session, company_id: int, found: Looked) -> None:
    """Write the references to what came after the row that has them."""
    for one in TRAVELS:
        for name, target in one.later.items():
            table = one.table
            for number, old in found.numbers.noted(f"{one.name}.{name}"):
                new = found.numbers.find(target, [old]).get(old)
                here = update(table).where(table.c.company_id == company_id, table.c.id == number)
                session.execute(here.values({name: new}))


def _write_files(found: Looked, one: Travels, page: Sequence[Row], store: FileStore) -> None:
    for files in installed().travelling:
        if files.table != one.name:
            continue
        for row in page:
            public_id = type(row["public_id"])(found.numbers.renewed_of(str(row["public_id"])))
            for old, new in zip(files.files(row), files.files({**row, "public_id": public_id}), strict=True):
                if found.reader.has(old.key, old.size):
                    with store.open_write(new.key) as target:
                        found.reader.copy(old.key, old.sha256, target)
