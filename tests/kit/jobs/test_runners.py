"""What holds for every runner: threads of this process, processes of their own, Celery behind a broker."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import pairwise

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import JobState, cancel, enqueue, retry
from tests.kit.jobs.conftest import job, on_every_engine, wait_for, wait_until
from tests.kit.jobs.handlers import effects

pytestmark = on_every_engine
END = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def put(db, kind, **options):
    args = {"label": "x", **options.pop("args", {})}
    with db.begin(ALL_COMPANIES) as session:
        return enqueue(session, kind, args, **options)


def test_a_committed_job_runs_once_and_is_done(db, start_worker):
    start_worker()
    job_id = put(db, "test.mark")
    ended = wait_for(db, job_id, *END)
    assert ended.state is JobState.DONE
    assert ended.finished_at >= ended.started_at >= ended.created_at
    assert (ended.lease_until, ended.leased_by, ended.running_key) == (None, None, None)
    assert effects(db, "x") == [0]


def test_a_job_that_was_waiting_before_the_worker_started_runs(db, start_worker):
    job_id = put(db, "test.mark")
    start_worker()
    assert wait_for(db, job_id, *END).state is JobState.DONE


def test_a_failing_handler_is_tried_again_and_then_given_up_with_its_redacted_words(db, start_worker):
    start_worker()
    job_id = put(db, "test.fail")
    ended = wait_for(db, job_id, *END)
    assert ended.state is JobState.FAILED
    assert ended.attempts == 2
    assert effects(db, "x") == [1, 2]
    assert ended.error == "the server said no to [e-mail], token=[hidden]"


def test_a_handler_that_gives_up_is_not_tried_again(db, start_worker):
    start_worker()
    ended = wait_for(db, put(db, "test.refuse"), *END)
    assert (ended.state, ended.error) == (JobState.FAILED, "this file is empty")
    assert effects(db, "x") == [1]


def test_an_error_for_people_is_kept_in_its_own_words(db, start_worker):
    start_worker()
    assert wait_for(db, put(db, "test.invalid"), *END).error == "The subject is empty."


def test_retry_later_goes_on_without_counting_as_a_failure(db, start_worker):
    start_worker()
    ended = wait_for(db, put(db, "test.later", args={"steps": 5}), *END)
    assert (ended.state, ended.attempts, ended.error) == (JobState.DONE, 0, "")
    assert effects(db, "x") == [1, 1, 1, 1, 1]


def test_retry_later_waits_for_as_long_as_it_says(db, start_worker):
    start_worker()
    began = time.monotonic()
    wait_for(db, put(db, "test.later", args={"steps": 2, "after": 1.5}), *END)
    assert time.monotonic() - began >= 1.5


def test_a_failure_that_asks_for_a_retry_counts(db, start_worker):
    start_worker()
    ended = wait_for(db, put(db, "test.stumble"), *END)
    assert (ended.state, ended.attempts) == (JobState.DONE, 0)
    assert effects(db, "x") == [1, 2, 3]


def test_of_jobs_with_one_key_one_runs_at_a_time(db, start_worker):
    start_worker()
    ids = [put(db, "test.slow", key="campaign 1", args={"label": "k", "seconds": 0.2}) for _n in range(3)]
    for job_id in ids:
        wait_for(db, job_id, JobState.DONE)
    runs = sorted((job(db, job_id).started_at, job(db, job_id).finished_at) for job_id in ids)
    assert all(first[1] <= second[0] for first, second in pairwise(runs))


def test_progress_is_seen_while_the_job_runs(db, start_worker):
    start_worker()
    job_id = put(db, "test.slow", args={"seconds": 3})
    seen = wait_until(lambda: row if (row := job(db, job_id)).progress_done else None)
    assert (seen.state, seen.progress_done, seen.progress_total) == (JobState.RUNNING, 1, 2)
    assert seen.progress_note == "half way"


def test_a_running_job_hears_that_it_was_cancelled(db, start_worker):
    start_worker()
    job_id = put(db, "test.slow", args={"seconds": 30})
    wait_until(lambda: effects(db, "x start"))
    with db.begin(ALL_COMPANIES) as session:
        assert cancel(session, job_id) is JobState.RUNNING
    assert wait_for(db, job_id, *END, seconds=10).state is JobState.CANCELLED
    assert effects(db, "x end") == []


def test_a_failed_job_can_be_started_again_by_a_person(db, start_worker):
    start_worker()
    job_id = put(db, "test.refuse")
    wait_for(db, job_id, JobState.FAILED)
    with db.begin(ALL_COMPANIES) as session:
        retry(session, job_id)
    wait_until(lambda: len(effects(db, "x")) == 2)


def test_a_job_for_later_waits_for_its_time(db, start_worker):
    start_worker()
    due_at = clock.now() + timedelta(seconds=2)
    job_id = put(db, "test.mark", due_at=due_at)
    assert wait_for(db, job_id, *END).started_at >= due_at


def test_a_job_of_an_unknown_kind_is_left_for_a_worker_that_knows_it(db, start_worker):
    start_worker()
    job_id = put(db, "later.version")
    wait_for(db, put(db, "test.mark"), JobState.DONE)
    assert job(db, job_id).state is JobState.QUEUED
