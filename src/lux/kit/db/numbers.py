"""The highest number that each table ever gave: a removed company's number must not be given again after a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Integer, Table, func, inspect, select, text

from lux.kit.db.session import dialect_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

_AUTOINCREMENT = {"company"}  # SQLite never gives a number twice there
_POSTGRESQL = (
    "SELECT t.relname, s.last_value FROM pg_sequences s "
    "JOIN pg_class c ON c.relname = s.sequencename AND c.relnamespace = s.schemaname::regnamespace "
    "JOIN pg_depend d ON d.objid = c.oid AND d.deptype IN ('a', 'i') JOIN pg_class t ON t.oid = d.refobjid "
    "WHERE s.schemaname = current_schema() AND s.last_value IS NOT NULL"
)
_MARIADB = (
    "SELECT table_name, auto_increment - 1 FROM information_schema.tables "
    "WHERE table_schema = database() AND auto_increment IS NOT NULL"
)


def counters(session: Session) -> dict[str, int]:
    """Return table → the highest number given, as far as the database knows."""
    dialect = dialect_of(session)
    if dialect == "sqlite":
        if not inspect(session.connection()).has_table("sqlite_sequence"):
            return {}
        found = session.execute(text("SELECT name, seq FROM sqlite_sequence")).all()
    else:
        found = session.execute(text(_POSTGRESQL if dialect == "postgresql" else _MARIADB)).all()
    return {str(name): int(number) for name, number in found if number}


def put_back(session: Session, tables: Sequence[Table], given: Mapping[str, int]) -> None:
    """Let every table go on behind what it ever gave, and behind what stands in it."""
    for table in tables:
        number = table.c.get("id")
        if number is None or not isinstance(number.type, Integer):
            continue
        highest = max(given.get(table.name, 0), session.scalar(select(func.max(number))) or 0)
        if highest:
            _put(session, table.name, highest)


def _put(session: Session, table: str, highest: int) -> None:
    """`table` is a name of ours."""
    dialect, values = dialect_of(session), {"name": table, "highest": highest}
    if dialect == "postgresql":
        session.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"), values)
    elif dialect == "mysql":
        session.execute(text(f"ALTER TABLE `{table}` AUTO_INCREMENT = {highest + 1}"))
    elif session.execute(text("SELECT 1 FROM sqlite_sequence WHERE name = :name"), values).first():
        session.execute(text("UPDATE sqlite_sequence SET seq = :highest WHERE name = :name"), values)
    elif table in _AUTOINCREMENT:  # the others go on behind the highest row
        session.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :highest)"), values)
