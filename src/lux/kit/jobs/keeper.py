"""A thread that renews leases, writes progress, hears of cancellations and gives signs of life."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import delete

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs import claims
from lux.kit.jobs.models import JobWorker

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.jobs.context import Execution

log = structlog.get_logger(__name__)

BEAT_SECONDS: Final = 0.5
SEEN_SECONDS: Final = 5.0  # between signs of life
RENEWALS_PER_LEASE: Final = 4


class Keeper:
    """Keeps a worker's claims alive while its handlers run."""

    def __init__(self, db: Database, worker: str, *, threads: int = 0, beat: float = BEAT_SECONDS) -> None:
        """Prepare; `start` begins."""
        self._db = db
        self.worker = worker
        self._threads = threads
        self._beat = beat
        self._held: set[Execution] = set()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._seen = 0.0
        self._thread = threading.Thread(target=self._run, name="job-keeper", daemon=True)

    def start(self) -> None:
        """Say hello and begin to beat."""
        with self._db.begin(ALL_COMPANIES) as session:
            session.merge(
                JobWorker(
                    name=self.worker,
                    pid=os.getpid(),
                    threads=self._threads,
                    started_at=clock.now(),
                    seen_at=clock.now(),
                )
            )
        self._seen = clock.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end; the worker's row goes, so that nobody waits for it."""
        self._end.set()
        self._thread.join(10)
        with self._db.begin(ALL_COMPANIES) as session:
            session.execute(delete(JobWorker).where(JobWorker.name == self.worker))

    def hold(self, execution: Execution) -> None:
        """Look after a run."""
        with self._lock:
            self._held.add(execution)

    def drop(self, execution: Execution) -> None:
        """Forget a run that has ended."""
        with self._lock:
            self._held.discard(execution)

    def executions(self) -> list[Execution]:
        """Return the runs under way."""
        with self._lock:
            return list(self._held)

    def beat(self) -> None:
        """Write what is due in one short transaction; without anything due nothing is written."""
        now = clock.monotonic()
        due = [one for one in self.executions() if now - one.renewed >= self._pause(one)]
        fresh = {one: news for one in self.executions() if (news := one.take_progress())}
        is_seen_due = now - self._seen >= SEEN_SECONDS
        if not (due or fresh or is_seen_due):
            return
        with self._db.begin(ALL_COMPANIES) as session:
            for one, news in fresh.items():
                claims.change_held(session, one.claim, **news)
            for one in due:
                self._renew(session, one)
            if is_seen_due:
                self._say_hello(session)
        for one in due:
            one.renewed = now
        self._seen = now if is_seen_due else self._seen

    def _pause(self, one: Execution) -> float:
        return max(self._beat, min(one.claim.lease_seconds / RENEWALS_PER_LEASE, 1.0))

    def _renew(self, session: Session, one: Execution) -> None:
        is_held, is_cancelled = claims.renew(session, one.claim)
        if not is_held:
            one.is_lost.set()
        if is_cancelled:
            one.is_cancelled.set()

    def _say_hello(self, session: Session) -> None:
        row = session.get(JobWorker, self.worker)
        if row is not None:
            row.seen_at = clock.now()

    def _run(self) -> None:
        while not self._end.wait(self._beat):
            try:
                self.beat()
            except Exception:  # leases are renewed as soon as the database is back
                log.exception("job_keeper_beat_failed")
