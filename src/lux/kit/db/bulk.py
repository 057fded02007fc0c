"""Set-based writing: raw executemany on SQLite and MariaDB, COPY through a temporary table on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from lux.kit.db.session import dialect_of

CHUNK = 10_000
Row = tuple[Any, ...]


def insert_rows(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert plain tuples in chunks on the raw cursor; returns how many were given.

    Python-side defaults do not run: name every NOT NULL column.
    """
    return _write(session, table, columns, rows, tail="", temporary=False)


def upsert_rows(
    session: Session,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    key: Sequence[str],
    update: Sequence[str] = (),
) -> int:
    """Insert rows; on a clash over `key` update the named columns (none = keep what is there).

    A key may occur once per call: PostgreSQL refuses to update a row twice in one statement.
    """
    dialect = dialect_of(session)
    quoted = session.get_bind().dialect.identifier_preparer.quote
    if dialect == "mysql":
        sets = ", ".join(f"{quoted(c)}=VALUES({quoted(c)})" for c in (update or key[:1]))
        tail = f" ON DUPLICATE KEY UPDATE {sets}"
    else:
        names = ", ".join(quoted(c) for c in key)
        sets = ", ".join(f"{quoted(c)}=excluded.{quoted(c)}" for c in update)
        tail = f" ON CONFLICT ({names}) DO " + (f"UPDATE SET {sets}" if sets else "NOTHING")
    return _write(session, table, columns, rows, tail=tail, temporary=dialect == "postgresql")


def chunks(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    """Yield lists of at most `size` rows."""
    source = iter(rows)
    while part := list(itertools.islice(source, size)):
        yield part


def _write(
    session: Session, table: Table, columns: Sequence[str], rows: Iterable[Row], *, tail: str, temporary: bool
) -> int:
    convert = _converter(session, table, columns)
    total = 0
    session.flush()
    for part in chunks(rows):
        ready = convert(part)
        total += len(ready)
        if dialect_of(session) == "postgresql":
            _copy(session, table, columns, ready, tail=tail, temporary=temporary)
        else:
            _executemany(session, table, columns, ready, tail)
    return total


def _executemany(session: Session, table: Table, columns: Sequence[str], rows: list[Row], tail: str) -> None:
    mark = "?" if dialect_of(session) == "sqlite" else "%s"
    quoted = session.get_bind().dialect.identifier_preparer.quote
    names = ", ".join(quoted(one) for one in columns)
    marks = ", ".join([mark] * len(columns))
    cursor = session.connection().connection.cursor()
    try:
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks}){tail}", rows)  # noqa: S608 - names from our own tables
    finally:
        cursor.close()


def _copy(
    session: Session, table: Table, columns: Sequence[str], rows: list[Row], *, tail: str, temporary: bool
) -> None:
    quoted = session.get_bind().dialect.identifier_preparer.quote
    names = ", ".join(quoted(one) for one in columns)
    driver: Any = session.connection().connection.driver_connection
    target = table.name
    with driver.cursor() as cursor:
        if temporary:
            target = f"lux_in_{table.name}"
            cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {target} AS SELECT {names} FROM {table.name} LIMIT 0")  # noqa: S608 - names from our own tables
            cursor.execute(f"TRUNCATE {target}")
        with cursor.copy(f"COPY {target} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        if temporary:
            cursor.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {target}{tail}")  # noqa: S608 - names from our own tables
            cursor.execute(f"DROP TABLE {target}")


def _converter(session: Session, table: Table, columns: Sequence[str]) -> Callable[[Sequence[Row]], list[Row]]:
    """Return a function that turns rows of Python values into what the driver takes, by the columns' own types."""
    dialect = session.get_bind().dialect
    found: list[Callable[[Any], Any] | None] = []
    for name in columns:
        processor = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        found.append(processor)
    pairs = [(index, processor) for index, processor in enumerate(found) if processor is not None]

    def convert(rows: Sequence[Row]) -> list[Row]:
        # column by column: most are the same value in every row (company, moment) and are turned once
        values: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for index, processor in pairs:
            column = cast("tuple[Any, ...]", values[index])
            first = column[0]
            if all(value is first for value in column):
                values[index] = itertools.repeat(processor(first), len(column))
            else:
                values[index] = map(processor, column)
        return list(zip(*values, strict=True))

    return convert
