"""Every SELECT of site tracking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from lux.rooms.contacts.models import Contact
from lux.rooms.site.models import SiteDomain, SiteSetup, SiteTally, SiteVisit, SiteVisitor

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

ORIGINS = ("source", "medium", "campaign", "referrer")


class VisitCounts(NamedTuple):
    """Figures over the visits of a period."""

    visits: int
    visitors: int
    contacts: int  # of these visitors, known ones


def setup(session: Session, *, lock: bool = False) -> SiteSetup | None:
    """Return the company's set-up, None before anybody made one."""
    query = select(SiteSetup)
    return session.scalar(query.with_for_update() if lock else query)


def setup_by_key(session: Session, site_key: str) -> SiteSetup | None:
    """Return whose snippet carries a key; in a session over all companies."""
    return session.scalar(select(SiteSetup).where(SiteSetup.site_key == site_key))


def domains(session: Session) -> Sequence[SiteDomain]:
    """Return the company's domains by name."""
    return session.scalars(select(SiteDomain).order_by(SiteDomain.host)).all()


def domain(session: Session, public_id: uuid.UUID) -> SiteDomain | None:
    """Return one domain."""
    return session.scalar(select(SiteDomain).where(SiteDomain.public_id == public_id))


def visitor(session: Session, visitor_key: str) -> SiteVisitor | None:
    """Return a visitor, locked: what one browser does is counted one after the other."""
    query = select(SiteVisitor).where(SiteVisitor.visitor_key == visitor_key).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def latest_visit(session: Session, visitor_id: int) -> SiteVisit | None:
    """Return a visitor's last visit."""
    query = select(SiteVisit).where(SiteVisit.visitor_id == visitor_id)
    return session.scalar(query.order_by(SiteVisit.started_at.desc(), SiteVisit.id.desc()).limit(1))


def visitors_of(session: Session, contact_id: int) -> Sequence[SiteVisitor]:
    """Return the browsers that are known to be a contact's, the latest first."""
    query = select(SiteVisitor).where(SiteVisitor.contact_id == contact_id)
    return session.scalars(query.order_by(SiteVisitor.last_seen_at.desc())).all()


def visits_of(session: Session, contact_id: int, limit: int) -> Sequence[SiteVisit]:
    """Return a contact's latest visits."""
    own = select(SiteVisitor.id).where(SiteVisitor.contact_id == contact_id)
    query = select(SiteVisit).where(SiteVisit.visitor_id.in_(own))
    return session.scalars(query.order_by(SiteVisit.started_at.desc(), SiteVisit.id.desc()).limit(limit)).all()


def visit_counts(session: Session, start: dt.datetime, end: dt.datetime) -> VisitCounts:
    """Return figures over the visits that began within a period."""
    query = (
        select(
            func.count(SiteVisit.id),
            func.count(SiteVisit.visitor_id.distinct()),
            func.count(SiteVisitor.contact_id.distinct()),
        )
        .join(SiteVisitor, SiteVisitor.id == SiteVisit.visitor_id)
        .where(SiteVisit.started_at >= start, SiteVisit.started_at < end)
    )
    row = session.execute(query).one()
    return VisitCounts(int(row[0]), int(row[1]), int(row[2]))


def by_origin(
    session: Session, name: str, start: dt.datetime, end: dt.datetime, limit: int
) -> list[tuple[str, int, int]]:
    """Return (value, visits, visitors) by one of ORIGINS, the largest first; "" = it says nothing."""
    column = getattr(SiteVisit, name if name in ORIGINS else "source")
    visits = func.count(SiteVisit.id)
    query = (
        select(column, visits, func.count(SiteVisit.visitor_id.distinct()))
        .where(SiteVisit.started_at >= start, SiteVisit.started_at < end)
        .group_by(column)
        .order_by(visits.desc(), column)
        .limit(limit)
    )
    return [(str(row[0]), int(row[1]), int(row[2])) for row in session.execute(query)]


def top(session: Session, what: str, first: dt.date, last: dt.date, limit: int) -> list[tuple[str, int]]:
    """Return (value, total) of what was counted on these days, the largest first."""
    total = func.sum(SiteTally.total)
    query = (
        select(SiteTally.value, total)
        .where(SiteTally.what == what, SiteTally.day >= first, SiteTally.day <= last)
        .group_by(SiteTally.value)
        .order_by(total.desc(), SiteTally.value)
        .limit(limit)
    )
    return [(str(row[0]), int(row[1])) for row in session.execute(query)]


def totals(session: Session, first: dt.date, last: dt.date) -> dict[str, int]:
    """Return what → total of these days."""
    query = (
        select(SiteTally.what, func.sum(SiteTally.total))
        .where(SiteTally.day >= first, SiteTally.day <= last)
        .group_by(SiteTally.what)
    )
    return {str(row[0]): int(row[1]) for row in session.execute(query)}


def has_counts(session: Session) -> bool:
    """Say whether anything was ever counted."""
    return session.scalar(select(SiteTally.id).limit(1)) is not None


def by_day(session: Session, what: str, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Return day → total of what was counted; days without any are not in it."""
    query = (
        select(SiteTally.day, func.sum(SiteTally.total))
        .where(SiteTally.what == what, SiteTally.day >= first, SiteTally.day <= last)
        .group_by(SiteTally.day)
    )
    return {row[0]: int(row[1]) for row in session.execute(query)}


def values_of_day(session: Session, what: str, day: dt.date) -> int:
    """Return how many different values were counted on a day."""
    query = select(func.count(SiteTally.id)).where(SiteTally.what == what, SiteTally.day == day)
    return int(session.scalar(query) or 0)


def known_values(session: Session, what: str, day: dt.date, values: Sequence[str]) -> set[str]:
    """Return which of these values were counted on a day already."""
    query = select(SiteTally.value).where(SiteTally.what == what, SiteTally.day == day, SiteTally.value.in_(values))
    return {str(value) for value in session.scalars(query)}


def long_gone(session: Session, moment: dt.datetime, limit: int) -> list[int]:
    """Return visitors who were not seen since a moment, the oldest first."""
    query = select(SiteVisitor.id).where(SiteVisitor.last_seen_at < moment)
    return list(session.scalars(query.order_by(SiteVisitor.last_seen_at).limit(limit)))


def is_active_contact(session: Session, contact_id: int) -> bool:
    """Say whether a contact is still there, and not in the trash."""
    query = select(Contact.id).where(Contact.id == contact_id, Contact.trashed_at.is_(None))
    return session.scalar(query) is not None
