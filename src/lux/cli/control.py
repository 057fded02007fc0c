"""What an operator does from the command line when pages are not the way: stop, resume, verify."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, overload

from sqlalchemy import select

from lux.cli import database
from lux.gate import stop as stops
from lux.gate.stop import waiting
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings
    from lux.rooms.email.models import Campaign


@dataclass(frozen=True, kw_only=True)
class Part:
    """What of a company, or of all, is meant; nothing = all of it."""

    channel: str | None = None
    campaign: str | None = None  # public id
    agent: str | None = None


WHOLE: Final = Part()


def stop(settings: Settings, slug: str | None, *, includes_system: bool, reason: str, part: Part = WHOLE) -> str:
    """Press the emergency stop; returns what happened."""
    with database.opened(settings) as db, db.begin(ALL_COMPANIES) as session:
        scope = _scope(session, slug, part)
        epoch = stops.press(session, scope=scope, by=None, reason=reason, includes_system=includes_system)
    return _(
        "Stopped: %(what)s (epoch %(epoch)s). Nothing new leaves within 2 seconds.",
        what=_named(slug, part), epoch=epoch,
    )  # fmt: skip


def resume(settings: Settings, slug: str | None, *, reason: str, part: Part = WHOLE) -> str:
    """End a stop; returns what happened. What is past its time goes back for a new yes."""
    with database.opened(settings) as db:
        with db.begin(ALL_COMPANIES) as session:
            scope = _scope(session, slug, part)
            epoch = stops.resume(session, scope=scope, by=None, reason=reason)
            companies = [scope.company_id] if scope.company_id else list(session.scalars(select(Company.id)))
        back = 0
        for company_id in companies:
            with db.begin(company_id) as session:
                back += waiting.return_missed(session, scope)
    text = _("Resumed: %(what)s (epoch %(epoch)s).", what=_named(slug, part), epoch=epoch)
    if back:
        one, many = (
            "One item is past its time and needs a new yes.",
            "%(num)s items are past their time and need a new yes.",
        )
        text += " " + ngettext(one, many, back)
    if stops.is_stop_file_there(settings.home):
        path = settings.home / stops.STOP_FILE
        text += " " + _("The file %(path)s still stops everything: remove it.", path=path)
    return text


def _scope(session: Session, slug: str | None, part: Part) -> stops.Scope:
    """Return what is meant; raises NotFound, or InvalidInput for an agent without its company."""
    company_id = company_id_of(session, slug)
    if part.campaign is not None:
        campaign = _campaign(session, part.campaign)
        if company_id not in {None, campaign.company_id}:
            raise NotFound(_("This company has no such campaign."))
        return stops.scopes.of_campaign(campaign.company_id, campaign.id)
    if part.agent is not None:
        if company_id is None:
            raise InvalidInput(
                field="company", message=_("An agent belongs to a company."), fix=_("Name it: --company.")
            )
        return stops.scopes.from_token(f"agent:{part.agent}", company_id)
    if part.channel is not None:
        return stops.scopes.from_token(f"channel:{part.channel}", company_id)
    return stops.scopes.of_company(company_id) if company_id else stops.scopes.INSTALLATION


def _campaign(session: Session, public_id: str) -> Campaign:
    from lux.rooms.email import queries

    try:
        return queries.by_public_id(session, uuid.UUID(public_id))
    except (ValueError, NotFound) as error:
        raise NotFound(_("There is no campaign %(id)s: its page's address ends with it.", id=public_id)) from error


def _named(slug: str | None, part: Part) -> str:
    found = [one for one in (part.campaign, part.agent, part.channel, slug) if one]
    return ", ".join(found) or _("the whole installation")


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
