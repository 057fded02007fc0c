"""Measures the database itself: how fast it answers, how large it is, which version it is, whether it is intact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import column, func, inspect, literal, select, table, text

from lux.kit import clock
from lux.kit.db.session import dialect_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def seconds_to_answer(session: Session) -> float:
    """Return how long the smallest question takes; raises what the database raises when it is away."""
    session.connection()  # a connection that has to be opened first is no slow answer
    began = clock.monotonic()
    session.execute(select(literal(1)))
    return clock.monotonic() - began


def size(session: Session) -> int | None:
    """Return the bytes it takes on its disk; None = it does not say."""
    dialect = dialect_of(session)
    if dialect == "sqlite":
        pages = select(func.pragma_page_count().table_valued("page_count").c.page_count).scalar_subquery()
        each = select(func.pragma_page_size().table_valued("page_size").c.page_size).scalar_subquery()
        return int(session.execute(select(pages * each)).scalar_one())
    if dialect == "postgresql":
        return int(session.execute(select(func.pg_database_size(func.current_database()))).scalar_one())
    tables = table(
        "tables", column("table_schema"), column("data_length"), column("index_length"), schema="information_schema"
    )
    whole = select(func.sum(tables.c.data_length + tables.c.index_length)).where(
        tables.c.table_schema == func.database()
    )
    found = session.execute(whole).scalar()
    return None if found is None else int(found)


def wal_size(session: Session) -> int | None:
    """Return the bytes of SQLite's write-ahead log; None = another database, which minds its own."""
    name = session.get_bind().engine.url.database
    if dialect_of(session) != "sqlite" or not name or name == ":memory:":
        return None
    log = Path(f"{name}-wal")
    return log.stat().st_size if log.exists() else 0


def server_version(session: Session) -> str:
    """Return the version the server tells, for example 16.4."""
    found = session.connection().dialect.server_version_info or ()
    return ".".join(str(part) for part in found)


def grants(session: Session) -> tuple[list[str], str]:
    """Return the lines of MariaDB's SHOW GRANTS, the present role's too, and the database's name; elsewhere none."""
    if dialect_of(session) != "mysql":
        return [], ""
    lines = session.connection().exec_driver_sql("SHOW GRANTS").scalars()
    return [str(line) for line in lines], str(session.scalar(select(func.database())))


def stray_rows(session: Session) -> list[str]:
    """Return the tables in SQLite whose rows point to rows that are not there."""
    return [str(row[0]) for row in session.execute(text("PRAGMA foreign_key_check"))]


def revision(session: Session) -> str:
    """Return the revision of the schema, empty when there is none."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return ""
    return str(session.execute(select(column("version_num")).select_from(table("alembic_version"))).scalar() or "")


def faults(session: Session) -> list[str] | None:
    """Return what SQLite finds wrong with its own file (reads all of it); None = this database has no such look."""
    if dialect_of(session) != "sqlite":
        return None
    found = session.scalars(select(func.pragma_quick_check().table_valued("quick_check").c.quick_check))
    return [str(one) for one in found if one != "ok"]
