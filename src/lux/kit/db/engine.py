"""Engines for SQLite (WAL, one fair write gate), PostgreSQL and MariaDB."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection

CONNECT_SECONDS = 10  # libpq itself waits as long as the system does, minutes; PyMySQL waits as long as this
# Each connection to SQLite has the whole schema, its statements and a cache of its own, two megabytes in all; opening
# one takes a few milliseconds. So a burst opens more, and only these stay.
KEPT_CONNECTIONS = 2
KEPT_STATEMENTS = 32
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "busy_timeout=10000",
    "foreign_keys=ON",
    "recursive_triggers=ON",  # without it REPLACE slips past the audit log's triggers
    "cache_size=-600",  # KiB of each connection, of which two processes have a dozen; the system caches the file too
    "temp_store=MEMORY",
)


class WriteGate:
    """Lets SQLite's writers in one at a time and in turn: a thread lock, then a file lock.

    SQLite's own busy timeout sleeps and retries without a queue, which makes the tail of waits long.
    """

    def __init__(self, path: Path) -> None:
        """Open (and make) the lock file."""
        self._thread_lock = threading.Lock()
        self._path = path
        self._descriptor: int | None = None
        self._pid = 0
        self._owner: int | None = None

    def acquire(self) -> None:
        """Wait for the turn; a second write transaction on the same thread is a programming error."""
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("this thread already has a write transaction open: use the session at hand")
        self._thread_lock.acquire()
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX)
        except BaseException:  # no descriptor is left, for example
            self._thread_lock.release()
            raise
        self._owner = me

    def release(self) -> None:
        """Let the next one in; harmless when this gate is not held."""
        if self._owner is None:
            return
        fcntl.flock(self._open(), fcntl.LOCK_UN)
        self._owner = None
        self._thread_lock.release()

    def _open(self) -> int:
        if self._descriptor is None or self._pid != os.getpid():
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._descriptor


def make_engine(url: str, *, pool_size: int = 16) -> Engine:
    """Return an engine with a health-checked pool for one of the three databases."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(url, parsed.database, pool_size)
    is_patient = parsed.get_backend_name() != "postgresql" or "connect_timeout" in parsed.query
    return create_engine(
        url,
        connect_args={} if is_patient else {"connect_timeout": CONNECT_SECONDS},
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=8,
        pool_recycle=1800,
    )


def _sqlite_engine(url: str, file: str | None, pool_size: int) -> Engine:
    if not file or file == ":memory:":
        raise ValueError("LUX needs a database file: sqlite:////folder/lux.db")
    engine = create_engine(
        url,
        connect_args={"timeout": 10, "check_same_thread": False, "cached_statements": KEPT_STATEMENTS},
        pool_size=KEPT_CONNECTIONS,
        max_overflow=max(pool_size + 8 - KEPT_CONNECTIONS, 0),
        pool_use_lifo=True,
    )
    gate = WriteGate(Path(f"{file}.lock"))

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's hook
        connection.isolation_level = None  # the driver emits no BEGIN of its own
        for pragma in _PRAGMAS:
            connection.execute("PRAGMA " + pragma)
        # SQLite's own lower() knows ASCII only; the other databases know every letter.
        connection.create_function("lux_lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("read_only"):
            connection.exec_driver_sql("BEGIN")
            return
        gate.acquire()
        connection.info["write_gate"] = gate
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            _leave(connection)
            raise

    @event.listens_for(engine, "rollback")
    def _rolled_back(connection: Connection) -> None:
        _leave(connection)

    @event.listens_for(engine, "commit")
    def _committing(connection: Connection) -> None:
        # The hook runs before the driver's commit, and the gate opens after it: so it is done here. When it fails (a
        # full disk), no rollback follows: the gate would stay shut, and nobody could write until the process ends.
        try:
            _commit(connection)
        finally:
            _leave(connection)

    return engine


def _commit(connection: Connection) -> None:
    try:
        connection.connection.driver_connection.commit()  # type: ignore[union-attr]
    except sqlite3.Error as error:  # a hook's error is raised as it is, and callers wait for SQLAlchemy's
        raise DBAPIError.instance("COMMIT", None, error, sqlite3.Error, dialect=connection.dialect) from error


def _leave(connection: Connection) -> None:
    """Let the next writer in, once what is open here has ended."""
    held = connection.info.pop("write_gate", None)
    if held is not None:
        try:
            _roll_back(connection)
        finally:
            held.release()


def _roll_back(connection: Connection) -> None:
    """End what is still open: a rollback hook runs before the driver's rollback, and a failed commit has none."""
    driver = connection.connection.driver_connection
    if driver is not None and driver.in_transaction:
        driver.rollback()


def _lower(text: str | None) -> str | None:
    return text.lower() if isinstance(text, str) else text
