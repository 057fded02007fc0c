"""Takes what the script sends: from a registered domain, within limits, after the visitor's yes, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lux.gate import judging
from lux.kit import clock, rates
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Forbidden, InvalidInput, LuxError, NotFound, TooLarge
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.rooms.site import queries
from lux.rooms.site.addresses import covering, host_of
from lux.rooms.site.forms import Hit
from lux.rooms.site.service import captured, counting, happenings, identity, status, visitors
from lux.ui.forms import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.rooms.site.models import SiteDomain, SiteSetup, SiteVisitor
    from lux.rooms.site.service.happenings import Batch

MOST_BYTES: Final = 16 * 1024
PER_ADDRESS: Final = 120  # requests a minute
PER_SITE: Final = 6000
_LONG_AGO: Final = 3600.0  # seconds: a visit has nothing to do with when a mail left


class Malformed(InvalidInput):
    """The body is not what lux.js sends."""

    status = 400


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What stands around a request."""

    key: str
    origin: str
    address: str  # IP address: for limits, never stored
    agent: str
    refuses: bool = False  # Global Privacy Control or Do Not Track


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the script is told; `origin` = whom the browser may show it to, "" = nobody."""

    status: int
    body: Mapping[str, object]
    origin: str = ""
    retry_after: int = 0  # seconds


def take(db: Database, asked: Asked, raw: bytes) -> Answer:
    """Take one request, or say why not."""
    origin = ""
    try:
        company_id, setup, domain = _where(db, asked)
        origin = asked.origin
        if len(raw) > MOST_BYTES:
            raise TooLarge(_("The body is larger than %(most)s KiB.", most=MOST_BYTES // 1024))
        hit = _read(raw)
        with db.begin(company_id) as session:
            rates.take(db, f"site:{asked.key}", PER_SITE, 60, session=session)
            rates.take(db, f"site:{asked.key}:{asked.address}", PER_ADDRESS, 60, session=session)
            body = _write(db, session, asked, setup, domain, hit)
    except LuxError as error:
        told = {"code": error.code, "message": error.message, "fix": error.fix}
        return Answer(status=error.status, body=told, origin=origin, retry_after=getattr(error, "retry_after", 0))
    return Answer(status=202, body=body, origin=origin)


def _where(db: Database, asked: Asked) -> tuple[int, SiteSetup, SiteDomain]:
    """Return whose key it is and which of their domains asks; raises NotFound, Forbidden."""
    with db.read(ALL_COMPANIES) as session:
        setup = queries.setup_by_key(session, asked.key)
    if setup is None:
        raise NotFound
    host = host_of(asked.origin)
    with db.read(setup.company_id) as session:
        found = {one.host: one for one in queries.domains(session)}
    domain = found.get(covering(host, found))
    if domain is None:
        status.note_refused(db, setup, host)
        raise Forbidden(_("This website is not registered for this key."))
    return setup.company_id, setup, domain


def _read(raw: bytes) -> Hit:
    try:
        return parse_json(Hit, raw.decode("utf-8"))
    except (UnicodeDecodeError, InvalidInput) as error:
        raise Malformed(field="body", fix=_("Load lux.js anew.")) from error


def _write(
    db: Database, session: Session, asked: Asked, setup: SiteSetup, domain: SiteDomain, hit: Hit
) -> Mapping[str, object]:
    host = host_of(asked.origin)
    if hit.c:
        return status.check(session, domain, hit.c, hit.u, host=host)
    batch = happenings.read(hit.e, host=host)
    if batch.is_withdrawn and hit.v:
        visitors.withdraw(session, hit.v)
        return {"accepted": 1, "withdrawn": True}
    if asked.refuses and setup.respects_signals:
        return {"accepted": 0, "reason": "privacy_signal"}
    if judging.of_click(asked.agent, _LONG_AGO).human == judging.MACHINE:
        return {"accepted": 0, "reason": "bot"}
    if not hit.v:
        raise Malformed(field="v", fix=_("Without a visitor's yes nothing is sent."))
    if not setup.captures_forms:
        kept = [one for one in batch.others if one[0].t != "form"]
        batch.refused, batch.others = batch.refused + len(batch.others) - len(kept), kept
    if batch.items:
        _record(db, session, setup, domain, hit, batch)
    return {"accepted": len(batch.items), "refused": batch.refused}


def _record(
    db: Database, session: Session, setup: SiteSetup, domain: SiteDomain, hit: Hit, batch: Batch
) -> None:
    hosts = [one.host for one in queries.domains(session)]
    visitor = visitors.present(session, hit.v)
    if hit.i and setup.identifies_clicks:
        contact_id = identity.redeem(db, session, hit.i, host=domain.host)
        if contact_id is not None and queries.is_active_contact(session, contact_id):
            visitors.know(session, visitor, contact_id, by="click")
    item, page = batch.items[0]
    visit, is_new = visitors.visit(session, visitor, page, item.r, hosts)
    visit.views += len(batch.views)
    forms = [_form(db, session, setup, visitor, one) for one in batch.others]
    new = [
        happenings.fact(one, page, visitor, domain.id, visitor.contact_id) for one, page in batch.views
    ] + [
        happenings.fact(one, page, visitor, domain.id, visitor.contact_id, **more)
        for (one, page), more in zip(batch.others, forms, strict=True)
    ]
    facts.record_many(session, new)
    counts = happenings.counts(batch)
    counts["visit", ""] += int(is_new)
    counting.add(session, +counts)
    visitors.seen(session, visitor)
    status.note_hit(session, domain, (batch.views or batch.others)[-1][1], clock.now())


def _form(
    db: Database, session: Session, setup: SiteSetup, visitor: SiteVisitor, one: tuple[Any, Any]
) -> dict[str, Any]:
    """Return what a form's fact holds more: what was typed, once it is known who did; else only the fields' names."""
    item = one[0]
    if item.t != "form":
        return {}
    fields = captured.readable(item.f)
    contact_id = captured.contact_of(db, session, fields, form=item.n, site_key=setup.site_key)
    if contact_id is None:
        return {"asked": sorted(fields)}
    visitors.know(session, visitor, contact_id, by="form")
    return {"fields": fields}
