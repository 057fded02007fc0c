"""What may end a run in its middle: asked before every message, answered from what is at most a second old."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import checks
from lux.gate.checks import Cleared
from lux.gate.models import Outbound
from lux.gate.refusals import Refusal
from lux.gate.series import within
from lux.gate.states import OutboundState
from lux.gate.stop import FRESH_SECONDS, StopWatch
from lux.gate.toggles.quota import Quota, Wait
from lux.kit import clock
from lux.kit.db import Database
from lux.kit.jobs import JobInterrupted

STOP_PAUSE = 2.0  # seconds between looks while a stop is active


@dataclass(kw_only=True)
class Halt:
    """Why a run ended before its queue was empty."""

    kind: str  # stopped | paused | refused | rest | interrupted | check | limit
    reason: str = ""
    after: float = 0.0
    interruption: JobInterrupted | None = None
    refusal: Refusal | None = None  # of a check that no longer passes
    wait: Wait | None = None  # for a limit of a switch


class Watch:
    """Looks at stop, pause, cancellation, switch and sender, each at most a second old."""

    def __init__(self, db: Database, stop: StopWatch, cleared: Cleared, quota: Quota) -> None:
        """Watch what was cleared while `stop` said that nothing is stopped."""
        self._db = db
        self._company_id = cleared.outbound.company_id
        self._outbound_id = cleared.outbound.id
        self._act = cleared.act
        self._is_scheduled = cleared.is_scheduled
        self._quota = quota
        self._stop = stop
        self.epoch = stop.epoch  # the permit's: a stop since then, even one that is over, ends this run
        self._looked_at = clock.monotonic()
        self._found: Halt | None = None

    def halted(self) -> Halt | None:
        """Return why nothing more may leave, or None."""
        if self._stop.is_stopped() or self._stop.epoch != self.epoch:
            return Halt(kind="stopped", after=STOP_PAUSE)
        if clock.monotonic() - self._looked_at >= FRESH_SECONDS:
            with self._db.read(self._company_id) as session:
                self._found = self._look(session)
            self._looked_at = clock.monotonic()
        return self._found

    def _look(self, session: Session) -> Halt | None:
        row = session.execute(
            select(Outbound.is_paused, Outbound.state).where(Outbound.id == self._outbound_id)
        ).first()
        if row is None or row.is_paused or row.state is not OutboundState.WORKING:
            return Halt(kind="paused")
        try:
            checks.allow(session, self._act, is_scheduled=self._is_scheduled)
            within.require_still(session, self._outbound_id)
        except Refusal as refusal:
            return Halt(kind="check", refusal=refusal)
        wait = self._quota.wait(session)
        return Halt(kind="limit", wait=wait) if wait is not None else None
