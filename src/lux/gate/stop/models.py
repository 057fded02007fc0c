"""Tables of the stop's triggers and rehearsals; `Stop` itself stands among the gate's models."""

import datetime as dt
import enum
import uuid

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant, enum_type, uuid7


class DrillState(enum.Enum):
    """State of a rehearsal."""

    RUNNING = "running"  # mails to nobody leave, or the stop holds
    DONE = "done"  # measured
    FAILED = "failed"  # could not be measured, with the reason


class StopTrigger(Tenant, Base):
    """A company's own bounds for one trigger; a missing row means the usual ones."""

    __tablename__ = "stop_trigger"
    __table_args__ = (UniqueConstraint("company_id", "key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(ShortKeyStr)
    threshold: Mapped[int]  # rates: per 100,000; storms: how many
    minimum: Mapped[int]  # rates: the sample from which the plain rate counts; storms: 0
    minutes: Mapped[int]  # the time looked at
    changed_by: Mapped[int | None] = mapped_column(BigKey)
    changed_by_name: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class StopSignal(Tenant, Base):
    """How many messages of one outbound failed in one minute: counters, kept for a day."""

    __tablename__ = "stop_signal"
    __table_args__ = (
        UniqueConstraint("company_id", "outbound_id", "minute"),
        ForeignKeyConstraint(["company_id", "outbound_id"], ["outbound.company_id", "outbound.id"]),
        Index("ix_stop_signal_minute", "minute"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    outbound_id: Mapped[int] = mapped_column(BigKey)
    channel: Mapped[str] = mapped_column(String(16))
    minute: Mapped[int] = mapped_column(BigKey)  # minutes since 1970
    failed: Mapped[int] = mapped_column(default=0)  # messages that failed for good, but for wrong addresses
    denied: Mapped[int] = mapped_column(default=0)  # times the server did not let us in


class StopDrill(Tenant, Base):
    """One rehearsal of the stop with what was measured."""

    __tablename__ = "stop_drill"
    __table_args__ = (UniqueConstraint("company_id", "id"), Index("ix_stop_drill_company", "company_id", "state"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    state: Mapped[DrillState] = mapped_column(enum_type(DrillState, 16), default=DrillState.RUNNING)
    started_by: Mapped[int | None] = mapped_column(BigKey)
    started_by_name: Mapped[str] = mapped_column(String(200), default="")
    started_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[dt.datetime | None]
    outbound_id: Mapped[int | None] = mapped_column(BigKey)
    recipients: Mapped[int] = mapped_column(default=0)
    left_before: Mapped[int] = mapped_column(default=0)  # messages that had left when the stop was pressed
    left_after: Mapped[int] = mapped_column(default=0)  # messages that left after it
    rest_ms: Mapped[int | None]  # from the press to the last message that left
    settled_ms: Mapped[int | None]  # from the press until no run had anything claimed
    reason: Mapped[str] = mapped_column(Text, default="")  # why it could not be measured
