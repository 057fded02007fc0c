"""Changing a company, its members and senders, making and removing companies."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from lux.gate import domains, senders
from lux.gate.submit import submit_system_email
from lux.identity import companies, erasure, invitations, sessions, users
from lux.identity.access import Person
from lux.identity.models import Company, Invitation
from lux.kit import jobs
from lux.kit.db import Database
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.kit.i18n import use_locale
from lux.ports.contributions import installed
from lux.rooms.company.forms import BrandForm
from lux.ui import confirmation
from lux.ui.shell import role_label

if TYPE_CHECKING:
    from lux.kit.settings import Settings
    from lux.rooms.company.forms import CodeForm, GeneralForm, InviteForm, NewCompanyForm


@dataclass(frozen=True, kw_only=True)
class Brand:
    """A company's brand as other rooms use it; what was never set has its default."""

    primary_color: str
    accent_color: str
    background_color: str
    text_color: str
    heading_font: str
    body_font: str
    voice: str
    banned_words: tuple[str, ...]
    link_domains: tuple[str, ...]


def brand_of(company: Company) -> Brand:
    """Return a company's brand, complete."""
    values: dict[str, Any] = {**BrandForm(version=1).model_dump(exclude={"version"}), **company.brand}
    lists = {name: tuple(values.pop(name)) for name in ("banned_words", "link_domains")}
    known = {name: value for name, value in values.items() if name in Brand.__dataclass_fields__}
    return Brand(**known, banned_words=lists["banned_words"], link_domains=lists["link_domains"])


def change_details(session: Session, actor: Person, form: GeneralForm) -> None:
    """Save a company's details; raises Conflict when somebody else saved other ones meanwhile."""
    values = form.model_dump(exclude={"version", "utm", "utm_source", "utm_medium"})
    values["utm"] = {"is_on": form.utm, "source": form.utm_source, "medium": form.utm_medium}
    companies.change(session, actor, form.version, values)


def change_brand(session: Session, actor: Person, form: BrandForm) -> None:
    """Save a company's brand; raises Conflict when somebody else saved another meanwhile."""
    companies.change(session, actor, form.version, {"brand": form.model_dump(exclude={"version"})})


def invite(session: Session, settings: Settings, actor: Person, form: InviteForm) -> Invitation:
    """Invite an address by mail; raises InvalidInput, Forbidden, RateLimitReached."""
    invitation, token = invitations.invite(session, actor, email=form.email, role=form.role)
    company = companies.current(session)
    with use_locale(company.locale):
        role = role_label(form.role)
    submit_system_email(
        session,
        company_id=company.id,
        template="invitation",
        recipient=invitation.email,
        params={
            "url": f"{settings.base_url}/invitation/{token}",
            "company": company.name,
            "inviter": actor.name or actor.email,
            "role": role,
            "days": str(invitations.LIFETIME.days),
        },
        locale=company.locale,
    )
    return invitation


def confirm_sender(db: Database, actor: Person, company_id: int, public_id: uuid.UUID, form: CodeForm) -> None:
    """Compare a sender's code; raises InvalidInput naming `code`.

    It takes the database: a wrong try is counted even though the request fails.
    """
    with db.begin(company_id) as session:
        outcome = senders.confirm_code(session, actor, public_id, form.code)
    if outcome is senders.CodeOutcome.WRONG:
        raise InvalidInput(
            field="code",
            message=_("This is not the code."),
            fix=_("Look at the newest mail; the code has six digits."),
        )
    if outcome is senders.CodeOutcome.GONE:
        raise InvalidInput(
            field="code",
            message=_("This code is too old, or was tried too often."),
            fix=_("Have a new one mailed."),
        )


def remove_domain(session: Session, actor: Person, public_id: uuid.UUID, typed: str) -> None:
    """Remove a sending domain after its name was typed; raises InvalidInput naming `confirmation`."""
    row = domains.by_public_id(session, public_id)
    confirmation.require(typed, row.domain)
    domains.remove(session, actor, public_id)


def create(session: Session, actor: Person, form: NewCompanyForm) -> str:
    """Make another company and look at it (session over all companies); returns the session's new token."""
    companies.check_may_create(session, actor)
    made = companies.create(
        session, name=form.company, owner_id=actor.user_id, timezone=form.timezone, currency=form.currency
    )
    return sessions.look_at(session, actor.session_id or 0, actor.user_id, made.id)


def switch(session: Session, actor: Person, public_id: uuid.UUID) -> str:
    """Look at another of the person's companies; returns the session's new token. Raises NotFound."""
    company = companies.by_public_id(session, public_id)
    return sessions.look_at(session, actor.session_id or 0, actor.user_id, company.id)


def remove(session: Session, actor: Person, typed_name: str) -> None:
    """Erase the session's company for good; raises InvalidInput naming `confirmation`, Forbidden."""
    company_id = company_of(session)
    keys = _file_keys(session, company_id)
    erasure.remove_company(session, actor, typed_name=typed_name)
    _forget_files(session, company_id, keys)


def samples(session: Session, actor: Person) -> Sequence[Company]:
    """Return the sample companies an operator can remove, their own or not; nothing for others."""
    return companies.samples(session) if actor.is_operator else ()


def remove_sample(session: Session, actor: Person, public_id: uuid.UUID, typed_name: str) -> None:
    """Erase a sample company (session over all companies); raises InvalidInput, NotFound."""
    keys = _file_keys(session, companies.by_public_id(session, public_id).id)
    company_id = erasure.remove_sample(session, actor, public_id, typed_name=typed_name)
    _forget_files(session, company_id, keys)


def dismiss_setup(session: Session, actor: Person, company: Company, *, is_dismissed: bool) -> None:
    """Hide the set-up path of one company from one person's dashboard, or show it again."""
    user = users.by_id(session, actor.user_id)
    hidden = {str(item) for item in user.preferences.get("setup_dismissed", [])}
    key = str(company.public_id)
    hidden = hidden | {key} if is_dismissed else hidden - {key}
    user.preferences = {**user.preferences, "setup_dismissed": sorted(hidden)}
    session.flush()


def is_setup_dismissed(session: Session, user_id: int, company: Company) -> bool:
    """Say whether a person has hidden a company's set-up path."""
    return str(company.public_id) in users.by_id(session, user_id).preferences.get("setup_dismissed", [])


def _file_keys(session: Session, company_id: int) -> list[str]:
    return [key for owner in installed().file_owners for key in owner.file_keys(session, company_id)]


def _forget_files(session: Session, company_id: int, keys: Sequence[str]) -> None:
    """Let mail and files go after the rows are gone for good: the job starts with the commit."""
    args = {"company_id": company_id, "keys": list(keys)}
    jobs.enqueue(session, "company.forget_mail", args, company_id=None)
