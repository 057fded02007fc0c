"""What this machine could do at best, measured beside what LUX does: figures mean something only as shares of it."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench import mail_build
from lux import house
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.settings import Settings
from lux.render.liquid import compile_template
from lux.rooms.segments import queries, service
from lux.rooms.segments.models import Segment


def insert_rows_per_second(file: Path) -> float:
    """Return how many rows a bare SQLite table without any index takes: one executemany, WAL, one transaction."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines) if len(row) > 1][1:]
    columns = ", ".join(f"c{number}" for number in range(len(rows[0])))
    marks = ", ".join("?" * len(rows[0]))
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"CREATE TABLE bare ({columns})")
        began = time.perf_counter()
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO bare VALUES ({marks})", rows)  # noqa: S608 - our own column names
        connection.execute("COMMIT")
        seconds = time.perf_counter() - began
        connection.close()
    return len(rows) / seconds


def rows_in(database: Path) -> int:
    """Return how many rows all tables of a database hold."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    total = sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names)  # noqa: S608 - names of the schema
    connection.close()
    return int(total)


def sequential_count_seconds(database: Path) -> float:
    """Return how long counting every contact takes by reading the table from end to end."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    query = "SELECT count(*) FROM contact NOT INDEXED WHERE attrs IS NOT NULL"
    seconds = best_seconds(lambda: connection.execute(query).fetchone())
    connection.close()
    return seconds


def segment_count_seconds(settings: Settings, name: str) -> tuple[float, int]:
    """Return how long a segment's size takes as its page asks for it, and how many contacts it has."""
    house.install()
    db = Database.of(settings)
    try:
        with db.read(ALL_COMPANIES) as session:
            found = session.scalars(select(Segment).where(Segment.name == name)).one()
        with db.read(found.company_id) as session:
            ids = service.select_segment(session, found)
            size = queries.size(session, ids)
            return best_seconds(lambda: queries.size(session, ids)), size.total
    finally:
        db.close()


def best_seconds(action: Callable[[], Any], tries: int = 5) -> float:
    """Return the shortest of several runs."""
    found = []
    for _try in range(tries):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return min(found)


def message_bytes() -> int:
    """Return the size of the campaign's message."""
    compiled = mail_build.compiled(mail_build.template(with_condition=False))
    return len(compiled.build(mail_build.recipient(1), at=mail_build.AT))


def build_microseconds() -> tuple[float, float]:
    """Return CPU time per message: building it as LUX does, and rendering its HTML by Liquid alone."""
    content = mail_build.template(with_condition=False)
    compiled = mail_build.compiled(content)
    plain = compile_template(content.html, field="html", html=True)
    build = mail_build.microseconds(lambda number: compiled.build(mail_build.recipient(number), at=mail_build.AT))

    def render(number: int) -> bytes:
        return plain.render(dict(mail_build.recipient(number).data)).encode()

    return build, mail_build.microseconds(render)
