"""The watch over the stops that touch one outbound: what it knows is at most a second old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select

from lux.gate.models import Stop
from lux.gate.stop import scopes
from lux.gate.stop.file import is_stop_file_there
from lux.gate.stop.standing import BROKEN
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database

log = structlog.get_logger(__name__)
FRESH_SECONDS = 1.0  # how old a watch's knowledge may be


class StopWatch:
    """Asked before every message: may it leave?"""

    def __init__(
        self, db: Database, company_id: int, *, is_system: bool = False, touching: Sequence[str] | None = None
    ) -> None:
        """Watch the scopes that touch something (None = installation and company); `touching` are their keys.

        System acts only heed a stop that includes them.
        """
        self._db = db
        wide = (scopes.FILE.key, scopes.INSTALLATION.key, scopes.of_company(company_id).key)
        self._keys = tuple(touching) if touching is not None else wide
        self._is_system = is_system
        self._read_at = -FRESH_SECONDS
        self._stopped = True
        self.epoch = 0  # grows with every press and every resume of any of the scopes
        self.resumed: tuple[datetime, float | None] | None = None  # the latest end of a stop, and the pace before it

    def is_stopped(self) -> bool:
        """Return the present answer; what can't be read is a stop."""
        if clock.monotonic() - self._read_at >= FRESH_SECONDS:
            self._read()
        return self._stopped

    def _read(self) -> None:
        try:
            with self._db.read(ALL_COMPANIES) as session:
                rows = session.execute(
                    select(Stop.is_on, Stop.includes_system, Stop.epoch, Stop.changed_at, Stop.rate).where(
                        Stop.scope.in_(self._keys)
                    )
                ).all()
        except BROKEN as error:
            log.warning("stop_unreadable", error=type(error).__name__)
            self._stopped = True
            self._read_at = clock.monotonic()
            return
        self.epoch = sum(row.epoch for row in rows)
        over = [(row.changed_at, row.rate) for row in rows if not row.is_on]
        self.resumed = max(over, key=lambda one: one[0]) if over and not self._is_system else None
        by_file = self._db.settings is not None and is_stop_file_there(self._db.settings.home)
        rows_on = [row for row in rows if row.is_on and (row.includes_system or not self._is_system)]
        self._stopped = bool(rows_on) or (by_file and not self._is_system)
        self._read_at = clock.monotonic()
