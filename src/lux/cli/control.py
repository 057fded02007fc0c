"""What an operator does from the command line when pages are not the way: stop, resume, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.cli import database
from lux.gate import stop as stops
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.vault import rotation
from lux.vault.secrets import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings


def stop(settings: Settings, slug: str | None, *, includes_system: bool, reason: str) -> str:
    """Press the emergency stop; returns what happened."""
    with database.opened(settings) as db, db.begin(ALL_COMPANIES) as session:
        company_id = _company(session, slug)
        epoch = stops.press(session, company_id=company_id, by=None, reason=reason, includes_system=includes_system)
    return _(
        "Stopped: %(what)s (epoch %(epoch)s). Nothing new leaves within 2 seconds.", what=_named(slug), epoch=epoch
    )


def resume(settings: Settings, slug: str | None, *, reason: str) -> str:
    """End a stop; returns what happened."""
    with database.opened(settings) as db, db.begin(ALL_COMPANIES) as session:
        company_id = _company(session, slug)
        epoch = stops.resume(session, company_id=company_id, by=None, reason=reason)
    text = _("Resumed: %(what)s (epoch %(epoch)s).", what=_named(slug), epoch=epoch)
    if stops.is_stop_file_there(settings.home):
        path = settings.home / stops.STOP_FILE
        text += " " + _("The file %(path)s still stops everything: remove it.", path=path)
    return text


def verify_vault(settings: Settings) -> tuple[str, bool]:
    """Say whether the vault opens."""
    with database.opened(settings) as db, db.read(ALL_COMPANIES) as session:
        state = Vault(settings).state(session)
    return (_("The vault opens.") if state.is_open else f"{state.reason} {state.fix}"), state.is_open


def rotate_master(settings: Settings) -> list[str]:
    """Change the vault's master key; returns notes. Raises VaultLocked, WrongState."""
    with database.opened(settings) as db:
        return rotation.rotate_master(settings, db)


def _named(slug: str | None) -> str:
    return slug or _("the whole installation")


def _company(session: Session, slug: str | None) -> int | None:
    if slug is None:
        return None
    found = session.scalar(select(Company.id).where(Company.slug == slug))
    if found is None:
        raise NotFound(_("There is no company with the short name %(name)s.", name=slug))
    return found
