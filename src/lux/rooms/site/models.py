"""Tables of site tracking: set-up, domains, pseudonymous visitors, their visits, and counts per day."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, enum_type, uuid7


class ConsentMode(enum.Enum):
    """Who asks the visitor."""

    BANNER = "banner"  # the script draws a small banner in the company's words
    TOOL = "tool"  # the site has a consent tool, which calls lux("consent", true)


class SiteSetup(Tenant, Base):
    """How a company follows its website; without a row it does not."""

    __tablename__ = "site_setup"
    __table_args__ = (UniqueConstraint("company_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_key: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # public: it stands in the snippet
    consent_mode: Mapped[ConsentMode] = mapped_column(enum_type(ConsentMode, 16), default=ConsentMode.BANNER)
    respects_signals: Mapped[bool] = mapped_column(default=True)  # Global Privacy Control, Do Not Track
    identifies_clicks: Mapped[bool] = mapped_column(default=True)  # links in mails to the own site say who comes
    captures_forms: Mapped[bool] = mapped_column(default=True)  # those that carry data-lux-form
    banner_text: Mapped[str] = mapped_column(String(500), default="")  # "" = the words LUX brings
    banner_accept: Mapped[str] = mapped_column(String(40), default="")
    banner_decline: Mapped[str] = mapped_column(String(40), default="")
    privacy_url: Mapped[str] = mapped_column(String(300), default="")
    keep_days: Mapped[int] = mapped_column(default=395)  # since a visitor was last seen
    refused_host: Mapped[str] = mapped_column(String(254), default="")  # asked, and is none of the domains
    refused_at: Mapped[dt.datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class SiteDomain(Tenant, Base):
    """A host of the company's own; hosts below it belong to it."""

    __tablename__ = "site_domain"
    __table_args__ = (UniqueConstraint("company_id", "host"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    host: Mapped[str] = mapped_column(KeyStr)  # lower case, punycode, without a port
    loaded_at: Mapped[dt.datetime | None]  # the script was fetched by a page there
    hit_at: Mapped[dt.datetime | None]  # something came from a visitor who had said yes
    hit_page: Mapped[str] = mapped_column(String(600), default="")  # host and path of that
    checked_at: Mapped[dt.datetime | None]  # a look from the set-up page came back
    checked_page: Mapped[str] = mapped_column(String(600), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class SiteVisitor(Tenant, Base):
    """A browser that said yes: a random number of its own, and perhaps whose it is."""

    __tablename__ = "site_visitor"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "visitor_key"),
        Index("ix_site_visitor_contact", "company_id", "contact_id"),
        Index("ix_site_visitor_seen", "company_id", "last_seen_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    visitor_key: Mapped[str] = mapped_column(ShortKeyStr)  # SHA-256 of the browser's random number
    contact_id: Mapped[int | None] = mapped_column(BigKey)  # as in a fact: no key, the contact may be undone
    known_by: Mapped[str] = mapped_column(String(16), default="")  # click | form | "" = not known
    known_at: Mapped[dt.datetime | None]
    visits: Mapped[int] = mapped_column(default=0)
    first_seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class SiteVisit(Tenant, Base):
    """One visit: what a visitor does without a break of half an hour, from one source."""

    __tablename__ = "site_visit"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "visitor_id"], ["site_visitor.company_id", "site_visitor.id"]),
        Index("ix_site_visit_started", "company_id", "started_at", "visitor_id"),
        Index("ix_site_visit_visitor", "company_id", "visitor_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    visitor_id: Mapped[int] = mapped_column(BigKey)
    started_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    views: Mapped[int] = mapped_column(default=0)
    entry_page: Mapped[str] = mapped_column(String(600), default="")
    referrer: Mapped[str] = mapped_column(String(254), default="")  # host alone
    source: Mapped[str] = mapped_column(String(100), default="")  # utm_source
    medium: Mapped[str] = mapped_column(String(100), default="")
    campaign: Mapped[str] = mapped_column(String(100), default="")
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)  # utm_term, utm_content


class SiteTally(Tenant, Base):
    """Counts per day of the company's zone, kept as hits come in; no visitor stands in them."""

    __tablename__ = "site_tally"
    __table_args__ = (UniqueConstraint("company_id", "day", "what", "value"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    day: Mapped[dt.date] = mapped_column(Date)  # in the company's zone when it was counted
    what: Mapped[str] = mapped_column(String(16))  # visit | view | page | event | form | conversion | revenue
    value: Mapped[str] = mapped_column(KeyStr, default="")  # the page, the name; of revenue the currency
    total: Mapped[int] = mapped_column(BigInteger, default=0)  # of revenue minor units
