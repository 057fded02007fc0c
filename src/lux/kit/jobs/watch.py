"""Tells cheaply whether a SQLite file was written to, so that an idle worker need not query it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import PoolProxiedConnection

    from lux.kit.db.session import Database


class ChangeWatch:
    """Compares SQLite's data_version, which changes when another connection has committed.

    Where the database has no such thing, everything may have changed at any time.
    """

    def __init__(self, db: Database) -> None:
        """Connect at the first look."""
        self._db = db
        self._connection: PoolProxiedConnection | None = None
        self._last: object = None
        self.can_watch = db.dialect == "sqlite"

    def has_changed(self) -> bool:
        """Say whether anything was committed since the last call."""
        if not self.can_watch:
            return True
        if self._connection is None:
            self._connection = self._db.engine.raw_connection()
        version = self._connection.cursor().execute("PRAGMA data_version").fetchone()
        is_new = bool(version != self._last)
        self._last = version
        return is_new

    def reset(self) -> None:
        """Give the connection back; the next look makes a new one."""
        connection, self._connection, self._last = self._connection, None, None
        if connection is not None:
            connection.close()
