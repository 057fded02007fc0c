"""One worker process: identity, keeper, runner and clock, started and stopped in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from lux.kit.jobs import claims
from lux.kit.jobs.identity import WorkerIdentity, dead_workers
from lux.kit.jobs.keeper import Keeper
from lux.kit.jobs.kinds import JobKind, Kinds, Schedule
from lux.kit.jobs.run import OnError, Workshop
from lux.kit.jobs.runner import LocalRunner, Runner
from lux.kit.jobs.ticker import Clock, OnTickError, Tick

if TYPE_CHECKING:
    from lux.kit.db.session import Database
    from lux.kit.settings import Settings

log = structlog.get_logger(__name__)

RunnerFactory = Callable[[Workshop], Runner]


class Worker:
    """Runs jobs until it is stopped."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        kinds: Sequence[JobKind],
        *,
        schedules: Sequence[Schedule] = (),
        ticks: Sequence[Tick] = (),
        on_error: OnError | None = None,
        on_tick_error: OnTickError | None = None,
        make_runner: RunnerFactory | None = None,
        has_clock: bool = True,
    ) -> None:
        """Take a name and put the parts together; `start` begins."""
        self._db = db
        self.identity = WorkerIdentity.take(settings.home)
        known = Kinds(kinds)
        make = make_runner or partial(LocalRunner, threads=settings.job_threads)
        self._keeper = Keeper(db, self.identity.name, threads=settings.job_threads)
        self.workshop = Workshop(db, settings, known, self._keeper, on_error=on_error)
        self.runner: Runner = make(self.workshop)
        self.clock = (
            Clock(
                db,
                self.identity.name,
                known,
                schedules=schedules,
                runner=self.runner,
                dead_workers=partial(dead_workers, settings.home),
                ticks=ticks,
                on_error=on_tick_error,
            )
            if has_clock
            else None
        )

    def start(self) -> None:
        """Free what this worker's former self held, then begin."""
        freed = claims.release_workers(self._db, list({self.identity.name, self.identity.former}))
        self._keeper.start()
        self.runner.start()
        if self.clock is not None:
            self.clock.start()
        log.info("worker_started", worker=self.identity.name, jobs_freed=freed)

    def stop(self, seconds: float = 20.0) -> bool:
        """Take no more jobs, let handlers finish their chunk, give leases back.

        Says whether all of them ended in time.
        """
        if self.clock is not None:
            self.clock.stop()
        ended = self.runner.stop(seconds)
        freed = claims.release_workers(self._db, [self.identity.name], is_orderly=True)
        self._keeper.stop()
        self.identity.release()
        log.info("worker_stopped", worker=self.identity.name, is_complete=ended, jobs_released=freed)
        return ended
