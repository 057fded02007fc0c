"""A clock without hands: a process that stands for election, ticks while it leads, and runs no job itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from lux.kit.jobs.identity import WorkerIdentity, dead_workers
from lux.kit.jobs.kinds import JobKind, Kinds, Schedule
from lux.kit.jobs.ticker import Clock, OnTickError, Tick

if TYPE_CHECKING:
    from lux.kit.db.session import Database
    from lux.kit.jobs.runner import Runner
    from lux.kit.settings import Settings

log = structlog.get_logger(__name__)


class ClockProcess:
    """One of any number of clocks, of which one leads."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        kinds: Sequence[JobKind],
        *,
        schedules: Sequence[Schedule] = (),
        ticks: Sequence[Tick] = (),
        on_tick_error: OnTickError | None = None,
    ) -> None:
        """Take a name and read the rules; `start` begins."""
        self.identity = WorkerIdentity.take(settings.home)
        known = Kinds(kinds)
        self._runner = _resender(db, settings, known) if settings.jobs == "celery" else None
        self.clock = Clock(
            db,
            self.identity.name,
            known,
            schedules=schedules,
            runner=self._runner,
            dead_workers=partial(dead_workers, settings.home),
            ticks=ticks,
            on_error=on_tick_error,
        )

    def start(self) -> None:
        """Stand for election."""
        self.clock.start()
        log.info("clock_started", clock=self.identity.name)

    def stop(self) -> None:
        """End, and let another clock lead at once."""
        self.clock.stop()
        if self._runner is not None:
            self._runner.stop(1.0)
        self.identity.release()
        log.info("clock_stopped", clock=self.identity.name)


def _resender(db: Database, settings: Settings, kinds: Kinds) -> Runner:
    from lux.kit.jobs.broker import Broker
    from lux.kit.jobs.publisher import Resender

    return Resender(db, Broker(settings), kinds)
