"""Tables of message templates, of what they are made of, and of what they said before."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant, uuid7
from lux.kit.db.trash import Trashable


class Template(Tenant, Trashable, Base):
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
    version: Mapped[int] = mapped_column(default=1)


class Media(Tenant, Trashable, Base):
    """A picture of the library; its files stand in the file store and never change."""

    __tablename__ = "media"
    __table_args__ = (UniqueConstraint("company_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(200))  # what people call it
    alt: Mapped[str] = mapped_column(String(300), default="")  # what it shows
    is_decorative: Mapped[bool] = mapped_column(default=False)  # alt="" is right
    labels: Mapped[str] = mapped_column(String(300), default="")  # "|spring|logos|", in lower case
    files: Mapped[list[Any]]  # name, width, height, size, sha256; the largest first
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)


class Block(Tenant, Trashable, Base):
    """A part that several messages name and that is put into them when they are compiled."""

    __tablename__ = "content_block"
    __table_args__ = (UniqueConstraint("company_id", "id"), UniqueConstraint("company_id", "key"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    key: Mapped[str] = mapped_column(ShortKeyStr)  # as written: {% render "header" %}
    name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(8), default="mjml")  # mjml | html
    source: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)


class ContentVersion(Tenant, Base):
    """What a template or a campaign said after one save."""

    __tablename__ = "content_version"
    __table_args__ = (UniqueConstraint("company_id", "subject_type", "subject_id", "number"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(16))  # template | campaign
    subject_id: Mapped[int] = mapped_column(BigKey)
    number: Mapped[int]  # the record's version
    saved: Mapped[dict[str, Any]]  # what its form held, by field
    label: Mapped[str] = mapped_column(String(100), default="")  # a name keeps it for good
    act_hash: Mapped[str] = mapped_column(String(64), default="")  # of the act that was submitted with it
    editor_id: Mapped[int | None] = mapped_column(BigKey)
    editor_name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
