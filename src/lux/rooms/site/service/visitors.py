"""Visitors and their visits: found or made by the browser's number, known by a click or a form, forgotten on demand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from lux.kit import clock
from lux.kit.crypto import random_token, token_hash
from lux.ledger import facts
from lux.rooms.contacts import service as contacts
from lux.rooms.site import queries
from lux.rooms.site.addresses import Page, covering, host_of
from lux.rooms.site.models import SiteVisit, SiteVisitor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from sqlalchemy import CursorResult
    from sqlalchemy.orm import Session

BREAK: Final = timedelta(minutes=30)  # a longer one begins another visit
KINDS: Final = ("page.viewed", "form.submitted", "site.converted")  # and all own events
CUSTOM: Final = "custom."


def present(session: Session, number: str) -> SiteVisitor:
    """Return the visitor of a browser's number, locked; the first time it is made."""
    key = token_hash(number)
    found = queries.visitor(session, key)
    if found is not None:
        return found
    made = SiteVisitor(visitor_key=key)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # two pages of the same browser at the same moment
        again = queries.visitor(session, key)
        if again is None:
            raise
        return again
    return made


def visit(
    session: Session, visitor: SiteVisitor, page: Page, referrer: str, domains: Iterable[str]
) -> tuple[SiteVisit, bool]:
    """Return the visit that goes on, or a new one: after a break, or when another campaign leads here."""
    now, last = clock.now(), queries.latest_visit(session, visitor.id)
    visitor.last_seen_at = now
    if last is not None and now - last.last_at <= BREAK and not _is_other_campaign(page, last):
        last.last_at = now
        return last, False
    host = host_of(referrer)
    made = SiteVisit(
        visitor_id=visitor.id,
        started_at=now,
        last_at=now,
        views=0,
        entry_page=page.name,
        referrer="" if covering(host, domains) else host,
        source=page.utm.get("source", ""),
        medium=page.utm.get("medium", ""),
        campaign=page.utm.get("campaign", ""),
        extra={name: page.utm[name] for name in ("term", "content") if name in page.utm},
    )
    session.add(made)
    visitor.visits += 1
    session.flush()
    return made, True


def know(session: Session, visitor: SiteVisitor, contact_id: int, *, by: str) -> None:
    """Note whose browser it is; what it did before, while nobody knew, becomes theirs.

    A click is proof, a typed address is not: who was known by a click stays, whatever is typed into a form.
    """
    if by == "form" and visitor.known_by == "click":
        return
    if visitor.contact_id == contact_id:
        visitor.known_by = by
        return
    visitor.contact_id, visitor.known_by, visitor.known_at = contact_id, by, clock.now()
    session.flush()
    facts.attribute(session, visitor.id, contact_id, kinds=KINDS, prefix=CUSTOM, since=visitor.first_seen_at)


def seen(session: Session, visitor: SiteVisitor) -> None:
    """Note that the contact behind a visitor was active."""
    if visitor.contact_id is not None:
        contacts.touch(session, [visitor.contact_id])


def withdraw(session: Session, number: str) -> None:
    """Cut the link between a browser and everything: its yes was taken back. What happened before stays counted."""
    found = queries.visitor(session, token_hash(number))
    if found is not None:
        _cut(session, [found.id])


def forget_contact(session: Session, contact_id: int) -> int:
    """Cut the link between an erased person and their browsers; visits stay counted."""
    ids = [one.id for one in queries.visitors_of(session, contact_id)]
    _cut(session, ids)
    if ids:
        session.execute(
            update(SiteVisit)
            .where(SiteVisit.visitor_id.in_(ids))
            .values(entry_page="", referrer="", extra={})
            .execution_options(synchronize_session=False)
        )
    return len(ids)


def remove(session: Session, ids: Sequence[int]) -> int:
    """Remove visitors and their visits for good; returns how many rows."""
    removed = 0
    for model, column in ((SiteVisit, SiteVisit.visitor_id), (SiteVisitor, SiteVisitor.id)):
        statement = delete(model).where(column.in_(ids)).execution_options(synchronize_session=False)
        removed += cast("CursorResult[Any]", session.execute(statement)).rowcount
    return removed


def _cut(session: Session, ids: Sequence[int]) -> None:
    for number in ids:
        row = session.get_one(SiteVisitor, number)
        row.visitor_key, row.contact_id, row.known_by, row.known_at = f"gone:{random_token(16)}", None, "", None
    session.flush()


def _is_other_campaign(page: Page, last: SiteVisit) -> bool:
    wanted = [page.utm.get(name, "") for name in ("source", "medium", "campaign")]
    return any(wanted) and wanted != [last.source, last.medium, last.campaign]
