"""Tables of errors: groups by fingerprint, and the occurrences (`error_log`) below them."""

import datetime as dt
import enum
import uuid

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, enum_type, uuid7


class GroupState(enum.Enum):
    """What people have made of a group of errors."""

    OPEN = "open"  # nobody has said anything yet, or it came back after it was resolved
    RESOLVED = "resolved"  # mended; the next occurrence opens it again
    IGNORED = "ignored"  # known and let be: for good, until a moment, or for so many more times


class Severity(enum.Enum):
    """How bad it is."""

    WARNING = "warning"  # a failed attempt that will be repeated
    ERROR = "error"  # something did not happen


class ErrorGroup(Base):
    """Errors of one kind in one company, or in the installation (company None).

    It may belong to no company, so sessions do not filter it: every query names its scope.
    """

    __tablename__ = "error_group"
    __table_args__ = (
        UniqueConstraint("scope", "fingerprint"),
        Index("ix_error_group_company_state", "company_id", "state", "last_seen_at"),
        Index("ix_error_group_state_seen", "state", "last_seen_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    company_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("company.id"))
    scope: Mapped[int] = mapped_column(BigKey)  # the company's id, 0 = none: what a unique key can hold
    fingerprint: Mapped[str] = mapped_column(ShortKeyStr)  # "v1:" + hash; another version is another group
    type: Mapped[str] = mapped_column(String(200))  # the exception's
    message: Mapped[str] = mapped_column(String(500), default="")  # of the latest one, redacted
    words: Mapped[str] = mapped_column(String(500), default="")  # what the error itself says to people, if it does
    fix: Mapped[str] = mapped_column(String(500), default="")
    place: Mapped[str] = mapped_column(String(200), default="")  # innermost own frame, "module.function"
    source: Mapped[str] = mapped_column(String(16))  # web | job | clock | cli
    endpoint: Mapped[str] = mapped_column(String(120), default="")  # page or kind of job
    severity: Mapped[Severity] = mapped_column(enum_type(Severity))
    state: Mapped[GroupState] = mapped_column(enum_type(GroupState), default=GroupState.OPEN)
    count: Mapped[int] = mapped_column(BigKey, default=0)  # all, also those not kept one by one
    counted_from: Mapped[dt.date | None] = mapped_column(Date, default=lambda: clock.now().date())  # by day (UTC)
    first_seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    came_back_at: Mapped[dt.datetime | None]  # when it opened by itself: again after resolved, or no longer ignored
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[int | None] = mapped_column(BigKey)  # user; of a key's decision who issued the key
    decided_key: Mapped[int | None] = mapped_column(BigKey)  # the API key that decided
    note: Mapped[str] = mapped_column(String(500), default="")  # why it was resolved or ignored
    ignored_until: Mapped[dt.datetime | None]  # the first occurrence after it opens the group
    ignored_to_count: Mapped[int | None] = mapped_column(BigKey)  # the occurrence that reaches this count opens it

    @property
    def fingerprint_version(self) -> str:
        """Return the way of grouping that made this group; those of an earlier version stay as they are."""
        return self.fingerprint.partition(":")[0]


class ErrorLog(Base):
    """One occurrence, redacted."""

    __tablename__ = "error_log"
    __table_args__ = (Index("ix_error_log_group", "group_id", "id"), Index("ix_error_log_at", "at"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigKey, ForeignKey("error_group.id"))
    company_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("company.id"))
    user_id: Mapped[int | None] = mapped_column(BigKey)
    at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    source: Mapped[str] = mapped_column(String(16))
    endpoint: Mapped[str] = mapped_column(String(120), default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
    job_id: Mapped[int | None] = mapped_column(BigKey)
    severity: Mapped[Severity] = mapped_column(enum_type(Severity))
    message: Mapped[str] = mapped_column(Text, default="")
    trace: Mapped[str] = mapped_column(Text, default="")


class ErrorTally(Base):
    """How often a group occurred in a quarter of an hour, also the occurrences that were not kept one by one."""

    __tablename__ = "error_tally"
    __table_args__ = (UniqueConstraint("group_id", "day", "quarter"), Index("ix_error_tally_day", "day"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigKey, ForeignKey("error_group.id"))
    company_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("company.id"))
    day: Mapped[dt.date] = mapped_column(Date)  # in UTC; each person sees the days of their own zone
    quarter: Mapped[int] = mapped_column(
        default=48, server_default="48"
    )  # of an hour, since midnight: no zone is finer
    count: Mapped[int] = mapped_column(BigKey, default=0)
