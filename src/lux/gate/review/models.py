"""Tables of what a company adds to the review: rules of its own, and what a channel may cost."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant, uuid7


class ReviewRule(Tenant, Base):
    """A rule that a company wrote, beside those that come with LUX."""

    __tablename__ = "review_rule"
    __table_args__ = (UniqueConstraint("company_id", "code"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    code: Mapped[str] = mapped_column(ShortKeyStr)
    name: Mapped[str] = mapped_column(String(120))
    severity: Mapped[str] = mapped_column(String(8))  # block | warn | info
    phrases: Mapped[list[Any]]
    unless: Mapped[list[Any]] = mapped_column(default=list)
    message: Mapped[str] = mapped_column(Text)
    fix: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    changed_by: Mapped[int | None] = mapped_column(BigKey)
    changed_by_name: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class ChannelBudget(Tenant, Base):
    """What one channel may cost a company in a day or a month of its own zone."""

    __tablename__ = "channel_budget"
    __table_args__ = (UniqueConstraint("company_id", "channel", "period"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel: Mapped[str] = mapped_column(ShortKeyStr)
    period: Mapped[str] = mapped_column(ShortKeyStr)  # day | month
    limit_minor: Mapped[int] = mapped_column(BigKey)
    currency: Mapped[str] = mapped_column(String(3))
    changed_by: Mapped[int | None] = mapped_column(BigKey)
    changed_by_name: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
