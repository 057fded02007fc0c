"""“We see your site”: when the script was loaded, when something came, and what a look from here found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lux.kit import clock
from lux.kit.db.session import company_of, settings_of
from lux.kit.i18n import gettext as _
from lux.rooms.site import queries
from lux.rooms.site.addresses import Page, covering, read_page
from lux.rooms.site.forms import is_local
from lux.rooms.site.service import identity

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.rooms.site.models import SiteDomain, SiteSetup

PARAMETER: Final = "lux_check"
RECENT: Final = timedelta(hours=24)
_OFTEN: Final = timedelta(minutes=1)  # no more is written than once in this time


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is known of one domain."""

    domain: SiteDomain
    state: str  # seen | checked | loaded | quiet | never
    look_url: str  # opens the site in such a way that it answers here


def sights(session: Session) -> list[Sight]:
    """Return what is known of every domain."""
    return [Sight(domain=one, state=_state(one), look_url=_look(session, one)) for one in queries.domains(session)]


def note_loaded(db: Database, setup: SiteSetup, host: str) -> None:
    """Note that a page of a registered domain fetched the script."""
    with db.read(setup.company_id) as session:
        found = {one.host: one for one in queries.domains(session)}
    domain, now = found.get(covering(host, found)), clock.now()
    if domain is None:
        note_refused(db, setup, host)
    elif domain.loaded_at is None or now - domain.loaded_at > _OFTEN:
        with db.begin(setup.company_id) as session:
            row = queries.domain(session, domain.public_id)
            if row is not None:
                row.loaded_at = now


def note_refused(db: Database, setup: SiteSetup, host: str) -> None:
    """Note that somebody asked from a host that is no domain of the company: perhaps one was forgotten."""
    now = clock.now()
    if not host or (setup.refused_at is not None and now - setup.refused_at < _OFTEN):
        return
    with db.begin(setup.company_id) as session:
        row = queries.setup(session, lock=True)
        if row is not None:
            row.refused_host, row.refused_at = host[:254], now


def note_hit(session: Session, domain: SiteDomain, page: Page, at: dt.datetime) -> None:
    """Note that something came from a visitor."""
    if domain.hit_at is not None and at - domain.hit_at < _OFTEN and domain.hit_page == page.name:
        return
    row = queries.domain(session, domain.public_id)
    if row is not None:
        row.hit_at, row.hit_page = at, page.name


def check(session: Session, domain: SiteDomain, token: str, url: str, *, host: str) -> Mapping[str, object]:
    """Note that a page answered a look from the set-up page, and tell it so; no visitor stands in it."""
    company_id, page = company_of(session), read_page(url)
    number = identity.read(settings_of(session), identity.CHECK, token, company_id=company_id, host=domain.host)
    row = queries.domain(session, domain.public_id)
    if number != domain.id or row is None or page.host != host:
        return {"seen": False, "say": _("This look has expired. Open the page from LUX once more.")}
    row.checked_at, row.checked_page = clock.now(), page.name
    return {"seen": True, "say": _("LUX sees this page.")}


def _state(domain: SiteDomain) -> str:
    now = clock.now()
    if domain.hit_at is not None and now - domain.hit_at < RECENT:
        return "seen"
    if domain.checked_at is not None and now - domain.checked_at < RECENT:
        return "checked"
    if domain.loaded_at is not None and now - domain.loaded_at < RECENT:
        return "loaded"
    return "quiet" if any((domain.hit_at, domain.checked_at, domain.loaded_at)) else "never"


def _look(session: Session, domain: SiteDomain) -> str:
    token = identity.mint(
        settings_of(session), identity.CHECK, company_id=company_of(session), number=domain.id, host=domain.host
    )
    scheme = "http" if is_local(domain.host) else "https"
    return identity.with_parameter(f"{scheme}://{domain.host}/", f"{PARAMETER}={token}")
