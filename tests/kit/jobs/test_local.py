"""The runner with threads: how soon it starts, what it leaves alone while idle, what keeps out of whose way."""

from __future__ import annotations

import statistics
import time

import pytest
from sqlalchemy import event

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import JobState, enqueue
from lux.kit.jobs.kinds import QUEUES, threads_per_queue
from tests.kit.jobs.conftest import wait_for, wait_until
from tests.kit.jobs.handlers import effects


def put(db, kind, **options):
    args = {"label": "x", **options.pop("args", {})}
    with db.begin(ALL_COMPANIES) as session:
        return enqueue(session, kind, args, **options)


def test_a_fresh_job_starts_within_a_fifth_of_a_second(db, start_child):
    start_child()  # another process, so that only the database can tell it
    for number in range(9):
        put(db, "test.stamp", args={"label": "t", "at": clock.now().timestamp()})
        wait_until(lambda number=number: len(effects(db, "t")) == number + 1)
        time.sleep(0.05 + number / 40)  # so that the next one meets the pause at another point
    first_quarter, median, _third = statistics.quantiles(effects(db, "t"), n=4)
    assert first_quarter < 200, "on a machine that is busy with other tests too"
    assert median < 400


def test_an_idle_worker_asks_the_database_a_few_times_a_second_at_most(db, start_local):
    start_local(has_clock=False)
    time.sleep(1)
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *parts: asked.append(parts[2]))
    time.sleep(3)
    selects = [statement for statement in asked if statement.startswith("SELECT job")]
    assert 1 <= len(selects) <= (6 if db.dialect == "sqlite" else 20)
    writes = [statement for statement in asked if statement.startswith(("UPDATE", "INSERT"))]
    assert len(writes) <= 1


def test_a_long_import_holds_up_neither_mails_nor_the_rest(db, start_local):
    start_local()
    imports = [put(db, "test.import", args={"label": "i", "seconds": 30}) for _n in range(8)]
    wait_until(lambda: effects(db, "i start"))
    for kind in ("test.send", "test.mark"):
        assert wait_for(db, put(db, kind), JobState.DONE, seconds=5)
    assert effects(db, "i start") == [0], "one import at a time"
    assert len(imports) == 8


@pytest.mark.parametrize("total", [1, 4, 5, 9, 64])
def test_every_queue_has_a_thread_of_its_own(total):
    shares = threads_per_queue(total)
    assert set(shares) == set(QUEUES)
    assert min(shares.values()) == 1
    assert sum(shares.values()) == max(total, len(QUEUES))
    assert shares["import"] == shares["system"] == 1


def test_errors_are_reported_with_the_job_and_whether_it_was_the_last_attempt(db, start_local):
    heard = []

    def report(_db, claim, error, is_final):
        heard.append((claim.job_id, type(error).__name__, is_final))
        raise RuntimeError("the report itself fails")  # must not change how the job ends

    start_local(on_error=report)
    job_id = put(db, "test.fail")
    wait_for(db, job_id, JobState.FAILED)
    assert heard == [(job_id, "ValueError", False), (job_id, "ValueError", True)]


def test_a_stopping_worker_waits_for_its_handlers(db, start_local):
    worker = start_local()
    put(db, "test.stubborn", args={"seconds": 0.7})
    wait_until(lambda: effects(db, "x start"))
    assert worker.runner.stop(10)
    assert effects(db, "x") == [0]
