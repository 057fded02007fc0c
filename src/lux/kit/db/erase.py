"""Deleting so that nothing stays behind in the database's own files, as far as the database lets us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lux.kit.db.session import dialect_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db.session import Database


def overwrite_deleted(session: Session) -> None:
    """Let SQLite overwrite with zeros what this transaction deletes or shortens (it reuses pages without, else)."""
    if dialect_of(session) == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")


def scrub(db: Database, table: str) -> None:
    """Remove earlier versions of a table's rows from the files: SQLite's log is folded back, PostgreSQL vacuums.

    `table` is a name of ours. MariaDB's purge does the same by itself. What the machine's disk, a replica or a backup
    keeps is beyond this.
    """
    if db.dialect == "sqlite":
        with db.engine.connect() as connection:
            driver = connection.connection.driver_connection
            if driver is not None:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    elif db.dialect == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM {table}"))
