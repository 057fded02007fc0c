"""Tables of people, companies, memberships, sessions, one-time tokens, invitations and API keys."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.identity.access import Role
from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, enum_type, uuid7


class Company(Base):
    """A tenant of the installation."""

    __tablename__ = "company"
    # An erased company's number is never given again: its audit chain stays under it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own declaration

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(ShortKeyStr, unique=True)
    website: Mapped[str] = mapped_column(String(300), default="")
    postal_address: Mapped[str] = mapped_column(Text, default="")  # required before marketing e-mail
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    locale: Mapped[str] = mapped_column(String(16), default="en")
    public_url: Mapped[str] = mapped_column(String(300), default="")  # empty = the installation's
    brand: Mapped[dict[str, Any]] = mapped_column(default=dict)  # see rooms.company.forms.BrandForm
    unsend_seconds: Mapped[int] = mapped_column(default=60, server_default="60")  # between a yes and the first message
    utm: Mapped[dict[str, Any] | None]  # {"is_on": of new campaigns, "source", "medium"}; "" = slug, "email"
    is_sample: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)


class User(Base):
    """A person who can sign in."""

    __tablename__ = "app_user"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(KeyStr, unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_changed_at: Mapped[dt.datetime | None]
    is_operator: Mapped[bool] = mapped_column(default=False)
    is_disabled: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(16), default="")  # empty = the company's
    timezone: Mapped[str] = mapped_column(String(64), default="")  # empty = the company's
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_sign_in_at: Mapped[dt.datetime | None]


class Membership(Tenant, Base):
    """A person's role in one company."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("company_id", "user_id"),
        Index("ix_membership_user_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    role: Mapped[Role] = mapped_column(enum_type(Role))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class WebSession(Base):
    """A signed-in browser; the cookie holds a random id, the row its SHA-256."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    token_hash: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # hex
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))  # the company being looked at
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(200), default="")


class OneTimeToken(Base):
    """A link that works once: owner link, password reset, sender code; only its SHA-256 is kept."""

    __tablename__ = "one_time_token"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    purpose: Mapped[str] = mapped_column(ShortKeyStr)
    token_hash: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # hex
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class Invitation(Tenant, Base):
    """An open invitation of an address into a company."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("company_id", "email_key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(KeyStr)
    role: Mapped[Role] = mapped_column(enum_type(Role))
    token_hash: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # hex
    invited_by: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]
    accepted_at: Mapped[dt.datetime | None]


class ApiKey(Tenant, Base):
    """A key with which another program acts for a company; only SHA-256 sums of its secrets are kept."""

    __tablename__ = "api_key"
    __table_args__ = (Index("ix_api_key_company_id", "company_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)  # the part before the dot
    name: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[str] = mapped_column(ShortKeyStr)  # hex
    last_four: Mapped[str] = mapped_column(String(4))  # of the secret, to tell keys apart
    previous_hash: Mapped[str] = mapped_column(ShortKeyStr, default="")  # hex; the secret before a rotation
    previous_last_four: Mapped[str] = mapped_column(String(4), default="")
    previous_until: Mapped[dt.datetime | None]  # until when that one works
    scopes: Mapped[list[Any]] = mapped_column(default=list)  # values of identity.api_keys.Scope
    created_by: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    rotated_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]  # to the minute
    expires_at: Mapped[dt.datetime | None]  # None = it does not
    revoked_at: Mapped[dt.datetime | None]
