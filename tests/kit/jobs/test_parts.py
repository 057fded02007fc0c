"""Names of workers, kinds, the bounds of retries, and what is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import lazy_gettext
from lux.kit.jobs import Job, JobKind, JobState, JobWorker, Kinds
from lux.kit.jobs.errors import UnknownKind
from lux.kit.jobs.identity import WorkerIdentity, dead_workers
from lux.kit.jobs.models import CronSlot
from lux.kit.jobs.prune import prune
from lux.kit.jobs.run import retry_delay


def handler(context, args):
    """Do nothing."""


def test_a_worker_keeps_its_name_over_restarts(tmp_path):
    first = WorkerIdentity.take(tmp_path)
    second = WorkerIdentity.take(tmp_path)
    assert first.name != second.name
    assert dead_workers(tmp_path) == []
    first.release()
    assert dead_workers(tmp_path) == [first.name]
    again = WorkerIdentity.take(tmp_path)
    assert (again.name, again.former) == (first.name, first.name)
    again.release()
    second.release()


def test_a_slot_remembers_who_held_it_on_a_machine_of_another_name(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "worker-0.lock").write_text("old-container-0")
    identity = WorkerIdentity.take(tmp_path)
    assert identity.former == "old-container-0"
    assert identity.name != "old-container-0"
    identity.release()


def test_workers_of_two_homes_have_two_names(tmp_path):
    one, two = WorkerIdentity.take(tmp_path / "a"), WorkerIdentity.take(tmp_path / "b")
    assert one.name != two.name
    one.release()
    two.release()


@pytest.mark.parametrize("name", ["import", "contacts.Import", "contacts.", ".x", "a.b.c", "a b.c"])
def test_a_kind_is_named_room_and_verb(name):
    with pytest.raises(ValueError, match=r"room\.verb"):
        JobKind(name=name, handler=handler)


def test_a_kind_needs_a_queue_that_exists():
    with pytest.raises(ValueError, match="no queue 'fast'"):
        JobKind(name="a.b", handler=handler, queue="fast")


def test_two_kinds_of_one_name_are_a_mistake():
    with pytest.raises(ValueError, match="twice"):
        Kinds([JobKind(name="a.b", handler=handler), JobKind(name="a.b", handler=handler)])


def test_an_unknown_kind_says_so():
    with pytest.raises(UnknownKind, match=r"no room handles jobs of the kind 'x\.y'"):
        Kinds([])["x.y"]
    assert Kinds([]).get("x.y") is None


def test_a_kinds_title_is_translated_when_shown():
    assert JobKind(name="a.b", handler=handler, title=lazy_gettext("Import contacts")).label == "Import contacts"
    assert JobKind(name="a.b", handler=handler, title=lambda: "Made now").label == "Made now"
    assert JobKind(name="a.b", handler=handler).label == "a.b"


def test_retries_spread_below_a_bound_that_grows_from_two_seconds_to_fifteen_minutes():
    highest = [max(retry_delay(attempt) for _n in range(400)) for attempt in range(1, 9)]
    bounds = [2, 5.6, 15.4, 42.5, 117.5, 325.3, 900, 900]
    for found, bound in zip(highest, bounds, strict=True):
        assert 0.9 * bound < found <= 1.01 * bound
    assert min(retry_delay(7) for _n in range(400)) < 30, "full jitter begins at nothing"


def test_old_ended_jobs_are_forgotten_and_others_kept(db):
    now = clock.now()
    rows = [
        ("done", JobState.DONE, 15),
        ("kept", JobState.DONE, 13),
        ("cancelled", JobState.CANCELLED, 15),
        ("kept", JobState.FAILED, 89),
        ("failed", JobState.FAILED, 91),
        ("kept", JobState.QUEUED, 400),
        ("kept", JobState.RUNNING, 400),
    ]
    with db.begin(ALL_COMPANIES) as session:
        for label, state, days in rows:
            then = now - timedelta(days=days)
            is_open = state in {JobState.QUEUED, JobState.RUNNING}
            session.add(
                Job(
                    kind="test.mark",
                    args={"label": label},
                    state=state,
                    created_at=then,
                    finished_at=None if is_open else then,
                )
            )
        for days in (900, 800, 500):
            session.add(CronSlot(schedule="a.b", slot_at=now - timedelta(days=days)))
        session.add(JobWorker(name="gone", pid=1, seen_at=now - timedelta(days=1)))
        session.add(JobWorker(name="here", pid=1))
    assert prune(db) == 3
    with db.read(ALL_COMPANIES) as session:
        assert {job.args["label"] for job in session.scalars(select(Job))} == {"kept"}
        assert len(session.scalars(select(CronSlot)).all()) == 1, "the latest slot of a schedule stays"
        assert [worker.name for worker in session.scalars(select(JobWorker))] == ["here"]
