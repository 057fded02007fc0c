"""Drills in which what surrounds LUX fails: mail server, database, disk, clock, a frozen process, a stop in between."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import cast

import psycopg
from sqlalchemy import select

from lux.gate import stop
from lux.gate.stop import scopes
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Leader
from lux.supervisor import SETTLED_SECONDS
from tests.emulators.smtp import Fault
from tests.faults import paths
from tests.faults.database import OwnPostgres
from tests.faults.judge import Row
from tests.faults.stage import Stage, Step, eventually
from tests.services import run

Run = Callable[[Stage, Row, random.Random], None]
AWAY = 5.0  # seconds that a database is away
LEASE = 15.0  # of a job that sends
BOUND = 2.0  # seconds after a stop within which the last message leaves


def mail_server(fault: Fault, *, times: int, unknown: int) -> Run:
    """Return what lets the mail server answer badly."""

    def drill(stage: Stage, row: Row, _chance: random.Random) -> None:
        stage.smtp.script.faults.extend([fault] * times)
        paths.send(stage, row, may_be_unknown=unknown)
        row.check("the server did not misbehave", holds=not stage.smtp.script.faults)

    return drill


def replies(words: str, *, times: int, may_fail: int = 0) -> Run:
    """Return what lets the mail server refuse some messages after their last byte."""

    def drill(stage: Stage, row: Row, _chance: random.Random) -> None:
        stage.smtp.script.next_messages.extend([words] * times)
        paths.send(stage, row, may_be_unknown=0, may_fail=may_fail)
        row.check("the server did not misbehave", holds=not stage.smtp.script.next_messages)

    return drill


def broken_tls(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Let encryption fail twice."""
    stage.smtp.script.broken_tls = 2
    paths.send(stage, row, may_be_unknown=0)
    row.check("the server did not misbehave", holds=stage.smtp.script.broken_tls == 0)


def gone(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Let the mail server end in the middle, and come back."""

    def meanwhile() -> None:
        _in_the_middle(stage, row)
        stage.smtp.pause()
        time.sleep(AWAY)
        stage.smtp.resume()

    paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))


def frozen(point: str, *, with_another: bool) -> Run:
    """Return what freezes a worker past its lease; what it does when it wakes must do no harm."""

    def drill(stage: Stage, row: Row, chance: random.Random) -> None:
        another = stage.another_worker() if with_another else None
        nth = chance.randint(5, 30) if point.startswith(("smtp", "journal")) else 1
        waking = threading.Thread(target=lambda: stage.thaw(LEASE + 9))
        try:
            paths.send(
                stage, row, Step(point=point, nth=nth, action="freeze"), may_be_unknown=1,
                meanwhile=waking.start, at_the_end=lambda: (waking.join(), time.sleep(3)),
            )  # fmt: skip
        finally:
            if another is not None:
                another.stop()

    return drill


def database_restarts(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Stop PostgreSQL at once in the middle, and start it again."""
    server = _postgres(stage)

    def meanwhile() -> None:
        _in_the_middle(stage, row)
        server.stop()
        time.sleep(AWAY)
        server.start()

    paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))


def database_setting(name: str, value: str) -> Run:
    """Return what changes a setting of PostgreSQL in the middle, for a while."""

    def drill(stage: Stage, row: Row, _chance: random.Random) -> None:
        def meanwhile() -> None:
            _in_the_middle(stage, row)
            with _postgres(stage).setting(name, value):
                time.sleep(AWAY)

        paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))

    return drill


def lock_timeouts(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Hold the rows that a run needs for longer than the database lets it wait."""
    server = _postgres(stage)

    def meanwhile() -> None:
        _in_the_middle(stage, row)
        with server.setting("lock_timeout", "200ms"), server.admin("torture") as connection, connection.transaction():
            connection.execute("SET LOCAL lock_timeout = 0")
            connection.execute("LOCK TABLE delivery IN SHARE MODE")
            time.sleep(AWAY)

    paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))


def deadlocks(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Take the rows of a run in the other order than it does, again and again."""
    server, met = _postgres(stage), 0

    def meanwhile() -> None:
        nonlocal met
        _in_the_middle(stage, row)
        end = time.monotonic() + AWAY
        with server.admin("torture") as connection:
            while time.monotonic() < end:
                with contextlib.suppress(psycopg.errors.DeadlockDetected), connection.transaction():
                    connection.execute("SELECT id FROM job WHERE state = 'running' FOR UPDATE")
                    connection.execute("SELECT pg_sleep(0.1)")
                    connection.execute("SELECT id FROM delivery WHERE state = 'claimed' FOR UPDATE")
                time.sleep(0.05)
            counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'torture'"
            connection.execute("SELECT pg_stat_clear_snapshot()")
            met = connection.execute(counted).fetchone()[0]  # type: ignore[index]

    paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))
    row.check("there was no deadlock", holds=met > 0)


def sqlite_is_locked(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Hold SQLite's write lock from outside for longer than anybody waits for it."""

    def meanwhile() -> None:
        _in_the_middle(stage, row)
        file = stage.lux.settings.database.removeprefix("sqlite:///")
        connection = sqlite3.connect(file, isolation_level=None, timeout=10)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(12)
        connection.execute("ROLLBACK")
        connection.close()

    paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))


def disk_is_full(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Let the workers write no file beyond a size, as a full disk does, for a while."""

    def meanwhile() -> None:
        _in_the_middle(stage, row)
        pids = stage.worker_pids()
        size = (stage.folder / "server.log").stat().st_size + 100_000
        before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[pid][1]))
        time.sleep(AWAY)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, before[pid])

    paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))


def clock_jumps(seconds: float) -> Run:
    """Return what lets the wall clock of every process jump in the middle, and stay there."""

    def drill(stage: Stage, row: Row, _chance: random.Random) -> None:
        file = stage.folder / "clock"

        def meanwhile() -> None:
            _in_the_middle(stage, row)
            file.write_text(str(seconds))

        try:
            paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))
            row.check("the clock's ticks stand still", holds=run.wait(lambda: _ticks(stage, seconds), seconds=30))
        finally:
            file.write_text("0")
            time.sleep(1)

    return drill


def stopped_and_killed(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Press the emergency stop in the middle and kill the worker: nothing leaves until it is resumed."""
    scope = scopes.of_company(stage.firm.id)

    def meanwhile() -> None:
        _in_the_middle(stage, row)
        with stage.lux.db.begin(stage.firm.id) as session:
            stop.press(session, scope=scope, by=stage.firm.person)
        pressed = time.monotonic()
        for pid in stage.worker_pids():
            os.kill(pid, signal.SIGKILL)
        time.sleep(BOUND + 6)
        late = [one for one in stage.smtp.messages if one.at > pressed + BOUND]
        row.check(f"{len(late)} messages later than {BOUND:g} s after the stop", holds=not late)
        with stage.lux.db.begin(stage.firm.id) as session:
            stop.resume(session, scope=scope, by=stage.firm.person, reason="the drill goes on")

    paths.send(stage, row, may_be_unknown=1, meanwhile=_timed(stage, row, meanwhile))


def pages_are_killed_again(stage: Stage, row: Row, _chance: random.Random) -> None:
    """Kill the page process three times, each as soon as it answers: the pages come back, and the mails go on."""
    time.sleep(max(0.0, stage.began + SETTLED_SECONDS + 5 - time.monotonic()))

    def meanwhile() -> None:
        for _time in range(3):
            run.wait(lambda: _answers(stage), seconds=60)
            for pid in stage.page_pids():
                os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        back = eventually(lambda: _answers(stage), 60)
        row.check("the pages did not come back", holds=back is not None)
        row.recovered = back - killed if back is not None else None

    paths.send(stage, row, may_be_unknown=0, meanwhile=meanwhile)


def _answers(stage: Stage) -> bool:
    return paths.ask(stage, "GET", "/sign-in", "", {}) == 200


def _in_the_middle(stage: Stage, row: Row) -> None:
    before = len(stage.smtp.messages)
    row.check("nothing left", holds=run.wait(lambda: len(stage.smtp.messages) >= before + row.n // 4, seconds=60))


def _timed(stage: Stage, row: Row, meanwhile: Callable[[], None]) -> Callable[[], None]:
    """Return it so that the time from its end to the next message is written down."""

    def timed() -> None:
        meanwhile()
        over, before = time.monotonic(), len(stage.smtp.messages)
        found = eventually(lambda: len(stage.smtp.messages) > before, paths.LONGEST)
        row.recovered = found - over if found is not None else None

    return timed


def _postgres(stage: Stage) -> OwnPostgres:
    return cast("OwnPostgres", stage.database)


def _ticks(stage: Stage, seconds: float) -> bool:
    """Say whether the leader renews its lead by the clock that has jumped."""
    with stage.lux.db.read(ALL_COMPANIES) as session:
        renewed = session.scalar(select(Leader.renewed_at))
    shift = seconds if stage.lux.db.dialect == "sqlite" else 0.0  # PostgreSQL's clock is its own
    return renewed is not None and abs((renewed - clock.now()).total_seconds() - shift) < 9
