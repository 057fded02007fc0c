"""Tables of guest reviewers: who may come by a personal link, and the browsers in which they are."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, uuid7


class Guest(Tenant, Base):
    """One person outside of one company, with what they may do there; never deleted, decisions name it."""

    __tablename__ = "guest"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "item_id"], ["approval_queue.company_id", "approval_queue.id"]),
        UniqueConstraint("company_id", "email_key"),
        UniqueConstraint("company_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(KeyStr)
    may_comment: Mapped[bool] = mapped_column(default=False)  # each only while the company's policy allows it
    may_decide: Mapped[bool] = mapped_column(default=False)
    kinds: Mapped[list[Any]] = mapped_column(default=list)  # of items; empty where it is one item
    item_id: Mapped[int | None] = mapped_column(BigKey)  # this one alone
    token_hash: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # hex; of the newest link
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    invited_by: Mapped[int] = mapped_column(BigKey)
    invited_by_name: Mapped[str] = mapped_column(String(200), default="")
    invited_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[dt.datetime | None]


class GuestSession(Tenant, Base):
    """One browser in which a guest is; it ends with the link, the time, the policy, or twelve idle hours."""

    __tablename__ = "guest_session"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "guest_id"], ["guest.company_id", "guest.id"]),
        Index("ix_guest_session_guest", "company_id", "guest_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    guest_id: Mapped[int] = mapped_column(BigKey)
    token_hash: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # hex
    started_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(200), default="")
