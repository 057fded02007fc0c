"""Tables of who may be written to, and who may write: consent, suppression, senders, sending domains."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.gate.states import ConsentState, SuppressionReason
from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, enum_type, uuid7


class Consent(Tenant, Base):
    """What one address last said about one channel, with its proof; the ledger holds the history."""

    __tablename__ = "consent"
    __table_args__ = (
        UniqueConstraint("company_id", "channel", "address_key"),
        Index("ix_consent_contact", "company_id", "contact_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address_key: Mapped[str] = mapped_column(KeyStr)
    contact_id: Mapped[int | None] = mapped_column(BigKey)
    state: Mapped[ConsentState] = mapped_column(enum_type(ConsentState, 16))
    basis: Mapped[str] = mapped_column(String(64), default="")  # opt_in | double_opt_in | contract | declared ...
    source: Mapped[str] = mapped_column(String(200), default="")  # form, file name, person
    wording: Mapped[str] = mapped_column(Text, default="")  # the text the person saw, or the declared basis
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)  # address, browser, file, row
    at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class Suppression(Tenant, Base):
    """An address that is never written to on a channel."""

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("company_id", "channel", "address_key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address_key: Mapped[str] = mapped_column(KeyStr)
    reason: Mapped[SuppressionReason] = mapped_column(enum_type(SuppressionReason))
    detail: Mapped[str] = mapped_column(String(500), default="")
    outbound_id: Mapped[int | None] = mapped_column(BigKey)
    at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class Sender(Tenant, Base):
    """A name and address a company may write from, once it is verified."""

    __tablename__ = "sender"
    __table_args__ = (UniqueConstraint("company_id", "email_key"), UniqueConstraint("company_id", "id"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(KeyStr)
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    verified_at: Mapped[dt.datetime | None]
    verified_by: Mapped[str] = mapped_column(String(16), default="")  # code | dns
    code_hash: Mapped[str] = mapped_column(String(64), default="")
    code_expires_at: Mapped[dt.datetime | None]
    code_attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class SendingDomain(Tenant, Base):
    """A domain whose mails are signed with DKIM; the private key lives in the vault."""

    __tablename__ = "sending_domain"
    __table_args__ = (UniqueConstraint("company_id", "domain"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    domain: Mapped[str] = mapped_column(KeyStr)
    selector: Mapped[str] = mapped_column(ShortKeyStr)
    public_key: Mapped[str] = mapped_column(Text)  # base64 of the DER, as in the DNS record
    checks: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"dkim": {"ok": true, "found": "..."}, ...}
    checked_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
