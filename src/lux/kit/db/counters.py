"""Counters that many writers add to: one upsert per key, on three databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from lux.kit.db.session import dialect_of


def add_counts(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    counters: Sequence[str],
) -> None:
    """Add each row's counters to the stored ones; a missing row is made. A key may occur once per call."""
    if not rows:
        return
    values = [dict(row) for row in rows]
    dialect = dialect_of(session)
    statement: Any
    if dialect == "mysql":
        statement = mysql.insert(table)
        statement = statement.on_duplicate_key_update(
            {name: table.c[name] + statement.inserted[name] for name in counters}
        )
    else:
        make = sqlite.insert if dialect == "sqlite" else postgresql.insert
        statement = make(table)
        statement = statement.on_conflict_do_update(
            index_elements=list(key),
            set_={name: table.c[name] + statement.excluded[name] for name in counters},
        )
    # Row by row on one prepared statement: with all rows in one, its text would grow with them, and be kept.
    session.connection().execute(statement, values)
