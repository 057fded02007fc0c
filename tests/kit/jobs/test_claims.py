"""Claims, fences and leases: a job has one holder, and a former one can't write any more."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobState, LeaseLost, cancel, claims, enqueue
from lux.kit.jobs.claims import MOST_LOSSES
from lux.kit.jobs.context import Execution, JobContext
from lux.kit.jobs.keeper import Keeper
from tests.kit.jobs.conftest import job
from tests.kit.jobs.handlers import effects, note


def put(db, kind="test.mark", **options):
    with db.begin(ALL_COMPANIES) as session:
        return enqueue(session, kind, {"label": "x"}, **options)


def take(db, kinds, worker="w"):
    (claim,) = claims.claim_due(db, worker, kinds, {"default": 1})
    return claim


def let_lease_run_out(db, job_id):
    with db.begin(ALL_COMPANIES) as session:
        past = clock.now() - timedelta(seconds=1)
        session.execute(update(Job).where(Job.id == job_id).values(lease_until=past))


def test_a_claimed_job_is_nobody_elses(db, kinds):
    put(db)
    take(db, kinds)
    assert claims.claim_due(db, "other", kinds, {"default": 5}) == []


def test_a_job_is_won_by_id_once(db, kinds):
    job_id = put(db)
    assert claims.claim_one(db, "w", kinds, job_id).job_id == job_id
    assert claims.claim_one(db, "w", kinds, job_id) is None


def test_the_oldest_due_jobs_come_first_and_only_what_fits(db, kinds):
    now = clock.now()
    late, early = put(db, due_at=now - timedelta(minutes=1)), put(db, due_at=now - timedelta(minutes=9))
    put(db, due_at=now + timedelta(hours=1))
    found = claims.claim_due(db, "w", kinds, {"default": 1})
    assert [claim.job_id for claim in found] == [early]
    found = claims.claim_due(db, "w", kinds, {"default": 9})
    assert [claim.job_id for claim in found] == [late]


def test_a_queue_without_a_free_thread_gets_nothing(db, kinds):
    put(db, "test.import")
    send = put(db, "test.send")
    found = claims.claim_due(db, "w", kinds, {"import": 0, "send": 1, "default": 1})
    assert [claim.job_id for claim in found] == [send]


def test_a_queue_given_with_the_job_wins_over_its_kinds(db, kinds):
    job_id = put(db, "test.mark", queue="send")
    assert claims.claim_due(db, "w", kinds, {"default": 1}) == []
    (found,) = claims.claim_due(db, "w", kinds, {"send": 1})
    assert (found.job_id, found.queue) == (job_id, "send")


def test_one_of_a_key_in_one_batch_and_over_batches(db, kinds):
    first, second = put(db, key="k"), put(db, key="k")
    found = claims.claim_due(db, "w", kinds, {"default": 5})
    assert [claim.job_id for claim in found] == [first]
    assert claims.claim_due(db, "w", kinds, {"default": 5}) == []
    assert claims.claim_one(db, "w", kinds, second) is None
    with db.begin(ALL_COMPANIES) as session:
        claims.release(session, found[0], JobState.DONE)
    assert claims.claim_one(db, "w", kinds, second) is not None


def test_the_database_itself_refuses_two_running_jobs_of_one_key(db, kinds):
    put(db, key="k")
    second = put(db, key="k")
    take(db, kinds)
    with db.begin(ALL_COMPANIES) as session:  # as if the look had come before the other's claim
        row = session.get(Job, second)
        assert claims._take(session, row, "w", kinds) is None
    assert job(db, second).state is JobState.QUEUED


def test_a_lease_that_has_run_out_is_swept(db, kinds):
    job_id = put(db)
    take(db, kinds)
    assert claims.sweep(db) == 0
    let_lease_run_out(db, job_id)
    assert claims.sweep(db) == 1
    freed = job(db, job_id)
    assert (freed.state, freed.losses, freed.attempts, freed.leased_by) == (JobState.QUEUED, 1, 0, None)


def test_a_lease_is_measured_and_really_ends(db, kinds):
    put(db, "test.stubborn")  # its lease is one second
    take(db, kinds)
    assert claims.sweep(db) == 0
    time.sleep(1.1)
    assert claims.sweep(db) == 1


def test_a_swept_job_that_was_to_be_cancelled_is_cancelled(db, kinds):
    job_id = put(db)
    take(db, kinds)
    with db.begin(ALL_COMPANIES) as session:
        cancel(session, job_id)
    let_lease_run_out(db, job_id)
    claims.sweep(db)
    assert job(db, job_id).state is JobState.CANCELLED


def test_a_job_that_kills_every_worker_is_given_up(db, kinds):
    job_id = put(db)
    for _time in range(MOST_LOSSES):
        take(db, kinds)
        claims.release_workers(db, ["w"])
    ended = job(db, job_id)
    assert ended.state is JobState.FAILED
    assert "worker died 25 times" in ended.error


def test_an_orderly_release_is_no_loss(db, kinds):
    job_id = put(db)
    take(db, kinds)
    assert claims.release_workers(db, ["w"], is_orderly=True) == 1
    assert (job(db, job_id).state, job(db, job_id).losses) == (JobState.QUEUED, 0)


def test_only_the_named_workers_leases_are_freed(db, kinds):
    job_id = put(db)
    take(db, kinds, "alive")
    assert claims.release_workers(db, ["dead"]) == 0
    assert job(db, job_id).state is JobState.RUNNING


def context_of(db, settings, claim):
    return JobContext(Execution(claim), db, settings)


def test_the_holder_writes_and_thereby_renews(db, settings, kinds):
    job_id = put(db)
    claim = take(db, kinds)
    let_lease_run_out(db, job_id)
    note(context_of(db, settings, claim).db, "kept")
    assert effects(db, "kept") == [0]
    assert job(db, job_id).lease_until > clock.now(), "a chunk that outlasted its lease leaves a whole one"


@pytest.mark.parametrize("is_taken_again", [True, False])
def test_a_former_holders_write_is_refused(db, settings, kinds, is_taken_again):
    job_id = put(db)
    late = context_of(db, settings, take(db, kinds))
    let_lease_run_out(db, job_id)
    claims.sweep(db)
    if is_taken_again:
        take(db, kinds, "w2")
    with pytest.raises(LeaseLost):
        note(late.db, "late")
    assert effects(db, "late") == []


def test_the_same_worker_can_not_write_for_its_former_claim(db, settings, kinds):
    put(db)
    late = context_of(db, settings, take(db, kinds))
    claims.release_workers(db, ["w"])
    now = context_of(db, settings, take(db, kinds))
    with pytest.raises(LeaseLost):
        note(late.db, "late")
    note(now.db, "now")
    assert (effects(db, "late"), effects(db, "now")) == ([], [0])


def test_a_former_holder_can_not_end_the_job(db, kinds):
    job_id = put(db)
    late = take(db, kinds)
    claims.release_workers(db, ["w"])
    take(db, kinds, "w2")
    with db.begin(ALL_COMPANIES) as session:
        assert not claims.release(session, late, JobState.DONE)
    assert job(db, job_id).state is JobState.RUNNING


def frozen_past_its_lease(execution):
    execution.renewed -= execution.claim.lease_seconds


def test_who_wakes_after_the_lease_asks_before_going_on(db, settings, kinds):
    """The keeper's thread has not beaten yet: a handler that woke up must not take its word for it."""
    job_id = put(db)
    late = Execution(take(db, kinds))
    let_lease_run_out(db, job_id)
    claims.sweep(db)
    take(db, kinds, "w2")
    frozen_past_its_lease(late)
    with pytest.raises(LeaseLost):
        JobContext(late, db, settings).check_cancelled()


def test_who_wakes_while_nobody_has_taken_over_goes_on_with_a_whole_lease(db, settings, kinds):
    job_id = put(db)
    late = Execution(take(db, kinds))
    let_lease_run_out(db, job_id)
    frozen_past_its_lease(late)
    context = JobContext(late, db, settings)
    with context.db.begin(ALL_COMPANIES):
        context.check_cancelled()  # inside a transaction its end will ask
    assert not late.is_overdue
    frozen_past_its_lease(late)
    let_lease_run_out(db, job_id)
    context.check_cancelled()
    assert not late.is_overdue
    assert job(db, job_id).lease_until > clock.now()


def test_reading_needs_no_claim(db, settings, kinds):
    put(db)
    late = context_of(db, settings, take(db, kinds))
    claims.release_workers(db, ["w"])
    with late.db.read(ALL_COMPANIES) as session:
        assert session.execute(text("SELECT count(*) FROM effect")).scalar_one() == 0


def test_the_keeper_tells_of_a_lost_lease_and_of_a_cancellation(db, settings, kinds):
    lost_id, cancelled_id = put(db), put(db)
    keeper = Keeper(db, "w")
    lost, cancelled = (Execution(claim) for claim in claims.claim_due(db, "w", kinds, {"default": 2}))
    for execution in (lost, cancelled):
        execution.renewed = -100.0
        keeper.hold(execution)
    let_lease_run_out(db, lost_id)
    claims.sweep(db)
    with db.begin(ALL_COMPANIES) as session:
        cancel(session, cancelled_id)
    keeper.beat()
    assert lost.is_lost.is_set()
    assert cancelled.is_cancelled.is_set()
    with pytest.raises(LeaseLost):
        JobContext(lost, db, settings).check_cancelled()
