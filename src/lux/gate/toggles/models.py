"""Tables beside `FeatureToggle`: the rows of the whole installation, and what was used of a toggle's limits by day."""

import datetime as dt

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant


class InstallationToggle(Base):
    """A toggle of the whole installation, over those of its companies; a missing row is off."""

    __tablename__ = "installation_toggle"

    key: Mapped[str] = mapped_column(ShortKeyStr, primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    changed_by: Mapped[int | None] = mapped_column(BigKey)
    changed_by_name: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class ToggleUse(Tenant, Base):
    """How much of one unit happened under one toggle on one day of the company's zone."""

    __tablename__ = "toggle_use"
    __table_args__ = (UniqueConstraint("company_id", "key", "day", "unit"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(ShortKeyStr)
    day: Mapped[dt.date]
    unit: Mapped[str] = mapped_column(ShortKeyStr)  # "message", or a currency: minor units that a provider charged
    amount: Mapped[int] = mapped_column(BigKey, default=0)
