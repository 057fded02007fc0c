"""Runs of series as records of a room; the gate, which starts them, stands below the rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


class RunKeeper(Protocol):
    """Keeps a record of its own for each run of a series."""

    subject_type: str  # of the series and of its runs, e.g. "campaign"

    def begin(self, session: Session, company_id: int, subject_id: int, *, number: int, slot_at: datetime) -> int:
        """Make the record of a run; returns its id."""

    def attach(self, session: Session, company_id: int, run_id: int, outbound_id: int) -> None:
        """Take the outbound by which the run leaves."""
