"""The table of notices."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant, uuid7


class Notification(Tenant, Base):
    """One notice to one person in one company."""

    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_person", "company_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    kind: Mapped[str] = mapped_column(ShortKeyStr)  # "approval.waiting", "campaign.done" ...
    level: Mapped[str] = mapped_column(String(8), default="info")  # ok | info | warn | bad
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(String(500), default="")  # a path of this site
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    times: Mapped[int] = mapped_column(default=1, server_default="1")  # how often, while it was unread
    read_at: Mapped[dt.datetime | None]
