"""Tables of segments, of the members of static ones, and of what was done to many contacts at once."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant, uuid7
from lux.kit.db.trash import Trashable


class Segment(Tenant, Trashable, Base):
    """A named audience: a list kept by hand, or a rule."""

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("company_id", "id"), UniqueConstraint("company_id", "name_key"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(ShortKeyStr)  # casefolded
    description: Mapped[str] = mapped_column(Text, default="")
    is_dynamic: Mapped[bool] = mapped_column(default=True)
    rule: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)


class SegmentMember(Tenant, Base):
    """A contact on a static segment."""

    __tablename__ = "segment_member"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "segment_id"], ["segment.company_id", "segment.id"]),
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        Index("ix_segment_member_contact", "company_id", "contact_id"),
    )

    segment_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    added_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class BulkAction(Tenant, Base):
    """Something done to many contacts at once: whom it was meant for, how far it is, and what can be taken back."""

    __tablename__ = "bulk_action"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        Index("ix_bulk_action_finished", "company_id", "finished_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    kind: Mapped[str] = mapped_column(String(32))  # see bulk.plan.KINDS
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what to write
    scope: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the filter or the segment, and its name
    state: Mapped[str] = mapped_column(String(16), default="queued")  # see bulk.plan
    total: Mapped[int] = mapped_column(BigKey, default=0)
    place: Mapped[int] = mapped_column(BigKey, default=0)  # the last contact id done
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # done, changed, unchanged, skipped
    undo_place: Mapped[int] = mapped_column(BigKey, default=0)
    undo_counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # done, undone, kept
    undo_reason: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None] = mapped_column(BigKey)
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[dt.datetime | None]


class BulkTarget(Tenant, Base):
    """One contact of an action: frozen at its start, and then the journal of what became of it.

    There is no key to `contact`: the journal must never keep anybody from being deleted.
    """

    __tablename__ = "bulk_target"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "action_id"], ["bulk_action.company_id", "bulk_action.id"]),
        Index("ix_bulk_target_contact", "company_id", "contact_id"),
    )

    action_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(12), default="pending")  # changed unchanged skipped undone kept
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
