"""What an operator does from the command line when pages are not the way: stop, resume, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from sqlalchemy import select

from lux.cli import database
from lux.gate import stop as stops
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.ledger import audit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings


def stop(settings: Settings, slug: str | None, *, includes_system: bool, reason: str) -> str:
    """Press the emergency stop; returns what happened."""
    with database.opened(settings) as db, db.begin(ALL_COMPANIES) as session:
        company_id = company_id_of(session, slug)
        epoch = stops.press(session, company_id=company_id, by=None, reason=reason, includes_system=includes_system)
    return _(
        "Stopped: %(what)s (epoch %(epoch)s). Nothing new leaves within 2 seconds.", what=_named(slug), epoch=epoch
    )


def resume(settings: Settings, slug: str | None, *, reason: str) -> str:
    """End a stop; returns what happened."""
    with database.opened(settings) as db, db.begin(ALL_COMPANIES) as session:
        company_id = company_id_of(session, slug)
        epoch = stops.resume(session, company_id=company_id, by=None, reason=reason)
    text = _("Resumed: %(what)s (epoch %(epoch)s).", what=_named(slug), epoch=epoch)
    if stops.is_stop_file_there(settings.home):
        path = settings.home / stops.STOP_FILE
        text += " " + _("The file %(path)s still stops everything: remove it.", path=path)
    return text


def verify_audit(settings: Settings) -> tuple[list[str], bool]:
    """Walk every audit chain; returns a line for each and whether all hold."""
    lines, is_whole = [], True
    with database.opened(settings) as db, db.read(ALL_COMPANIES) as session:
        for company_id in audit.chains(session):
            count, fault = audit.verify(session, company_id)
            name = _("company %(id)s", id=company_id) if company_id else _("installation")
            if fault is None:
                lines.append(ngettext("%(name)s: %(num)s row holds", "%(name)s: %(num)s rows hold", count, name=name))
            else:
                is_whole = False
                seq, reason = fault.seq, fault.reason
                lines.append(_("%(name)s: row %(seq)s does not hold: %(reason)s", name=name, seq=seq, reason=reason))
    return lines or [_("There is nothing in the audit log yet.")], is_whole


def _named(slug: str | None) -> str:
    return slug or _("the whole installation")


@overload
def company_id_of(session: Session, slug: str) -> int: ...
@overload
def company_id_of(session: Session, slug: None) -> None: ...
@overload
def company_id_of(session: Session, slug: str | None) -> int | None: ...
def company_id_of(session: Session, slug: str | None) -> int | None:
    """Return a company's id by its short name, None for none; raises NotFound."""
    if slug is None:
        return None
    found = session.scalar(select(Company.id).where(Company.slug == slug))
    if found is None:
        raise NotFound(_("There is no company with the short name %(name)s.", name=slug))
    return found
