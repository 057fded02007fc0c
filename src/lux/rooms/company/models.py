"""Tables of whole companies on their way: files that were asked for, and archives that arrive."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lux.identity.kept_files import KeptFile
from lux.kit import clock
from lux.kit.db.base import Base, BigKey, uuid7


class CompanyExport(KeptFile, Base):
    """A file with everything of the company, made by a job, gone after three days."""

    __tablename__ = "company_export"
    __table_args__ = (Index("ix_company_export_company", "company_id", "id"),)


class CompanyImport(Base):
    """An archive on its way to become a company; until it is done nobody belongs to that company."""

    __tablename__ = "company_import"
    __table_args__ = (Index("ix_company_import_created_by", "created_by", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    state: Mapped[str] = mapped_column(String(16), default="queued")  # queued|running|done|failed
    file_key: Mapped[str] = mapped_column(String(255), default="")  # in the file store; "" = read from a path
    file_name: Mapped[str] = mapped_column(String(255), default="")
    file_size: Mapped[int] = mapped_column(BigKey, default=0)
    name: Mapped[str] = mapped_column(String(200), default="")  # of the new company; "" = as in the archive
    slug: Mapped[str] = mapped_column(String(64), default="")  # the same
    target_id: Mapped[int | None] = mapped_column(BigKey)  # the company that is being made, or was
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)  # see transfer.report.Report
    error: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None] = mapped_column(BigKey)
    created_by: Mapped[int | None] = mapped_column(BigKey)  # who becomes the owner
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)  # the last sign of life
    finished_at: Mapped[dt.datetime | None]
