"""Tables of segments and of the members of static ones."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant, uuid7


class Segment(Tenant, Base):
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
    trashed_at: Mapped[dt.datetime | None]
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
