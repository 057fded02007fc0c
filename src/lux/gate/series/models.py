"""What became of each slot of a series; the series itself is its item and its outbound."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.gate.states import RunState, Verdict
from lux.kit import clock
from lux.kit.db.base import Base, BigKey, Tenant, enum_type, uuid7


class SeriesRun(Tenant, Base):
    """One slot of a series: started, left out, or refused; a start without the yes over the series can't be stored."""

    __tablename__ = "series_run"
    __table_args__ = (
        UniqueConstraint("company_id", "series_id", "slot_at"),  # two clocks at once make one run
        ForeignKeyConstraint(["company_id", "series_id"], ["outbound.company_id", "outbound.id"]),
        ForeignKeyConstraint(["company_id", "outbound_id"], ["outbound.company_id", "outbound.id"]),
        ForeignKeyConstraint(
            ["company_id", "decision_id", "decision_verdict"],
            ["approval_decision.company_id", "approval_decision.id", "approval_decision.verdict"],
            name="fk_series_run_decision",
        ),
        CheckConstraint(
            "outbound_id IS NULL"
            " OR (decision_id IS NOT NULL AND decision_verdict IS NOT NULL AND decision_verdict = 'yes')",
            name="yes",
        ),
        UniqueConstraint("outbound_id"),
        Index("ix_series_run_decision", "company_id", "decision_id", "state"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    series_id: Mapped[int] = mapped_column(BigKey)  # the outbound of the series
    slot_at: Mapped[dt.datetime]
    number: Mapped[int] = mapped_column(default=0)  # of those that started, since the first; 0 = it did not
    state: Mapped[RunState] = mapped_column(enum_type(RunState, 16))
    check_failed: Mapped[str] = mapped_column(String(32), default="")
    reason: Mapped[str] = mapped_column(Text, default="")  # why it was left out or refused
    decision_id: Mapped[int | None] = mapped_column(BigKey)  # the person's yes over the series that it ran within
    decision_verdict: Mapped[Verdict | None] = mapped_column(enum_type(Verdict, 8))
    outbound_id: Mapped[int | None] = mapped_column(BigKey)  # its own
    audience_count: Mapped[int | None]  # who matched the rule then; None = nobody was counted
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
