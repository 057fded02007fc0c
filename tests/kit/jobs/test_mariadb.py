"""The same rows on MariaDB: its snapshots, locks and deadlocks are its own."""

from __future__ import annotations

import pytest

from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import JobState, enqueue
from tests.kit.jobs import test_queue
from tests.kit.jobs.conftest import wait_for, wait_until
from tests.kit.jobs.handlers import effects


@pytest.fixture
def db_url(mariadb_url):
    return mariadb_url


def test_two_workers_run_every_job_once(db, start_local, start_child):
    with db.begin(ALL_COMPANIES) as session:
        ids = [enqueue(session, "test.mark", {"label": "m", "number": n}, key=f"k{n % 7}") for n in range(60)]
    start_child()
    start_local()
    wait_until(lambda: len(effects(db, "m")) >= 60, seconds=60)
    for job_id in ids:
        wait_for(db, job_id, JobState.DONE)
    assert sorted(effects(db, "m")) == list(range(60))


def test_two_at_once_with_one_dedup_key_make_one_job(db):
    test_queue.test_two_at_once_with_one_dedup_key_make_one_job(db)
