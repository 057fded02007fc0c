"""How many rows the audit chain takes in a second, a transaction each, beside bare inserts that commit as often."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lux.kit.db import ALL_COMPANIES, Database, schema
from lux.ledger import audit

ROWS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Rows per second."""

    chained: float  # each appended and committed
    bare: float  # each inserted into a table without index or trigger, and committed
    verified: float


def measure() -> Pace:
    """Append, insert and verify on SQLite with LUX's own settings of the database."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'lux.db'}")
        schema.upgrade(db.engine)

        def append() -> None:
            with db.begin(ALL_COMPANIES) as session:
                audit.append(session, 0, actor=audit.SYSTEM, action="session.started", detail={"number": 1})

        chained = _per_second(append)
        began = time.perf_counter()
        with db.read(ALL_COMPANIES) as session:
            count, _fault = audit.verify(session, 0)
        verified = count / (time.perf_counter() - began)
        db.close()
        bare = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        bare.execute("PRAGMA journal_mode=WAL")
        bare.execute("PRAGMA synchronous=NORMAL")
        bare.execute("CREATE TABLE bare (seq, at, action, detail, prev, hash)")

        def insert() -> None:
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("INSERT INTO bare VALUES (1, '2026-11-30', 'session.started', '{}', x'00', x'00')")
            bare.execute("COMMIT")

        pace = Pace(chained=chained, bare=_per_second(insert), verified=verified)
        bare.close()
        return pace


def _per_second(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    for _row in range(ROWS):
        action()
    return ROWS / (time.perf_counter() - began)
