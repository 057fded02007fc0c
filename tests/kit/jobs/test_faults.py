"""Workers that are killed, frozen or told to stop, as whole processes with real signals."""

from __future__ import annotations

import os
import signal
import time

import pytest

from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import JobState, enqueue
from tests.kit.jobs.conftest import job, wait_for, wait_until
from tests.kit.jobs.handlers import effects, pids

pytestmark = pytest.mark.faults


def put(db, kind, **args):
    with db.begin(ALL_COMPANIES) as session:
        return enqueue(session, kind, {"label": "x", **args})


def test_four_processes_run_five_hundred_jobs_once_each(db, start_child):
    with db.begin(ALL_COMPANIES) as session:
        ids = [enqueue(session, "test.mark", {"label": "crowd", "number": n}) for n in range(500)]
    for _number in range(4):
        start_child()
    wait_until(lambda: len(effects(db, "crowd")) >= 500, seconds=90)
    wait_until(lambda: job(db, ids[-1]).state is JobState.DONE)
    time.sleep(1.5)  # whatever would run twice would do so now
    assert sorted(effects(db, "crowd")) == list(range(500))
    assert len(pids(db, "crowd")) > 1, "more than one process took part"


def test_a_killed_workers_job_goes_on_at_once_after_a_restart(db, start_child):
    worker = start_child()
    job_id = put(db, "test.count", total=60)
    for _round in range(3):
        seen = len(effects(db, "x"))
        wait_until(lambda seen=seen: len(effects(db, "x")) > seen + 5)
        worker.kill()
        killed = time.monotonic()
        here = len(effects(db, "x"))
        worker = start_child()
        wait_until(lambda here=here: len(effects(db, "x")) > here)
        assert time.monotonic() - killed < 10, "its lease was freed by the restart, and not by running out"
    assert wait_for(db, job_id, JobState.DONE).losses == 3
    assert effects(db, "x") == list(range(1, 61)), "no chunk lost, none twice"


def test_a_killed_workers_job_goes_to_a_neighbour(db, start_child):
    first = start_child()
    job_id = put(db, "test.count", total=120)
    wait_until(lambda: len(effects(db, "x")) > 5)
    start_child()
    first.kill()
    wait_for(db, job_id, JobState.DONE, seconds=30)
    assert effects(db, "x") == list(range(1, 121))
    assert len(pids(db, "x")) == 2


def test_a_frozen_worker_is_replaced_and_refused_when_it_wakes(db, start_child):
    frozen = start_child()
    job_id = put(db, "test.stubborn", seconds=1.0)
    wait_until(lambda: effects(db, "x start"))
    frozen.signal(signal.SIGSTOP)
    start_child()
    done = wait_for(db, job_id, JobState.DONE, seconds=30)
    frozen.signal(signal.SIGCONT)
    time.sleep(2)
    assert len(effects(db, "x start")) == 2
    assert effects(db, "x") == [0], "the one that woke up late wrote nothing"
    assert job(db, job_id).finished_at == done.finished_at
    assert frozen.is_alive, "and it goes on working"


def test_a_worker_told_to_stop_finishes_its_chunk_and_gives_its_job_back(db, start_child):
    worker = start_child()
    job_id = put(db, "test.count", total=300)
    wait_until(lambda: len(effects(db, "x")) > 5)
    worker.signal(signal.SIGTERM)
    assert worker.wait(8)
    released = job(db, job_id)
    assert (released.state, released.losses, released.attempts) == (JobState.QUEUED, 0, 0)
    assert released.leased_by is None


def test_a_worker_leaves_no_sign_of_life_behind(db, start_child, start_local):
    from sqlalchemy import select

    from lux.kit.jobs import JobWorker

    worker = start_child()
    with db.read(ALL_COMPANIES) as session:
        row = session.scalars(select(JobWorker)).one()
    assert (row.name, row.pid) == (worker.name, worker.pid)
    worker.end()
    with db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(JobWorker)).all() == []
    assert os.getpid() != worker.pid
