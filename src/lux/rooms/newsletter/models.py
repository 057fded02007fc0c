"""Tables of the newsletter room: who was asked whether they want mail, and the company's subscribe form."""

import datetime as dt
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant


class OptIn(Tenant, Base):
    """One address that was asked to confirm that it wants mail; asked again, it is the same row with another link."""

    __tablename__ = "opt_in"
    __table_args__ = (
        UniqueConstraint("company_id", "address_key"),
        Index("ix_opt_in_asked", "company_id", "asked_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(KeyStr)
    token_hash: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # hex SHA-256 of what the link holds
    via: Mapped[str] = mapped_column(String(16))  # form | zapier | person
    source: Mapped[str] = mapped_column(String(200))  # in words: the form's name, or what a delivery called it
    wording: Mapped[str] = mapped_column(Text)  # what is agreed to, as the page of the link shows it
    first_name: Mapped[str] = mapped_column(String(100), default="")  # from the form, until they confirm
    last_name: Mapped[str] = mapped_column(String(100), default="")
    locale: Mapped[str] = mapped_column(String(16))
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of the asking: address, browser, key
    asked_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[dt.datetime]
    confirmed_at: Mapped[dt.datetime | None]


class SubscribeForm(Tenant, Base):
    """The public page on which people ask for the company's newsletter."""

    __tablename__ = "subscribe_form"
    __table_args__ = (UniqueConstraint("company_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # in its address
    is_on: Mapped[bool]
    title: Mapped[str] = mapped_column(String(120), default="")  # "" = in our words
    intro: Mapped[str] = mapped_column(String(1000), default="")
    wording: Mapped[str] = mapped_column(String(1000), default="")  # "" = in our words
    list_id: Mapped[str] = mapped_column(String(36), default="")  # public id of a list for those who confirm
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
