"""Somebody sets the clock back by an hour: what ticked goes on ticking, and what was due stays due."""

from __future__ import annotations

import time
from datetime import timedelta

import time_machine
from sqlalchemy import select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import JobState, Leader, Tick, enqueue
from lux.kit.jobs.ticker import Clock
from tests.kit.jobs.conftest import job, wait_until

HOUR = timedelta(hours=1)


def test_a_clock_set_back_ticks_on_and_keeps_due_what_was(db, kinds):
    ticked = []
    ticking = Clock(db, "w", kinds, ticks=[Tick(name="test", seconds=0.5, run=lambda _db: ticked.append(clock.now()))])
    with db.begin(ALL_COMPANIES) as session:
        args = {"label": "x"}
        due = enqueue(session, "test.mark", args)
        later = enqueue(session, "test.mark", args, due_at=clock.now() + HOUR)
    ticking.start()
    try:
        wait_until(lambda: len(ticked) > 1)
        with time_machine.travel(time.time() - HOUR.total_seconds(), tick=True):
            before = len(ticked)
            wait_until(lambda: len(ticked) > before + 2)
            wait_until(lambda: job(db, due).due_at <= clock.now())
            assert job(db, due).state is JobState.QUEUED
            assert job(db, later).due_at > clock.now() + HOUR
            with db.read(ALL_COMPANIES) as session:
                assert session.scalar(select(Leader.holder)) == "w"
    finally:
        ticking.stop()
