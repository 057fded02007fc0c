"""Turns schedules into jobs: each slot once, whoever ticks, and a missed one made up for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs.kinds import Kinds, Schedule
from lux.kit.jobs.models import CronSlot
from lux.kit.jobs.queue import enqueue
from lux.kit.jobs.rules import Rule

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)


class Timetable:
    """All schedules and when each comes next."""

    def __init__(self, schedules: Sequence[Schedule], kinds: Kinds) -> None:
        """Check names, rules and kinds now: a mistake shows at the start and not at night."""
        self._schedules = {schedule.name: schedule for schedule in schedules}
        if len(self._schedules) != len(schedules):
            raise ValueError("two schedules have the same name")
        for schedule in schedules:
            _ = kinds[schedule.kind]
        self._rules = {schedule.name: Rule(schedule) for schedule in schedules}
        self._next: dict[str, dt.datetime | None] = {}

    def forget(self) -> None:
        """Ask the database again at the next tick: another process may have led in between."""
        self._next.clear()

    def fire_due(self, db: Database) -> list[str]:
        """Enqueue a job for each schedule whose slot has come; returns their names."""
        now = clock.now()
        fired: list[str] = []
        for name, schedule in self._schedules.items():
            if name in self._next and not _has_come(self._next[name], now):
                continue
            if self._catch_up(db, schedule, now):
                fired.append(name)
            self._next[name] = self._rules[name].next_after(now)
        return fired

    def _catch_up(self, db: Database, schedule: Schedule, now: dt.datetime) -> bool:
        """Fire the schedule's latest slot if it has not been; several missed ones count as one."""
        with db.read(ALL_COMPANIES) as session:
            seen = session.scalar(select(func.max(CronSlot.slot_at)).where(CronSlot.schedule == schedule.name))
        if seen is None:  # new: begins with its next slot
            return self._write(db, schedule, now, is_due=False)
        since = max(seen, now - schedule.catch_up)
        slot = self._rules[schedule.name].last_before(now, since)
        return slot is not None and self._write(db, schedule, slot, is_due=True)

    def _write(self, db: Database, schedule: Schedule, slot_at: dt.datetime, *, is_due: bool) -> bool:
        """Write the slot and its job in one transaction; says whether a job came of it."""
        try:
            with db.begin(ALL_COMPANIES) as session:
                slot = CronSlot(schedule=schedule.name, slot_at=slot_at)
                session.add(slot)
                session.flush()
                if is_due:
                    slot.fired_at = clock.now()
                    slot.job_id = _job_for(session, schedule)
        except IntegrityError:
            return False  # another clock was first
        if is_due:
            log.info("schedule_fired", schedule=schedule.name, slot=slot_at.isoformat())
        return is_due


def _job_for(session: Session, schedule: Schedule) -> int:
    return enqueue(
        session,
        schedule.kind,
        schedule.args,
        company_id=schedule.company_id,
        dedup_key=f"schedule {schedule.name}",  # a slow run is not joined by the next one
    )


def _has_come(moment: dt.datetime | None, now: dt.datetime) -> bool:
    return moment is not None and moment <= now
