"""Jobs are written in the caller's transaction; a dedup key keeps one; people cancel and retry."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import WrongState
from lux.kit.jobs import Job, JobState, bell, cancel, claims, enqueue, retry, unfinished
from tests.kit.jobs.conftest import job


def company(db, name):
    with db.begin(ALL_COMPANIES) as session:
        row = Company(name=name, slug=name)
        session.add(row)
        session.flush()
        return row.id


def put(db, kind="test.mark", **options):
    with db.begin(ALL_COMPANIES) as session:
        return enqueue(session, kind, {"label": "x"}, **options)


def put_and_fail(db):
    """Enqueue in a transaction that is rolled back."""
    with db.session(ALL_COMPANIES) as session:
        enqueue(session, "test.mark", {})
        session.rollback()


def how_many(db):
    with db.read(ALL_COMPANIES) as session:
        return session.scalar(select(func.count()).select_from(Job))


def take(db, kinds):
    (claim,) = claims.claim_due(db, "w", kinds, {"default": 1})
    return claim


def finish(db, claim, state):
    with db.begin(ALL_COMPANIES) as session:
        assert claims.release(session, claim, state)


def test_a_job_is_part_of_the_callers_transaction(db):
    put_and_fail(db)
    assert how_many(db) == 0


def test_the_bell_rings_after_the_commit_and_not_before(db):
    heard = []
    stop = bell.listen(lambda ids: heard.append(list(ids)))
    with db.begin(ALL_COMPANIES) as session:
        job_id = enqueue(session, "test.mark", {})
        with session.begin_nested():
            pass
        assert heard == []
    assert heard == [[job_id]]
    put_and_fail(db)
    assert heard == [[job_id]]
    stop()
    put(db)
    assert heard == [[job_id]]


def test_a_dedup_key_keeps_one_unfinished_job(db, kinds):
    first = put(db, dedup_key="import 5")
    assert put(db, dedup_key="import 5") == first
    claim = take(db, kinds)
    assert put(db, dedup_key="import 5") == first, "running is unfinished too"
    finish(db, claim, JobState.DONE)
    assert put(db, dedup_key="import 5") != first


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_every_end_frees_the_dedup_key(db, kinds, state):
    first = put(db, dedup_key="k")
    finish(db, take(db, kinds), state)
    assert put(db, dedup_key="k") != first


def test_a_dedup_key_counts_within_its_kind_and_company(db):
    ours, theirs = company(db, "ours"), company(db, "theirs")
    options = [{}, {"company_id": ours}, {"company_id": theirs}, {"kind": "test.send"}]
    ids = {put(db, dedup_key="k", **each) for each in options}
    assert len(ids) == 4
    assert {put(db, dedup_key="k", **each) for each in options} == ids


def test_long_dedup_keys_stay_apart(db):
    first = put(db, dedup_key="a" * 254)
    assert put(db, dedup_key="a" * 253 + "b") != first
    assert put(db, dedup_key="a" * 254) == first


def test_a_clash_leaves_the_callers_own_work_alone(db):
    put(db, dedup_key="k")
    with db.begin(ALL_COMPANIES) as session:
        session.add(Company(name="Kept", slug="kept"))
        enqueue(session, "test.mark", {}, dedup_key="k")
    with db.read(ALL_COMPANIES) as session:
        assert session.scalar(select(Company.name)) == "Kept"


def test_two_at_once_with_one_dedup_key_make_one_job(db):
    gate, ids = threading.Barrier(4), []

    def go():
        gate.wait()
        ids.extend(put(db, dedup_key=f"round {number}") for number in range(20))

    threads = [threading.Thread(target=go) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 80
    assert len(set(ids)) == how_many(db) == 20


def test_an_unknown_queue_is_refused(db):
    with pytest.raises(ValueError, match="no queue 'fast'"):
        put(db, queue="fast")


def test_a_waiting_job_is_cancelled_at_once(db, kinds):
    job_id = put(db, dedup_key="k")
    with db.begin(ALL_COMPANIES) as session:
        assert cancel(session, job_id) is JobState.CANCELLED
    ended = job(db, job_id)
    assert (ended.state, ended.open_key) == (JobState.CANCELLED, None)
    assert ended.finished_at is not None
    assert claims.claim_due(db, "w", kinds, {"default": 9}) == []


def test_what_has_ended_is_not_cancelled(db, kinds):
    job_id = put(db)
    finish(db, take(db, kinds), JobState.DONE)
    with pytest.raises(WrongState), db.begin(ALL_COMPANIES) as session:
        cancel(session, job_id)
    assert job(db, job_id).state is JobState.DONE


def test_a_retry_starts_with_fresh_attempts(db, kinds):
    job_id = put(db)
    claim = take(db, kinds)
    with db.begin(ALL_COMPANIES) as session:
        claims.release(session, claim, JobState.FAILED, attempts=8, error="no")
    with db.begin(ALL_COMPANIES) as session:
        retry(session, job_id)
    again = job(db, job_id)
    assert (again.state, again.attempts, again.finished_at) == (JobState.QUEUED, 0, None)


@pytest.mark.parametrize("state", [JobState.DONE, JobState.QUEUED])
def test_only_what_failed_or_was_cancelled_is_retried(db, kinds, state):
    job_id = put(db)
    finish(db, take(db, kinds), state)
    with pytest.raises(WrongState), db.begin(ALL_COMPANIES) as session:
        retry(session, job_id)


def test_a_retry_is_refused_while_the_same_work_is_queued_anew(db, kinds):
    job_id = put(db, dedup_key="k")
    finish(db, take(db, kinds), JobState.FAILED)
    put(db, dedup_key="k")
    with pytest.raises(WrongState, match="already"), db.begin(ALL_COMPANIES) as session:
        retry(session, job_id)
    assert job(db, job_id).state is JobState.FAILED


def test_unfinished_jobs_are_counted_per_company(db, kinds):
    ours = company(db, "ours")
    put(db, company_id=ours)
    put(db)
    put(db)
    finish(db, take(db, kinds), JobState.DONE)
    with db.read(ALL_COMPANIES) as session:
        assert unfinished(session, "test.mark", company_id=ours) == 0
        assert unfinished(session, "test.mark", company_id=None) == 2
