"""Tables of facts, roll-ups and the audit chain."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Date, Index, LargeBinary, String, Text, UniqueConstraint, column
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, uuid7

HASH = LargeBinary(32).with_variant(mysql.VARBINARY(32), "mysql", "mariadb")


def _where(name: str) -> dict[str, Any]:
    """Return the options by which an index leaves out rows without a value."""
    condition = column(name).is_not(None)
    return {"postgresql_where": condition, "sqlite_where": condition}


class Fact(Tenant, Base):
    """One thing that happened; a correction is a new fact."""

    __tablename__ = "fact"
    __table_args__ = (
        UniqueConstraint("company_id", "dedup_key"),
        Index("ix_fact_contact", "company_id", "contact_id", "kind", "at"),
        Index("ix_fact_kind", "company_id", "kind", "at", "contact_id"),
        Index("ix_fact_subject", "company_id", "subject_type", "subject_id", "kind", "contact_id"),
        # Most facts have neither: where the database can, they cost these two nothing.
        Index("ix_fact_unit", "company_id", "unit_id", "kind", **_where("unit_id")),
        Index("ix_fact_corrects", "company_id", "corrects_id", **_where("corrects_id")),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[dt.datetime]  # when it happened
    recorded_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    kind: Mapped[str] = mapped_column(KeyStr)
    contact_id: Mapped[int | None] = mapped_column(BigKey)
    subject_type: Mapped[str] = mapped_column(String(32), default="")
    subject_id: Mapped[int | None] = mapped_column(BigKey)
    channel: Mapped[str] = mapped_column(String(16), default="")
    actor: Mapped[str] = mapped_column(String(64), default="system")
    value_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    properties: Mapped[dict[str, Any]] = mapped_column(default=dict)
    dedup_key: Mapped[str | None] = mapped_column(KeyStr)
    human: Mapped[str] = mapped_column(String(8), default="unknown")  # yes | machine | unknown, as judged when it came
    unit_id: Mapped[int | None] = mapped_column(BigKey)  # the delivery: what unique counts count; no personal datum
    part_type: Mapped[str | None] = mapped_column(String(32))  # a part of the subject it counts under as well: "link"
    part_id: Mapped[int | None] = mapped_column(BigKey)
    facets: Mapped[dict[str, Any] | None]  # what it is broken down by: {"device": "phone", "domain": "example.com"}
    corrects_id: Mapped[int | None] = mapped_column(BigKey)  # the fact that this one says was a machine's


class Rollup(Tenant, Base):
    """Counts of facts per day, kind and subject, kept as facts are recorded."""

    __tablename__ = "rollup"
    __table_args__ = (UniqueConstraint("company_id", "subject_type", "subject_id", "kind", "day"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int] = mapped_column(BigKey)  # 0 = without subject
    kind: Mapped[str] = mapped_column(KeyStr)
    day: Mapped[dt.date] = mapped_column(Date)  # UTC
    total: Mapped[int] = mapped_column(BigInteger, default=0)  # facts
    firsts: Mapped[int] = mapped_column(BigInteger, default=0)  # first of its delivery: unique opens, unique clicks
    human: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # facts that are a person's
    human_firsts: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # first a person's
    machine: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # known to be a machine's


class RollupFacet(Tenant, Base):
    """The same counts broken down by one thing: quarter of an hour, device, domain."""

    __tablename__ = "rollup_facet"
    __table_args__ = (
        UniqueConstraint(
            "company_id", "subject_type", "subject_id", "kind", "facet", "value", name="uq_rollup_facet_key"
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int] = mapped_column(BigKey)
    kind: Mapped[str] = mapped_column(KeyStr)
    facet: Mapped[str] = mapped_column(ShortKeyStr)  # "slot" | "device" | "domain"
    value: Mapped[str] = mapped_column(KeyStr)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    firsts: Mapped[int] = mapped_column(BigInteger, default=0)
    human: Mapped[int] = mapped_column(BigInteger, default=0)
    human_firsts: Mapped[int] = mapped_column(BigInteger, default=0)
    machine: Mapped[int] = mapped_column(BigInteger, default=0)


class ApprovalAuditLog(Base):
    """The audit chain of one company (0 = the installation): append-only, each row holds the hash before it."""

    __tablename__ = "approval_audit_log"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own declaration

    company_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime]
    actor_type: Mapped[str] = mapped_column(String(16))  # person | api_key | system | agent | operator
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(64))  # "approval.approved", "toggle.on" ...
    object_type: Mapped[str] = mapped_column(String(32), default="")
    object_id: Mapped[str] = mapped_column(String(64), default="")
    object_version: Mapped[int | None]
    content_hash: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")  # canonical JSON without personal data
    prev_hash: Mapped[bytes] = mapped_column(HASH)
    hash: Mapped[bytes] = mapped_column(HASH)


class AuditWords(Base):
    """What a person typed for a row of the chain, which holds its salted hash: erasing it leaves the chain valid."""

    __tablename__ = "audit_words"
    __table_args__ = (Index("ix_audit_words_company", "company_id", "seq"),)

    key: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    company_id: Mapped[int] = mapped_column(BigInteger)  # 0 = the installation
    seq: Mapped[int | None] = mapped_column(BigInteger)  # the row they were typed for, by which they are found
    salt: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)


class AuditChain(Base):
    """One chain there is: the row that writers of a chain lock on MariaDB, also of chains without a company."""

    __tablename__ = "audit_chain"

    company_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class AuditCheckpoint(Base):
    """Row and hash that a chain had reached, signed with a key outside of the database: append-only."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own declaration

    company_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(HASH)
    at: Mapped[dt.datetime]
    key: Mapped[str] = mapped_column(String(44))  # the public key, base64
    signature: Mapped[str] = mapped_column(String(88))  # Ed25519, base64


class AuditCheck(Base):
    """What the last verification of a chain found."""

    __tablename__ = "audit_check"

    company_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))  # holds | broken | unknown
    at: Mapped[dt.datetime]
    rows: Mapped[int] = mapped_column(BigInteger)  # that hold
    seq: Mapped[int | None] = mapped_column(BigInteger)  # the first that does not
    reason: Mapped[str] = mapped_column(Text, default="")
    checkpoints: Mapped[int] = mapped_column(default=0)  # that were compared
