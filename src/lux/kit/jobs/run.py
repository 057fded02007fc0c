"""Runs one job from its claim to its end; the same for every runner."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from lux.kit import clock, origin
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs import claims
from lux.kit.jobs.claims import Claim
from lux.kit.jobs.context import Execution, JobContext
from lux.kit.jobs.errors import GiveUp, JobCancelled, LeaseLost, RetryLater, WorkerStopping
from lux.kit.jobs.keeper import Keeper
from lux.kit.jobs.kinds import Kinds
from lux.kit.jobs.models import JobState
from lux.kit.redaction import redacted_message

if TYPE_CHECKING:
    from lux.kit.settings import Settings

log = structlog.get_logger(__name__)

FIRST_DELAY: Final = 2.0  # seconds
LONGEST_DELAY: Final = 15 * 60.0  # seconds, reached at the seventh delay
_GROWTH: Final = (LONGEST_DELAY / FIRST_DELAY) ** (1 / 6)
_END_TRIES: Final = 30  # a second apart: a database that restarts is waited for

# Hears of every failed attempt: (database, claim, error, is_final). Writes it into error_log.
OnError = Callable[[Database, Claim, Exception, bool], None]


class Workshop:
    """All that is needed to run a job here: database, settings, kinds, and the worker's name."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        kinds: Kinds,
        keeper: Keeper,
        *,
        on_error: OnError | None = None,
    ) -> None:
        """Keep the parts."""
        self.db = db
        self.kinds = kinds
        self.worker = keeper.worker
        self._settings = settings
        self._keeper = keeper
        self._on_error = on_error
        self._is_stopping = threading.Event()

    def claim(self, free: Mapping[str, int]) -> list[Claim]:
        """Win due jobs for the free threads of each queue."""
        return claims.claim_due(self.db, self.worker, self.kinds, free)

    def run(self, job_id: int) -> bool:
        """Run the job with this id if it can be won; say whether it was (for runners elsewhere)."""
        claim = claims.claim_one(self.db, self.worker, self.kinds, job_id)
        if claim is None:
            return False
        self.execute(claim)
        return True

    def execute(self, claim: Claim) -> None:
        """Run the handler of a claimed job and write down how it ended."""
        execution = Execution(claim)
        self._keeper.hold(execution)
        if self._is_stopping.is_set():
            execution.is_stopping.set()
        company = {} if claim.company_id is None else {"company_id": claim.company_id}
        with structlog.contextvars.bound_contextvars(job_id=claim.job_id, job_kind=claim.kind, **company):
            try:
                end = self._handle(execution)
                self._write_end(execution, end)
            finally:
                self._keeper.drop(execution)

    def ask_to_stop(self) -> None:
        """Ask every handler to leave at its next step."""
        self._is_stopping.set()
        for execution in self._keeper.executions():
            execution.is_stopping.set()

    def _handle(self, execution: Execution) -> dict[str, object] | None:
        """Call the handler; return what ends the claim, None when it is not ours any more."""
        claim = execution.claim
        context = JobContext(execution, self.db, self._settings)
        started = clock.monotonic()
        try:
            context.check_cancelled()
            with origin.through(origin.JOB, claim.kind):
                self.kinds[claim.kind].handler(context, dict(claim.args))
        except LeaseLost:
            log.warning("job_lease_lost")
            return None
        except JobCancelled:
            log.info("job_cancelled")
            return {"state": JobState.CANCELLED}
        except WorkerStopping:
            log.info("job_released")
            return {"state": JobState.QUEUED}
        except RetryLater as later:
            return self._after_retry_later(claim, later)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises becomes the job's error
            return self._after_failure(claim, error, may_retry=not isinstance(error, GiveUp))
        log.info("job_done", seconds=round(clock.monotonic() - started, 3))
        return {"state": JobState.DONE, "attempts": 0, "error": ""}

    def _after_retry_later(self, claim: Claim, later: RetryLater) -> dict[str, object]:
        if later.is_failure:
            return self._after_failure(claim, later, least_delay=later.after)
        due_at = clock.now() + timedelta(seconds=later.after)
        return {"state": JobState.QUEUED, "due_at": due_at, "attempts": 0, "losses": 0, "error": ""}

    def _after_failure(
        self, claim: Claim, error: Exception, *, may_retry: bool = True, least_delay: float = 0.0
    ) -> dict[str, object]:
        is_final = not may_retry or claim.attempt >= claim.max_attempts
        log.warning("job_failed", attempt=claim.attempt, is_final=is_final, exc_info=error)
        self._report(claim, error, is_final=is_final)
        values: dict[str, object] = {"attempts": claim.attempt, "error": redacted_message(error)}
        if is_final:
            return values | {"state": JobState.FAILED}
        asked = getattr(error, "retry_after", None)
        delay = max(retry_delay(claim.attempt), least_delay, float(asked or 0))
        return values | {"state": JobState.QUEUED, "due_at": clock.now() + timedelta(seconds=delay)}

    def _report(self, claim: Claim, error: Exception, *, is_final: bool) -> None:
        if self._on_error is None:
            return
        try:
            self._on_error(self.db, claim, error, is_final)
        except Exception:  # the report must not change how the job ends; it is in the log
            log.exception("job_error_report_failed")

    def _write_end(self, execution: Execution, end: dict[str, object] | None) -> None:
        """Write the end, waiting for a database that is away; else the sweep frees the job."""
        if end is None:
            return
        state = end.pop("state")
        assert isinstance(state, JobState)  # noqa: S101 - for the type checker; every branch above sets it
        values = execution.take_progress() | end
        for left in reversed(range(_END_TRIES)):
            try:
                with self.db.begin(ALL_COMPANIES) as session:
                    is_ours = claims.release(session, execution.claim, state, **values)
            except SQLAlchemyError:
                if left == 0 or execution.is_stopping.wait(1):
                    raise
                continue
            if not is_ours:
                log.warning("job_end_refused", state=state.value)
            return


def retry_delay(attempt: int) -> float:
    """Return seconds until the next attempt: full jitter below a bound from 2 s to 15 min."""
    bound = min(LONGEST_DELAY, FIRST_DELAY * _GROWTH ** max(0, attempt - 1))
    return random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing
