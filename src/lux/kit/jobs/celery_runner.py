"""The runner with a broker: Celery's consumers hear of ids, and the workshop wins their rows or drops them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES
from lux.kit.jobs import queue
from lux.kit.jobs.broker import TASK, Broker, make_app, queue_name
from lux.kit.jobs.kinds import threads_per_queue
from lux.kit.jobs.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lux.kit.jobs.run import Workshop
    from lux.kit.settings import Settings

log = structlog.get_logger(__name__)

RESTART_SECONDS: Final = 2.0  # after a consumer ended by itself


class CeleryRunner:
    """A Celery worker for each queue, with threads of its own, so that a long import never holds up a mail."""

    def __init__(self, workshop: Workshop, settings: Settings) -> None:
        """Prepare; `start` begins."""
        self._workshop = workshop
        self._settings = settings
        self._publisher = Publisher(workshop.db, Broker(settings), lambda: workshop.kinds)
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._consume, args=(name, count), name=f"celery-{name}", daemon=True)
            for name, count in threads_per_queue(settings.job_threads).items()
        ]

    def start(self) -> None:
        """Begin to consume, and to publish what this process commits."""
        from lux.kit.jobs import consuming  # noqa: F401 - now: the threads would import it side by side

        self._publisher.start()
        for thread in self._threads:
            thread.start()

    def offer(self, job_ids: Sequence[int]) -> None:
        """Pass ids on to the broker."""
        self._publisher.offer(job_ids)

    def stop(self, seconds: float) -> bool:
        """Take no more hints, ask the handlers to leave, wait for them."""
        from celery.worker import state

        deadline = clock.monotonic() + seconds
        self._end.set()
        state.should_stop = 0
        self._workshop.ask_to_stop()
        for thread in self._threads:
            thread.join(max(0.0, deadline - clock.monotonic()))
        is_complete = not any(thread.is_alive() for thread in self._threads)
        self._publisher.stop(max(1.0, deadline - clock.monotonic()))
        return is_complete

    def _consume(self, name: str, threads: int) -> None:
        """Run one queue's Celery worker until the end; one that breaks is replaced."""
        while not self._end.is_set():
            try:
                self._controller(name, threads).start()
            except Exception:  # its own retries are used up or it is broken: begin anew
                log.exception("job_consumer_failed", queue=name)
            if not self._end.wait(RESTART_SECONDS):
                log.warning("job_consumer_restarts", queue=name)

    def _controller(self, name: str, threads: int) -> Any:  # noqa: ANN401 - Celery carries no types
        from celery.worker import WorkController

        from lux.kit.jobs.consuming import PromptConsumer

        app = make_app(self._settings)
        app.task(self._run, name=TASK, shared=False, ignore_result=True)
        app.set_default()  # its tracer looks tasks up there; the apps of all queues know the same one
        return WorkController(
            app=app,
            hostname=f"{self._workshop.worker}-{name}",
            queues=[queue_name(name)],
            concurrency=threads,
            pool_cls="threads",
            consumer_cls=PromptConsumer,
            use_eventloop=False,  # there is one loop in a process, and a consumer for each queue
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            loglevel="WARNING",
        )

    def _run(self, job_id: object) -> None:
        """Follow one hint."""
        if not isinstance(job_id, int):
            log.warning("job_hint_refused", why="no id")
            return
        try:
            if self._workshop.run(job_id):
                self._hint_at_what_follows(job_id)
        except SQLAlchemyError:
            log.exception("job_end_not_written", job_id=job_id)  # the sweep frees it, the clock offers it again

    def _hint_at_what_follows(self, job_id: int) -> None:
        """Tell of what can run now: the job's own next step, or the next of its key."""
        with self._workshop.db.read(ALL_COMPANIES) as session:
            ids = queue.due_after(session, job_id)
        if ids:
            self._publisher.offer(ids)
