"""The worker's door as a real process: it works, stops in order, and does not outlive its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobState, JobWorker, enqueue
from lux.kit.settings import environment
from tests.factories import Installation

pytestmark = pytest.mark.server

PARENT = """
import subprocess, sys, os, time
child = subprocess.Popen([sys.executable, "-m", "lux", "worker", "--parent-pid", str(os.getpid())])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def start(lux_sqlite: Installation) -> Iterator[object]:
    """Return a function that starts a program with the installation's settings."""
    started: list[subprocess.Popen[str]] = []
    names = {
        "LUX_HOME": str(lux_sqlite.settings.home),
        "LUX_DATABASE_URL": lux_sqlite.settings.database,
        "LUX_LOG_LEVEL": "warning",
    }

    def run(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, *arguments]
        started.append(subprocess.Popen(command, env=environment(names), stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def put(lux: Installation, kind: str = "notifications.sweep") -> int:
    with lux.db.begin(ALL_COMPANIES) as session:
        return enqueue(session, kind, {})


def wait_until(look, seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"nothing came within {seconds} s"
        time.sleep(0.05)


def state(lux: Installation, job_id: int) -> JobState:
    with lux.db.read(ALL_COMPANIES) as session:
        return session.scalars(select(Job.state).where(Job.id == job_id)).one()


def workers(lux: Installation) -> int:
    with lux.db.read(ALL_COMPANIES) as session:
        return session.scalars(select(func.count()).select_from(JobWorker)).one()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_runs_the_houses_jobs_and_stops_in_order(lux_sqlite, start):
    job_id = put(lux_sqlite)
    worker = start("-m", "lux", "worker")
    wait_until(lambda: state(lux_sqlite, job_id) is JobState.DONE)
    assert workers(lux_sqlite) == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert workers(lux_sqlite) == 0


def test_it_does_not_outlive_a_killed_parent(lux_sqlite, start):
    parent = start("-c", PARENT)
    worker_pid = int(parent.stdout.readline())
    wait_until(lambda: workers(lux_sqlite) == 1)
    parent.kill()
    parent.wait()
    wait_until(lambda: not is_alive(worker_pid), seconds=20)
    assert workers(lux_sqlite) == 0, "it said goodbye"
