"""Which segments of the spool are loaded, and what was not in them."""

import datetime as dt

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr


class SpoolSegment(Base):
    """A loaded segment, written in the transaction that loads it: a second time the database says no.

    It belongs to the installation: a segment holds what recipients of all companies did in a second.
    """

    __tablename__ = "spool_segment"
    __table_args__ = (Index("ix_spool_segment_loaded", "loaded_at"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(ShortKeyStr, unique=True)
    loaded_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    loaded: Mapped[int]  # lines that became facts, or were looked at and are none by the rules
    refused: Mapped[int] = mapped_column(default=0)  # lines that can't be read, or that the database does not take
    torn: Mapped[int] = mapped_column(default=0)  # lines not written to the end
    dropped: Mapped[int] = mapped_column(default=0)  # lines that could not be written before this segment
    dropped_since: Mapped[dt.datetime | None]
    trouble: Mapped[str] = mapped_column(String(200), default="")  # why not
