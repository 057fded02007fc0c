"""Table of what is known of backups."""

import datetime as dt
import enum
import uuid

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, enum_type, uuid7


class BackupState(enum.Enum):
    """How far a backup is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REMOVED = "removed"  # it has had its time, or its file is gone


class BackupOrigin(enum.Enum):
    """Who asked for it."""

    CLOCK = "clock"
    PERSON = "person"
    COMMAND = "command"


class Backup(Base):
    """One backup of the installation: its file, and what came of trying it."""

    __tablename__ = "backup"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    file_name: Mapped[str] = mapped_column(String(200), default="")  # in the folder of backups
    origin: Mapped[BackupOrigin] = mapped_column(enum_type(BackupOrigin))
    state: Mapped[BackupState] = mapped_column(enum_type(BackupState))
    started_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[dt.datetime | None]
    size: Mapped[int] = mapped_column(BigKey, default=0)  # bytes
    rows: Mapped[int] = mapped_column(BigKey, default=0)
    files: Mapped[int] = mapped_column(BigKey, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")  # of the whole file, hex
    error: Mapped[str] = mapped_column(Text, default="")
    verified_at: Mapped[dt.datetime | None]  # when it was restored into a scratch place last
    is_good: Mapped[bool | None]  # what that showed; None = never tried
    verdict: Mapped[str] = mapped_column(Text, default="")  # in words
    job_id: Mapped[int | None] = mapped_column(BigKey)
    created_by: Mapped[int | None] = mapped_column(BigKey)  # the person's id
