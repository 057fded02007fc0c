"""Forgets ended jobs and old slots, so that the tables stay small."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs.models import CronSlot, Job, JobState, JobWorker

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

KEEP_DONE: Final = timedelta(days=14)
KEEP_FAILED: Final = timedelta(days=90)
KEEP_SLOTS: Final = timedelta(days=400)  # the latest one of each schedule stays in any case
KEEP_SILENT_WORKERS: Final = timedelta(hours=1)
_AT_ONCE: Final = 1_000


def prune(db: Database) -> int:
    """Delete what is old, in short transactions; returns how many jobs went."""
    now = clock.now()
    ended = (Job.state.in_([JobState.DONE, JobState.CANCELLED])) & (Job.finished_at < now - KEEP_DONE)
    failed = (Job.state == JobState.FAILED) & (Job.finished_at < now - KEEP_FAILED)
    gone = _delete_jobs(db, ended) + _delete_jobs(db, failed)
    with db.begin(ALL_COMPANIES) as session:
        latest = dict(
            session.execute(select(CronSlot.schedule, func.max(CronSlot.slot_at)).group_by(CronSlot.schedule)).all()
        )
        for schedule, slot_at in latest.items():
            old = (CronSlot.schedule == schedule) & (CronSlot.slot_at < min(slot_at, now - KEEP_SLOTS))
            session.execute(delete(CronSlot).where(old).execution_options(synchronize_session=False))
        silent = JobWorker.seen_at < now - KEEP_SILENT_WORKERS
        session.execute(delete(JobWorker).where(silent).execution_options(synchronize_session=False))
    return gone


def _delete_jobs(db: Database, which: ColumnElement[bool]) -> int:
    gone = 0
    while True:
        with db.begin(ALL_COMPANIES) as session:
            ids = list(session.scalars(select(Job.id).where(which).limit(_AT_ONCE)))
            session.execute(delete(Job).where(Job.id.in_(ids)).execution_options(synchronize_session=False))
        gone += len(ids)
        if len(ids) < _AT_ONCE:
            return gone
