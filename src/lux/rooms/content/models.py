"""Tables of message templates."""

import datetime as dt
import uuid

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, Tenant, uuid7


class Template(Tenant, Base):
    """A message to start from: MJML or HTML with Liquid fields, and its plain text."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("company_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    starter: Mapped[str] = mapped_column(String(32), default="")  # which built-in one it came from
    format: Mapped[str] = mapped_column(String(8), default="mjml")  # mjml | html | text
    subject: Mapped[str] = mapped_column(String(300), default="")
    preview_text: Mapped[str] = mapped_column(String(300), default="")
    source: Mapped[str] = mapped_column(Text, default="")  # MJML or HTML
    text: Mapped[str] = mapped_column(Text, default="")  # empty = made from the HTML
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    trashed_at: Mapped[dt.datetime | None]
    version: Mapped[int] = mapped_column(default=1)
