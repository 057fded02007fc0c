"""Tables of how a company decides, and of what people say about an item."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, Tenant, uuid7


class ApprovalPolicy(Tenant, Base):
    """How one company decides; a missing row = the defaults, as in `policies.Policy`."""

    __tablename__ = "approval_policy"
    __table_args__ = (UniqueConstraint("company_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    four_eyes: Mapped[bool] = mapped_column(default=False)  # nobody says yes to their own work
    two_above: Mapped[int | None]  # recipients above which two different people must say yes; None = never
    expires_days: Mapped[int]  # until an item nobody decided on expires
    offer_hours: Mapped[int]  # the same for what carries a date
    guests_comment: Mapped[bool] = mapped_column(default=False)  # people outside may, by a personal link
    guests_decide: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    changed_by: Mapped[int | None] = mapped_column(BigKey)
    changed_by_name: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)


class ApprovalComment(Tenant, Base):
    """What somebody said about one version of an item; never edited."""

    __tablename__ = "approval_comment"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "item_id"], ["approval_queue.company_id", "approval_queue.id"]),
        Index("ix_approval_comment_item", "company_id", "item_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    item_id: Mapped[int] = mapped_column(BigKey)
    version: Mapped[int]  # the version they looked at
    author_type: Mapped[str] = mapped_column(String(16), default="person")  # person | guest | agent
    author_id: Mapped[int | None] = mapped_column(BigKey)
    author_name: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime] = mapped_column(default=clock.now)
