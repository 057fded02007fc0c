"""The doors of a worker and of a clock: they work until a signal ends them, or the parent is gone."""

from __future__ import annotations

import signal
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from lux import house
from lux.kit import logs
from lux.kit.db import Database
from lux.kit.jobs.clockwork import ClockProcess
from lux.kit.jobs.worker import RunnerFactory, Worker
from lux.kit.process import has_parent, keep_small, leave

if TYPE_CHECKING:
    from lux.kit.settings import Settings

GRACE_SECONDS = 12.0  # for handlers to finish their chunk
LOOK_SECONDS = 0.5  # between looks at whether the parent is there


def main(settings: Settings, *, parent_pid: int | None = None) -> None:
    """Run background work until SIGTERM or SIGINT; with a parent, stop in order when it is gone.

    Without a broker the worker looks at the clock, too; with one `lux clock` does.
    """
    ending, db = _begin(settings)
    is_local = settings.jobs != "celery"
    worker = Worker(
        db,
        settings,
        house.job_kinds(),
        schedules=house.schedules() if is_local else (),
        ticks=house.ticks() if is_local else (),
        on_error=house.job_error_recorder(),
        on_tick_error=house.tick_error_recorder(db),
        make_runner=None if is_local else _celery(settings),
        has_clock=is_local,
    )
    loader = house.loader(db, settings)
    worker.start()
    loader.start()
    while not _is_asked(ending) and has_parent(parent_pid):
        pass
    loader.stop()
    is_complete = worker.stop(GRACE_SECONDS)
    db.close()
    if not is_complete:
        leave()  # a handler that does not listen must not keep the process; its lease is given back already


def run_clock(settings: Settings) -> None:
    """Stand for election and tick while leading, until SIGTERM or SIGINT."""
    ending, db = _begin(settings)
    clock = ClockProcess(
        db,
        settings,
        house.job_kinds(),
        schedules=house.schedules(),
        ticks=house.ticks(),
        on_tick_error=house.tick_error_recorder(db),
    )
    clock.start()
    while not _is_asked(ending):
        pass
    clock.stop()
    db.close()


def _begin(settings: Settings) -> tuple[SimpleQueue[int], Database]:
    """Make the process ready; return where its signals arrive, and its database."""
    keep_small()
    logs.configure(settings)
    # A queue of this kind takes what a signal's handler puts in at any moment. An event does not: a signal that comes
    # while the main thread takes the event's lock would wait for it for ever.
    ending: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda which, _frame: ending.put(which))
    db = Database.of(settings)
    house.install()
    return ending, db


def _celery(settings: Settings) -> RunnerFactory:
    from lux.kit.jobs.celery_runner import CeleryRunner  # Celery is loaded where it works, and nowhere else

    return partial(CeleryRunner, settings=settings)


def _is_asked(ending: SimpleQueue[int]) -> bool:
    try:
        ending.get(timeout=LOOK_SECONDS)
    except Empty:
        return False
    return True
