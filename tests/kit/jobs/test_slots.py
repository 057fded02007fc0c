"""A schedule's slots become jobs once, over any number of clocks, and missed ones are made up for."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobState, Kinds, Schedule, claims
from lux.kit.jobs.errors import UnknownKind
from lux.kit.jobs.models import CronSlot
from lux.kit.jobs.slots import Timetable
from tests.kit.jobs.conftest import on_every_engine, wait_until
from tests.kit.jobs.handlers import KINDS, effects

NIGHTLY = Schedule(
    name="test.nightly",
    rule="30 2 * * *",
    zone="Europe/Berlin",
    kind="test.mark",
    args={"label": "night"},
)


def timetable(*schedules):
    return Timetable(schedules or [NIGHTLY], Kinds(KINDS))


def jobs(db):
    with db.read(ALL_COMPANIES) as session:
        return session.scalars(select(Job).order_by(Job.id)).all()


def finish_all(db, kinds):
    for claim in claims.claim_due(db, "w", kinds, {"default": 9}):
        with db.begin(ALL_COMPANIES) as session:
            claims.release(session, claim, JobState.DONE)


def test_a_new_schedule_begins_with_its_next_slot(db):
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False) as travel:
        assert timetable().fire_due(db) == []
        travel.move_to(datetime(2026, 11, 4, 1, 29, tzinfo=UTC))
        assert timetable().fire_due(db) == []
        travel.move_to(datetime(2026, 11, 4, 1, 30, tzinfo=UTC))
        assert timetable().fire_due(db) == ["test.nightly"]
    (job,) = jobs(db)
    assert (job.kind, job.args) == ("test.mark", {"label": "night"})
    with db.read(ALL_COMPANIES) as session:
        slot = session.scalars(select(CronSlot).where(CronSlot.fired_at.is_not(None))).one()
    assert (slot.slot_at, slot.job_id) == (datetime(2026, 11, 4, 1, 30, tzinfo=UTC), job.id)


def test_one_clock_fires_a_slot_once(db, kinds):
    table = timetable()
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False) as travel:
        table.fire_due(db)
        for minute in range(24 * 60):
            travel.move_to(datetime(2026, 11, 3, 12, tzinfo=UTC) + timedelta(minutes=minute))
            table.fire_due(db)
    assert len(jobs(db)) == 1


def test_two_clocks_at_once_fire_a_slot_once(db):
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False) as travel:
        timetable().fire_due(db)
        travel.move_to(datetime(2026, 11, 4, 2, tzinfo=UTC))
        gate, fired = threading.Barrier(5), []

        def go():
            table = timetable()
            gate.wait()
            fired.extend(table.fire_due(db))

        threads = [threading.Thread(target=go) for _number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert fired == ["test.nightly"]
    assert len(jobs(db)) == 1


@pytest.mark.parametrize(
    ("start", "days"),
    [(datetime(2027, 3, 25, 12, tzinfo=UTC), 6), (datetime(2026, 10, 22, 12, tzinfo=UTC), 6)],
)
def test_over_both_changes_of_the_clocks_each_night_has_one_job(db, kinds, start, days):
    table, fired = timetable(), []
    with time_machine.travel(start, tick=False) as travel:
        for quarter in range(days * 96):
            travel.move_to(start + timedelta(minutes=15 * quarter))
            if table.fire_due(db):
                fired.append((start + timedelta(minutes=15 * quarter)).date())
                finish_all(db, kinds)
    assert fired == [start.date() + timedelta(days=number) for number in range(1, days + 1)]
    assert len(jobs(db)) == days


def test_slots_missed_while_nothing_ran_are_made_up_for_once(db):
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False) as travel:
        timetable().fire_due(db)
        travel.move_to(datetime(2026, 11, 9, 9, tzinfo=UTC))  # six nights later
        table = timetable()
        assert table.fire_due(db) == ["test.nightly"]
        assert table.fire_due(db) == []
        assert timetable().fire_due(db) == []
    assert len(jobs(db)) == 1


def test_a_slot_missed_too_long_ago_is_left(db):
    schedule = Schedule(name="test.short", rule="30 2 * * *", kind="test.mark", catch_up=timedelta(hours=1))
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False) as travel:
        timetable(schedule).fire_due(db)
        travel.move_to(datetime(2026, 11, 4, 9, tzinfo=UTC))
        assert timetable(schedule).fire_due(db) == []
        travel.move_to(datetime(2026, 11, 5, 2, 31, tzinfo=UTC))
        assert timetable(schedule).fire_due(db) == ["test.short"]


def test_a_slow_run_is_not_joined_by_the_next(db):
    table = timetable(Schedule(name="test.often", rule="* * * * *", kind="test.mark"))
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False) as travel:
        table.fire_due(db)
        for minute in (1, 2, 3):
            travel.move_to(datetime(2026, 11, 3, 12, minute, tzinfo=UTC))
            table.fire_due(db)
    assert len(jobs(db)) == 1


def test_mistakes_show_at_the_start():
    with pytest.raises(UnknownKind, match=r"no\.such"):
        timetable(Schedule(name="a.b", rule="* * * * *", kind="no.such"))
    with pytest.raises(ValueError, match="two schedules"):
        timetable(NIGHTLY, NIGHTLY)


@on_every_engine
def test_a_running_worker_fires_its_schedules(db, start_worker):
    often = Schedule(name="test.often", rule="* * * * *", kind="test.mark", args={"label": "tick"})
    with db.begin(ALL_COMPANIES) as session:  # known for two minutes: its last slot is open
        before = datetime.now(UTC) - timedelta(minutes=2)
        session.add(CronSlot(schedule="test.often", slot_at=before))
    start_worker(schedules=[often])
    wait_until(lambda: effects(db, "tick"))
