"""Job kinds for the tests, whose effects are rows that can be counted; parent and child processes use the same."""

from __future__ import annotations

import os
import time
from typing import Any

from sqlalchemy import text

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import InvalidInput
from lux.kit.jobs import GiveUp, JobContext, JobKind, RetryLater

TABLE = "CREATE TABLE effect (id {key}, label varchar(64) NOT NULL, number integer NOT NULL, pid integer NOT NULL)"
KEYS = {
    "sqlite": "integer PRIMARY KEY",
    "postgresql": "bigserial PRIMARY KEY",
    "mysql": "bigint PRIMARY KEY AUTO_INCREMENT",
}


def make_table(db: Database) -> None:
    with db.begin(ALL_COMPANIES) as session:
        session.execute(text(TABLE.format(key=KEYS[db.dialect])))


def effects(db: Database, label: str) -> list[int]:
    """Return the numbers written under a label, in the order of writing."""
    with db.read(ALL_COMPANIES) as session:
        rows = session.execute(text("SELECT number FROM effect WHERE label = :label ORDER BY id"), {"label": label})
        return [row.number for row in rows]


def pids(db: Database, label: str) -> set[int]:
    with db.read(ALL_COMPANIES) as session:
        rows = session.execute(text("SELECT pid FROM effect WHERE label = :label"), {"label": label})
        return {row.pid for row in rows}


def note(db: Database, label: str, number: int = 0) -> None:
    with db.begin(ALL_COMPANIES) as session:
        _note(session, label, number)


def _note(session: Any, label: str, number: int) -> None:
    session.execute(
        text("INSERT INTO effect (label, number, pid) VALUES (:label, :number, :pid)"),
        {"label": label, "number": number, "pid": os.getpid()},
    )


def mark(context: JobContext, args: dict[str, Any]) -> None:
    """Write one row."""
    note(context.db, args["label"], args.get("number", 0))


def slow(context: JobContext, args: dict[str, Any]) -> None:
    """Write a row at the start and one at the end, and listen in between."""
    note(context.db, f"{args['label']} start", args.get("number", 0))
    context.progress(1, 2, "half way")
    context.wait(args.get("seconds", 0.3))
    note(context.db, f"{args['label']} end", args.get("number", 0))


def count(context: JobContext, args: dict[str, Any]) -> None:
    """Write 1..total, a chunk each, going on where an earlier run stopped: as an import does."""
    label, total = args["label"], args["total"]
    while True:
        context.check_cancelled()
        with context.db.begin(ALL_COMPANIES) as session:
            query = text("SELECT coalesce(max(number), 0) FROM effect WHERE label = :label")
            done = session.execute(query, {"label": label}).scalar_one()
            if done >= total:
                return
            _note(session, label, done + 1)
        context.progress(done + 1, total)
        time.sleep(args.get("pause", 0.02))


def stubborn(context: JobContext, args: dict[str, Any]) -> None:
    """Sleep without listening, then write: what a frozen process does when it wakes up."""
    note(context.db, f"{args['label']} start")
    time.sleep(args["seconds"])
    note(context.db, args["label"])


def fail(context: JobContext, args: dict[str, Any]) -> None:
    note(context.db, args["label"], context.attempt)
    raise ValueError("the server said no to anna@example.com, token=abc123")


def refuse(context: JobContext, args: dict[str, Any]) -> None:
    note(context.db, args["label"], context.attempt)
    raise GiveUp("this file is empty")


def invalid(context: JobContext, args: dict[str, Any]) -> None:
    raise InvalidInput(field="subject", message="The subject is empty.", fix="Write one.")


def later(context: JobContext, args: dict[str, Any]) -> None:
    """Go on in five steps of a job each."""
    with context.db.begin(ALL_COMPANIES) as session:
        query = text("SELECT count(*) FROM effect WHERE label = :label")
        done = session.execute(query, {"label": args["label"]}).scalar_one()
        _note(session, args["label"], context.attempt)
    if done + 1 < args["steps"]:
        raise RetryLater(args.get("after", 0.0))


def stumble(context: JobContext, args: dict[str, Any]) -> None:
    """Fail twice at once, then succeed."""
    note(context.db, args["label"], context.attempt)
    if context.attempt < 3:
        raise RetryLater(0, "not yet", is_failure=True)


def stamp(context: JobContext, args: dict[str, Any]) -> None:
    """Write how many milliseconds passed since the job was enqueued."""
    note(context.db, args["label"], round((clock.now().timestamp() - args["at"]) * 1000))


KINDS = [
    JobKind(name="test.mark", handler=mark),
    JobKind(name="test.slow", handler=slow, title="A slow one"),
    JobKind(name="test.import", handler=slow, queue="import"),
    JobKind(name="test.send", handler=mark, queue="send"),
    JobKind(name="test.count", handler=count, lease_seconds=3.0),
    JobKind(name="test.stubborn", handler=stubborn, lease_seconds=1.0),
    JobKind(name="test.fail", handler=fail, max_attempts=2),
    JobKind(name="test.refuse", handler=refuse),
    JobKind(name="test.invalid", handler=invalid, max_attempts=1),
    JobKind(name="test.later", handler=later, max_attempts=1),
    JobKind(name="test.stumble", handler=stumble, max_attempts=3),
    JobKind(name="test.stamp", handler=stamp),
]
