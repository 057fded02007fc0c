"""What a handler gets: company, settings, progress, the wish to cancel, a database with a fence."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs.claims import Claim, require_held
from lux.kit.jobs.errors import JobCancelled, LeaseLost, WorkerStopping

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings

_NOTE_LENGTH = 300


class FencedDatabase(Database):
    """The same database; each write transaction is refused once the job's claim has fallen."""

    def __init__(self, plain: Database, execution: Execution) -> None:
        """Share the engine; make no connection."""
        self.url = plain.url
        self.settings = plain.settings
        self.engine = plain.engine
        self._plain = plain
        self._writing: int | None = None  # the thread that has a write transaction open
        self._execution = execution

    def session(self, company_id: int | None, *, read_only: bool = False) -> Session:
        """Return a session whose commit fails with LeaseLost when another worker has the job."""
        session = self._plain.session(company_id, read_only=read_only)
        if not read_only:
            event.listen(session, "before_commit", self._check)
        return session

    def close(self) -> None:
        """Leave the pool alone: it belongs to the worker."""

    def prove(self) -> None:
        """Make the lease whole again when it may have run out; raises LeaseLost when another worker has the job."""
        if self._writing == threading.get_ident():
            return  # the commit will ask
        asked = clock.monotonic()
        with self._plain.begin(ALL_COMPANIES) as session:
            require_held(session, self._execution.claim)
        self._execution.renewed = asked

    @contextmanager
    def begin(self, company_id: int | None) -> Iterator[Session]:
        """Open a write transaction, and remember who has it open."""
        before, self._writing = self._writing, threading.get_ident()
        try:
            with super().begin(company_id) as session:
                yield session
        finally:
            self._writing = before

    def _check(self, session: Session) -> None:
        # At the end of the chunk, so that the job's row is locked for a moment only.
        if not session.in_nested_transaction():
            asked = clock.monotonic()
            require_held(session, self._execution.claim)
            self._execution.renewed = asked


class Execution:
    """One run of one job, as the handler's thread and the keeper's thread share it."""

    def __init__(self, claim: Claim) -> None:
        """Start with a whole lease."""
        self.claim = claim
        self.renewed = clock.monotonic()
        self.is_cancelled = threading.Event()
        self.is_stopping = threading.Event()
        self.is_lost = threading.Event()
        self._lock = threading.Lock()
        self._progress: dict[str, object] = {}

    @property
    def is_overdue(self) -> bool:
        """Say whether nobody has renewed the lease in its time: the process was frozen, or the database away."""
        return clock.monotonic() - self.renewed >= self.claim.lease_seconds

    def note_progress(self, done: int, total: int | None, note: str) -> None:
        """Keep what the keeper will write."""
        with self._lock:
            self._progress = {
                "progress_done": done,
                "progress_total": total,
                "progress_note": note[:_NOTE_LENGTH],
            }

    def take_progress(self) -> dict[str, object]:
        """Return what is new since the last time."""
        with self._lock:
            fresh, self._progress = self._progress, {}
            return fresh


class JobContext:
    """The handler's surroundings."""

    def __init__(self, execution: Execution, db: Database, settings: Settings) -> None:
        """Wrap the database with the fence."""
        self._execution = execution
        self.settings = settings
        self._fenced = FencedDatabase(db, execution)
        self.db: Database = self._fenced

    @property
    def job_id(self) -> int:
        """Return the job's id."""
        return self._execution.claim.job_id

    @property
    def public_id(self) -> uuid.UUID:
        """Return the id under which people see the job."""
        return self._execution.claim.public_id

    @property
    def company_id(self) -> int | None:
        """Return the company whose work this is; None = the installation's."""
        return self._execution.claim.company_id

    @property
    def attempt(self) -> int:
        """Return 1 for the first attempt since the job last got on."""
        return self._execution.claim.attempt

    @property
    def is_last_attempt(self) -> bool:
        """Say whether the job fails for good when this attempt does."""
        return self._execution.claim.attempt >= self._execution.claim.max_attempts

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Tell how far the work is; costs nothing (written within a second), so call it freely."""
        self._execution.note_progress(done, total, note)

    def check_cancelled(self) -> None:
        """Leave the handler if the job was cancelled, the worker stops or the lease is lost.

        Call it between chunks. Who wakes up after the lease's end asks the database before anything else: another
        worker may have the job, and the keeper's thread may not have heard of it yet.
        """
        if self._execution.is_overdue:
            self._fenced.prove()
        if self._execution.is_lost.is_set():
            raise LeaseLost(f"job {self.job_id}: another worker has taken it over")
        if self._execution.is_cancelled.is_set():
            raise JobCancelled(f"job {self.job_id} was cancelled")
        if self._execution.is_stopping.is_set():
            raise WorkerStopping(f"job {self.job_id}: the worker stops")

    def wait(self, seconds: float) -> None:
        """Pause, but leave at once when the job has to end."""
        deadline = clock.monotonic() + seconds
        while True:
            self.check_cancelled()
            left = deadline - clock.monotonic()
            if left <= 0:
                return
            self._execution.is_stopping.wait(min(left, 0.1))
