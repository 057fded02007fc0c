"""Processes of their own for the job tests, forked from one that has imported everything already.

A child is a whole worker, or a hand that runs the ids it is told on standard input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from lux.kit import logs
from lux.kit.db import Database
from lux.kit.jobs import consuming  # noqa: F401 - once, before children are forked
from lux.kit.jobs.celery_runner import CeleryRunner
from lux.kit.jobs.clockwork import ClockProcess
from lux.kit.jobs.identity import WorkerIdentity
from lux.kit.jobs.keeper import Keeper
from lux.kit.jobs.kinds import Kinds
from lux.kit.jobs.run import Workshop
from lux.kit.jobs.worker import Worker
from lux.kit.settings import Settings
from tests.kit.jobs.handlers import KINDS


def nursery() -> None:
    """Fork a child for each line on standard input, and answer with its pid."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the dead
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(order["pipe"] + ".in", os.O_RDONLY), 0)
            os.dup2(os.open(order["pipe"] + ".out", os.O_WRONLY), 1)
            sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
            live(order["role"], Path(order["home"]), order["url"], order["broker"])
            os._exit(0)
        print(pid, flush=True)


def live(role: str, home: Path, url: str, broker: str) -> None:
    settings = Settings(
        home=home,
        database_url=url,
        jobs="celery" if broker else "local",
        broker_url=broker,
        log_format="text",
        log_level="warning",
    )
    logs.configure(settings)
    db = Database.of(settings)
    {"worker": run_worker, "hand": run_ids, "celery": run_celery, "clock": run_clock}[role](db, settings)
    db.close()


def run_worker(db: Database, settings: Settings) -> None:
    run_until_told(Worker(db, settings, KINDS))


def run_celery(db: Database, settings: Settings) -> None:
    """A worker as `lux worker` makes it with LUX_JOBS=celery."""
    run_until_told(
        Worker(db, settings, KINDS, make_runner=partial(CeleryRunner, settings=settings), has_clock=False),
    )


def run_clock(db: Database, settings: Settings) -> None:
    """A clock as `lux clock` makes it."""
    run_until_told(ClockProcess(db, settings, KINDS))


def run_until_told(process: Worker | ClockProcess) -> None:
    ended = SimpleQueue()  # an event's lock may be what the main thread takes when the signal comes
    signal.signal(signal.SIGTERM, lambda *_: ended.put(True))
    process.start()
    print(process.identity.name, flush=True)
    ended.get()
    process.stop()


def run_ids(db: Database, settings: Settings) -> None:
    identity = WorkerIdentity.take(settings.home)
    keeper = Keeper(db, identity.name, threads=1)
    keeper.start()
    workshop = Workshop(db, settings, Kinds(KINDS), keeper)
    signal.signal(signal.SIGTERM, lambda *_: workshop.ask_to_stop())
    print(identity.name, flush=True)
    for line in sys.stdin:
        job_id = int(line)
        workshop.run(job_id)
        print(job_id, flush=True)
    keeper.stop()
    identity.release()


if __name__ == "__main__":
    nursery()
