"""Tables of background work: jobs, workers' heartbeats, the leader's lease, cron slots."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, enum_type, uuid7


class JobState(enum.Enum):
    """Where a job stands."""

    QUEUED = "queued"  # waits for its time, a thread or its key
    RUNNING = "running"  # a worker holds its lease
    DONE = "done"  # the handler returned
    FAILED = "failed"  # all attempts used up, or not worth another
    CANCELLED = "cancelled"  # a person said so


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class Job(Base):
    """One piece of background work; the row is the truth, whoever runs it.

    It may belong to the installation (no company), so it is not filtered by sessions:
    every query over jobs names its company.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_state_due", "state", "due_at", "id"),
        Index("ix_job_company_state", "company_id", "state", "id"),
        Index("ix_job_leased_by", "leased_by"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    company_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("company.id"))
    kind: Mapped[str] = mapped_column(ShortKeyStr)
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    queue: Mapped[str | None] = mapped_column(ShortKeyStr)  # None = as its kind says
    key: Mapped[str | None] = mapped_column(KeyStr)  # of all jobs with one key, one runs at a time
    running_key: Mapped[str | None] = mapped_column(KeyStr, unique=True)  # = key while running: the database says no
    dedup_key: Mapped[str | None] = mapped_column(KeyStr)
    open_key: Mapped[str | None] = mapped_column(KeyStr, unique=True)  # scoped dedup_key while unfinished
    state: Mapped[JobState] = mapped_column(enum_type(JobState), default=JobState.QUEUED)
    due_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    attempts: Mapped[int] = mapped_column(default=0)  # failed ones since it last got on
    max_attempts: Mapped[int | None]  # None = as its kind says
    losses: Mapped[int] = mapped_column(default=0)  # workers that died holding it, since it last got on
    lease_until: Mapped[dt.datetime | None]
    leased_by: Mapped[str | None] = mapped_column(KeyStr)
    fence: Mapped[int] = mapped_column(BigKey, default=0)  # rises with every claim; an older holder's write is refused
    is_cancelling: Mapped[bool] = mapped_column(default=False)  # the running handler is asked to stop
    progress_done: Mapped[int] = mapped_column(BigKey, default=0)
    progress_total: Mapped[int | None] = mapped_column(BigKey)  # None = unknown
    progress_note: Mapped[str] = mapped_column(String(300), default="")
    error: Mapped[str] = mapped_column(Text, default="")  # the last failure, redacted
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]


class JobWorker(Base):
    """A process that runs jobs, and when it was last heard of."""

    __tablename__ = "job_worker"

    name: Mapped[str] = mapped_column(KeyStr, primary_key=True)
    pid: Mapped[int]
    threads: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class Leader(Base):
    """Who may tick the clock until when."""

    __tablename__ = "leader"

    name: Mapped[str] = mapped_column(ShortKeyStr, primary_key=True)
    holder: Mapped[str] = mapped_column(KeyStr)
    lease_until: Mapped[dt.datetime]
    renewed_at: Mapped[dt.datetime]


class CronSlot(Base):
    """One moment of one schedule; the unique key lets it happen once, however many clocks tick."""

    __tablename__ = "cron_slot"
    __table_args__ = (UniqueConstraint("schedule", "slot_at"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    schedule: Mapped[str] = mapped_column(ShortKeyStr)
    slot_at: Mapped[dt.datetime]
    fired_at: Mapped[dt.datetime | None]  # None = seen, but not to be run (the schedule was new, or it was too late)
    job_id: Mapped[int | None] = mapped_column(BigKey)
