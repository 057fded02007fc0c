"""Table of the audit log's exports."""

import datetime as dt

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from lux.identity.kept_files import KeptFile
from lux.kit.db.base import Base


class AuditExport(KeptFile, Base):
    """A file with the company's audit chain, made by a job, gone after three days."""

    __tablename__ = "audit_export"
    __table_args__ = (Index("ix_audit_export_company", "company_id", "id"),)

    since: Mapped[dt.date | None]  # rows from this day on; None = all
