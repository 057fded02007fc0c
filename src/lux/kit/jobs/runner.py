"""The seam between job rows and what carries them out; here: threads of this process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from lux.kit import clock
from lux.kit.jobs import bell
from lux.kit.jobs.kinds import threads_per_queue
from lux.kit.jobs.watch import ChangeWatch

if TYPE_CHECKING:
    from lux.kit.jobs.claims import Claim
    from lux.kit.jobs.run import Workshop

log = structlog.get_logger(__name__)

GLANCE_SECONDS: Final = 0.1  # between cheap looks at whether anything changed
POLL_SECONDS: Final = 0.15  # between queries where a cheap look is not possible
LONGEST_SECONDS: Final = 1.0  # between queries in any case: jobs also fall due by time
_PAUSE_AFTER_ERROR: Final = 1.0


class Runner(Protocol):
    """Sees to it that due jobs run somewhere; only ids travel, whoever runs a job wins its row."""

    def start(self) -> None:
        """Begin to take jobs."""

    def offer(self, job_ids: Sequence[int]) -> None:
        """Hear of due jobs: fresh ones after a commit, all of them again from the clock's sweep."""

    def stop(self, seconds: float) -> bool:
        """Take no more; wait for what runs, at most this long; say whether all of it has ended."""


class LocalRunner:
    """Threads in this process, a fixed share for each queue."""

    def __init__(self, workshop: Workshop, *, threads: int) -> None:
        """Prepare; `start` begins."""
        self._workshop = workshop
        self._share = threads_per_queue(threads)
        self._running: Counter[str] = Counter()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._end = threading.Event()
        self._next_look = 0.0
        self._watch = ChangeWatch(workshop.db)
        self._unlisten = bell.listen(self.offer)
        self._dispatcher = threading.Thread(target=self._dispatch, name="job-dispatcher", daemon=True)

    @property
    def thread_count(self) -> int:
        """Return how many jobs can run at once."""
        return sum(self._share.values())

    def start(self) -> None:
        """Begin to poll."""
        self._dispatcher.start()

    def offer(self, _job_ids: Sequence[int]) -> None:
        """Look at once."""
        self._next_look = 0.0
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Take no more jobs, ask the handlers to leave, wait for them."""
        deadline = clock.monotonic() + seconds
        self._unlisten()
        self._end.set()
        self._wake.set()
        self._dispatcher.join(seconds)
        self._workshop.ask_to_stop()
        with self._lock:
            running = list(self._threads)
        for thread in running:
            thread.join(max(0.0, deadline - clock.monotonic()))
        return not any(thread.is_alive() for thread in running)

    def _dispatch(self) -> None:
        pause = GLANCE_SECONDS if self._watch.can_watch else POLL_SECONDS
        while not self._end.is_set():
            try:
                self._look()
            except Exception:  # a database that restarts, a full disk: polling goes on
                log.exception("job_poll_failed")
                self._watch.reset()
                self._end.wait(_PAUSE_AFTER_ERROR)
            self._wake.wait(pause)
            self._wake.clear()
        self._watch.reset()

    def _look(self) -> None:
        """Claim what fits, when something changed or it is time to look anyway."""
        with self._lock:
            free = {queue: share - self._running[queue] for queue, share in self._share.items()}
        if not any(count > 0 for count in free.values()):
            return
        if not self._watch.has_changed() and clock.monotonic() < self._next_look:
            return
        claims = self._workshop.claim(free)
        self._next_look = 0.0 if claims else clock.monotonic() + LONGEST_SECONDS
        for claim in claims:
            self._begin(claim)

    def _begin(self, claim: Claim) -> None:
        thread = threading.Thread(target=self._run, args=(claim,), name=f"job-{claim.job_id}", daemon=True)
        with self._lock:
            self._running[claim.queue] += 1
            self._threads.add(thread)
        thread.start()

    def _run(self, claim: Claim) -> None:
        try:
            self._workshop.execute(claim)
        except SQLAlchemyError:
            log.exception("job_end_not_written", job_id=claim.job_id)  # the sweep frees it
        finally:
            with self._lock:
                self._running[claim.queue] -= 1
                self._threads.discard(threading.current_thread())
            self._next_look = 0.0  # a thread is free: whatever waited for one can start
            self._wake.set()
