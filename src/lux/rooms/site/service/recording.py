"""Writes what a visitor did: whose browser it is, their visit, the facts, the counts, and that the site was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lux.kit import clock
from lux.ledger import facts
from lux.rooms.site import queries
from lux.rooms.site.service import captured, counting, happenings, identity, status, visitors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.rooms.site.forms import Hit, Item
    from lux.rooms.site.models import SiteDomain, SiteSetup, SiteVisitor
    from lux.rooms.site.service.happenings import Batch


@dataclass(frozen=True, kw_only=True)
class Taking:
    """Where a request is written."""

    db: Database
    session: Session
    setup: SiteSetup
    domain: SiteDomain


def record(taking: Taking, hit: Hit, batch: Batch) -> None:
    """Write a batch that is not empty."""
    session = taking.session
    visitor = visitors.present(session, hit.v)
    _recognise(taking, visitor, hit.i)
    item, page = batch.items[0]
    hosts = [one.host for one in queries.domains(session)]
    visit, is_new = visitors.visit(session, visitor, page, item.r, hosts)
    visit.views += len(batch.views)
    told = [_of_form(taking, visitor, one) for one, _where in batch.items]
    new = [
        happenings.fact(one, where, visitor, taking.domain.id, visitor.contact_id if who is None else who, **more)
        for (one, where), (who, more) in zip(batch.items, told, strict=True)
    ]
    facts.record_many(session, new)
    counts = happenings.counts(batch)
    counts["visit", ""] += int(is_new)
    counting.add(session, +counts)
    visitors.seen(session, visitor)
    status.note_hit(session, taking.domain, (batch.views or batch.others)[-1][1], clock.now())


def _recognise(taking: Taking, visitor: SiteVisitor, word: str) -> None:
    """Learn from a link of a mail whose browser it is."""
    if not word or not taking.setup.identifies_clicks:
        return
    contact_id = identity.redeem(taking.db, taking.session, word, host=taking.domain.host)
    if contact_id is not None and queries.is_active_contact(taking.session, contact_id):
        visitors.know(taking.session, visitor, contact_id, by="click")


def _of_form(taking: Taking, visitor: SiteVisitor, item: Item) -> tuple[int | None, dict[str, Any]]:
    """Return whose form it is, and what was typed once that is known; else only the names of its fields."""
    if item.t != "form":
        return None, {}
    fields = captured.readable(item.f)
    contact_id = captured.contact_of(taking.db, taking.session, fields, form=item.n, site_key=taking.setup.site_key)
    if contact_id is None:
        return None, {"asked": sorted(fields)}
    visitors.know(taking.session, visitor, contact_id, by="form")
    return contact_id, {"fields": fields}
