"""Table of the audit log's exports."""

import datetime as dt
import uuid

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, Tenant, uuid7


class AuditExport(Tenant, Base):
    """A file with the company's audit chain, made by a job, gone after three days."""

    __tablename__ = "audit_export"
    __table_args__ = (Index("ix_audit_export_company", "company_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    state: Mapped[str] = mapped_column(String(16), default="queued")  # queued|running|done|failed|expired
    since: Mapped[dt.date | None]  # rows from this day on; None = all
    file_key: Mapped[str] = mapped_column(String(255), default="")
    file_name: Mapped[str] = mapped_column(String(255), default="")
    file_size: Mapped[int | None] = mapped_column(BigKey)
    rows: Mapped[int] = mapped_column(BigKey, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None] = mapped_column(BigKey)
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None]
