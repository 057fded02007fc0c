"""The clock: APScheduler ticks in every process, and the one elected leader acts on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from lux.kit import clock, origin
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs import claims, prune, queue
from lux.kit.jobs.kinds import Kinds, Schedule
from lux.kit.jobs.leader import RENEW_SECONDS, Leadership
from lux.kit.jobs.runner import Runner
from lux.kit.jobs.slots import Timetable

log = structlog.get_logger(__name__)

LEADER_NAME: Final = "clock"
DUE_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 3.0
CRON_SECONDS: Final = 1.0
PRUNE_SECONDS: Final = 3600.0
WALL_SECONDS: Final = 1.0  # between looks at the wall clock
SET_BACK: Final = 2.0  # seconds; less is a clock that is being corrected in small steps
_OFFERED_AT_ONCE: Final = 500
_THREADS: Final = 4

# Hears of every failed tick: (its name, the error). Writes it into error_log.
OnTickError = Callable[[str, BaseException], None]


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Something short that the leader does again and again; long work is a job."""

    name: str
    seconds: float
    run: Callable[[Database], object]


class Clock:
    """Ticks: due jobs, lost leases, cron slots, pruning, and what the house adds."""

    def __init__(
        self,
        db: Database,
        holder: str,
        kinds: Kinds,
        *,
        schedules: Sequence[Schedule] = (),
        runner: Runner | None = None,
        dead_workers: Callable[[], Sequence[str]] = lambda: (),
        ticks: Sequence[Tick] = (),
        leadership: Leadership | None = None,
        on_error: OnTickError | None = None,
    ) -> None:
        """Read all rules; raises ValueError for one that can't be used."""
        self._db = db
        self._kinds = kinds
        self._runner = runner
        self._dead_workers = dead_workers
        self._on_error = on_error
        self._timetable = Timetable(schedules, kinds)
        self._leadership = leadership or Leadership(db, LEADER_NAME, holder, dead=dead_workers)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(_THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._add("lead", RENEW_SECONDS, self._lead)
        own = (
            Tick(name="due", seconds=DUE_SECONDS, run=self._offer_due),
            Tick(name="sweep", seconds=SWEEP_SECONDS, run=self._sweep),
            Tick(name="cron", seconds=CRON_SECONDS, run=self._timetable.fire_due),
            Tick(name="prune", seconds=PRUNE_SECONDS, run=prune.prune),
        )
        for tick in (*own, *ticks):
            self._add(tick.name, tick.seconds, partial(self._if_leading, tick))
        self._end = threading.Event()
        self._wall = threading.Thread(target=self._watch_wall_clock, name="wall-clock", daemon=True)

    @property
    def is_leading(self) -> bool:
        """Say whether this process leads."""
        return self._leadership.is_held

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()
        self._wall.start()

    def stop(self) -> None:
        """End, and let another process lead."""
        self._end.set()
        self._scheduler.shutdown(wait=True)
        if self._leadership.is_held:
            self._leadership.resign()

    def _add(self, name: str, seconds: float, run: Callable[[], object]) -> None:
        def tick() -> None:
            try:
                run()
            except Exception as error:  # a tick that fails is tried again at its next time
                log.exception("clock_tick_failed", tick=name)
                if self._on_error is not None:
                    self._on_error(name, error)

        first = clock.now() + timedelta(milliseconds=0 if name == "lead" else 200)
        self._scheduler.add_job(tick, "interval", seconds=seconds, id=name, next_run_time=first)

    def _lead(self) -> None:
        was_leading = self._leadership.is_held
        is_leading = self._leadership.campaign()
        if is_leading and not was_leading:
            self._timetable.forget()
            log.info("clock_leads")

    def _watch_wall_clock(self) -> None:
        """Tick on when the clock is set back: the scheduler would wait until its old time has come again."""
        last = _lead_of_wall_clock()
        while not self._end.wait(WALL_SECONDS):
            present = _lead_of_wall_clock()
            back, last = last - present, present
            if back < SET_BACK:
                continue
            log.warning("clock_set_back", seconds=round(back, 1))
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=clock.now())
            try:
                self._if_leading(Tick(name="set_back", seconds=0, run=partial(queue.keep_due, back=back)))
            except SQLAlchemyError:
                log.exception("clock_set_back_not_made_up_for")

    def _if_leading(self, tick: Tick) -> None:
        if self._leadership.is_held:
            with origin.through(origin.JOB, tick.name):
                tick.run(self._db)

    def _offer_due(self, db: Database) -> None:
        if self._runner is None:
            return
        with db.read(ALL_COMPANIES) as session:
            ids = queue.due_ids(session, list(self._kinds), limit=_OFFERED_AT_ONCE)
        if ids:
            self._runner.offer(ids)

    def _sweep(self, db: Database) -> None:
        freed = claims.sweep(db) + claims.release_workers(db, list(self._dead_workers()))
        if freed:
            log.warning("job_leases_freed", jobs=freed)


def _lead_of_wall_clock() -> float:
    """Return how far the wall clock is ahead of the one that never goes back; steady unless somebody sets it."""
    return clock.now().timestamp() - clock.monotonic()
