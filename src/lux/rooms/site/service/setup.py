"""Set-up of site tracking: the public key, the company's domains, how visitors are asked."""

from __future__ import annotations

import uuid
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import IntegrityError

from lux.identity.access import Right
from lux.identity.trail import note
from lux.kit.crypto import random_token
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.site import queries
from lux.rooms.site.models import SiteDomain, SiteSetup

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.rooms.site.forms import SetupForm

MOST_DOMAINS = 50
KEY_BYTES = 12
# Settings that are choices and numbers: the audit chain says what they were.
PLAIN: Final = frozenset({"consent_mode", "respects_signals", "identifies_clicks", "captures_forms", "keep_days"})


def add_domain(session: Session, person: Person, host: str) -> SiteDomain:
    """Register a domain; the first one makes the company's key. Raises InvalidInput naming `host`."""
    person.require(Right.MANAGE)
    ensure(session)
    present = queries.domains(session)
    if any(one.host == host for one in present):
        raise InvalidInput(_("This domain is registered already."), field="host")
    if len(present) >= MOST_DOMAINS:
        raise InvalidInput(_("There are %(most)s domains already.", most=MOST_DOMAINS), field="host")
    made = SiteDomain(host=host)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise InvalidInput(_("This domain is registered already."), field="host") from error
    note(session, company_of(session), person, "site.domain_added", detail={"host": host})
    return made


def remove_domain(session: Session, person: Person, public_id: uuid.UUID) -> str:
    """Take a domain off: nothing from there is taken any more; returns its name. Raises NotFound."""
    person.require(Right.MANAGE)
    found = queries.domain(session, public_id)
    if found is None:
        raise NotFound
    host = found.host
    session.delete(found)
    session.flush()
    note(session, company_of(session), person, "site.domain_removed", detail={"host": host})
    return host


def save(session: Session, person: Person, form: SetupForm) -> SiteSetup:
    """Change how visitors are asked; raises Conflict when somebody changed it since it was shown."""
    person.require(Right.MANAGE)
    setup = ensure(session)
    if setup.version != form.version:
        raise Conflict(_("Somebody saved this page while you were editing it."), fix=_("Load the page again."))
    wanted = form.model_dump(exclude={"version"})
    changed = [name for name, value in wanted.items() if getattr(setup, name) != value]
    plain = [name for name in changed if name in PLAIN]
    detail: dict[str, Any] = {"fields": changed, "before": {name: _plain(getattr(setup, name)) for name in plain}}
    for name in changed:
        setattr(setup, name, wanted[name])
    detail["after"] = {name: _plain(wanted[name]) for name in plain}
    setup.version += 1
    session.flush()
    note(session, company_of(session), person, "site.changed", detail=detail)
    return setup


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def ensure(session: Session) -> SiteSetup:
    """Return the company's set-up, locked; it is made when there is none."""
    found = queries.setup(session, lock=True)
    if found is not None:
        return found
    made = SiteSetup(site_key=random_token(KEY_BYTES))
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # somebody else did at the same moment
        again = queries.setup(session, lock=True)
        if again is None:
            raise
        return again
    return made


def initial(setup: SiteSetup | None) -> dict[str, object]:
    """Return what the form shows first."""
    shown = setup or SiteSetup(
        consent_mode="banner", respects_signals=True, identifies_clicks=True, captures_forms=True, keep_days=395
    )
    names = (
        "respects_signals", "identifies_clicks", "captures_forms", "banner_text", "banner_accept", "banner_decline",
        "privacy_url", "keep_days",
    )  # fmt: skip
    mode = setup.consent_mode.value if setup else "banner"
    version = setup.version if setup else 1
    return {"consent_mode": mode, "version": version, **{name: getattr(shown, name) or "" for name in names}}
