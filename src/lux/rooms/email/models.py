"""Tables of e-mail campaigns; how far a campaign is, the gate knows."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, Tenant, uuid7
from lux.kit.db.trash import Trashable


class Campaign(Tenant, Trashable, Base):
    """One e-mail to an audience; its state is that of its outbound (see `queries.state_of`)."""

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "outbound_id"], ["outbound.company_id", "outbound.id"]),
        Index("ix_campaign_created", "company_id", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(300), default="")
    preview_text: Mapped[str] = mapped_column(String(300), default="")
    format: Mapped[str] = mapped_column(String(8), default="mjml")  # mjml | html | text
    source: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")  # empty = made from the HTML
    sender_id: Mapped[int | None] = mapped_column(BigKey)  # no key: a sender may be removed, the campaign stays
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    audience_source: Mapped[str] = mapped_column(String(32), default="")  # "segment" | "everyone"
    audience_key: Mapped[str] = mapped_column(String(64), default="")  # the segment's public id
    track_opens: Mapped[bool] = mapped_column(default=True)
    track_clicks: Mapped[bool] = mapped_column(default=True)
    utm: Mapped[dict[str, Any] | None]  # {"source", "medium", "campaign"}, "" = the default; None = not appended
    repeat: Mapped[dict[str, Any] | None]  # how it repeats, as `repeating.Repeat` holds it; None = it goes once
    run_of_id: Mapped[int | None] = mapped_column(BigKey)  # the campaign that this one is a run of
    outbound_id: Mapped[int | None] = mapped_column(BigKey)
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)
