"""Companies of an installation: making one, its slug, changing it without losing another's edit."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lux.identity import members
from lux.identity.access import Person, Right, Role
from lux.identity.models import Company
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.crypto import random_token
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, FieldProblem, Forbidden, InvalidInput, NotFound
from lux.kit.i18n import gettext as _

MAX_NAME = 200
PLAIN_SETTINGS: Final = frozenset({"timezone", "currency", "locale", "unsend_seconds"})  # what they were is no secret
_TRIES = 3


def create(
    session: Session,
    *,
    name: str,
    owner_id: int,
    timezone: str = "UTC",
    currency: str = "EUR",
    locale: str = "en",
    is_sample: bool = False,
) -> Company:
    """Make a company with its owner; the session must be one over all companies."""
    company = Company(
        name=checked_name(name),
        timezone=clock.zone(timezone).key,
        currency=currency,
        locale=locale,
        is_sample=is_sample,
        brand={},
    )
    _add_under_afree_slug(session, company)
    members.add(session, company.id, owner_id, Role.OWNER)
    detail = {"is_sample": is_sample}
    note(
        session,
        company.id,
        owner_id,
        "company.created",
        about=("company", company.public_id),
        detail=detail,
    )
    return company


def check_may_create(session: Session, actor: Person) -> None:
    """Raise Forbidden unless the person runs the installation or owns a company."""
    owned = (row for row in members.companies_of(session, actor.user_id) if row.role is Role.OWNER)
    if not actor.is_operator and next(owned, None) is None:
        raise Forbidden(
            _("Only owners of a company and operators can make another company."),
            fix=_("Ask the person who runs this installation."),
        )


def current(session: Session) -> Company:
    """Return the session's company."""
    return by_id(session, company_of(session))


def by_id(session: Session, company_id: int) -> Company:
    """Return a company; raises NotFound."""
    found = session.get(Company, company_id)
    if found is None:
        raise NotFound
    return found


def by_public_id(session: Session, public_id: uuid.UUID) -> Company:
    """Return a company; raises NotFound."""
    found = session.scalars(select(Company).where(Company.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def all_ids(session: Session) -> Sequence[int]:
    """Return the ids of all companies; session over all of them."""
    return session.scalars(select(Company.id).order_by(Company.id)).all()


def samples(session: Session) -> Sequence[Company]:
    """Return the installation's sample companies, the oldest first."""
    return session.scalars(select(Company).where(Company.is_sample.is_(True)).order_by(Company.id)).all()


def change(session: Session, actor: Person, version: int, values: Mapping[str, Any]) -> None:
    """Write values of the session's company, unless somebody saved other ones since `version`.

    Raises Conflict that tells, field by field, what is there now; its field `version` marks it.
    """
    company = current(session)
    actor.require(Right.MANAGE)
    session.refresh(company, with_for_update=True)
    others = {name: getattr(company, name) for name in values}
    problems = _differences(others, values)
    if company.version != version and problems:
        words = _("Somebody saved this page while you were editing it.")
        fix = _("What you entered is kept. Compare the marked fields and save again.")
        problems.insert(0, FieldProblem(field="version", message=words, fix=fix))
        raise Conflict(words, fix=fix, problems=problems)
    session.execute(update(Company).where(Company.id == company.id).values(**values, version=company.version + 1))
    session.refresh(company)
    changed = [name for name, before in others.items() if before != values[name]]
    plain = [name for name in changed if name in PLAIN_SETTINGS]
    detail: dict[str, Any] = {"fields": changed}
    if plain:
        detail |= {"before": {name: others[name] for name in plain}, "after": {name: values[name] for name in plain}}
    about = ("company", company.public_id)
    note(session, company.id, actor, "company.changed", about=about, detail=detail)


def _differences(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[FieldProblem]:
    problems: list[FieldProblem] = []
    for name, present in now.items():
        if isinstance(present, dict):
            new = wanted[name]
            problems += _differences({key: present.get(key) for key in new}, new)
        elif present != wanted[name]:
            shown = ", ".join(present) if isinstance(present, list) else str(present or "")
            words = _("Meanwhile it was changed to “%(now)s”.", now=shown[:200])
            problems.append(FieldProblem(field=name, message=words))
    return problems


def checked_name(name: str) -> str:
    """Return the trimmed name; raises InvalidInput naming `company`."""
    text = " ".join(name.split())
    if not text:
        raise InvalidInput(
            field="company",
            message=_("The company's name is missing."),
            fix=_("Enter the name as it stands in your mails."),
        )
    if len(text) > MAX_NAME:
        raise InvalidInput(
            field="company",
            message=_("The company's name is too long."),
            fix=_("Enter at most %(most)d characters.", most=MAX_NAME),
        )
    return text


def _add_under_afree_slug(session: Session, company: Company) -> None:
    """Insert the company; when another one takes the slug at the same moment, it gets one that nobody guesses."""
    slug = free_slug(session, company.name)
    for end in ("", *(f"-{random_token()[:8]}" for _try in range(_TRIES))):
        company.slug = re.sub(r"[^a-z0-9-]+", "", f"{slug}{end}".casefold())
        try:
            with session.begin_nested():
                session.add(company)
        except IntegrityError:
            continue
        return
    raise RuntimeError(f"company {slug}: no free slug in {_TRIES} tries")


def free_slug(session: Session, name: str) -> str:
    """Return a short name for a company that no other one has."""
    base = slug_of(name)
    taken = set(session.scalars(select(Company.slug).where(Company.slug.startswith(base, autoescape=True))))
    number = 2
    slug = base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def slug_of(name: str) -> str:
    """Return the name as part of an address: ASCII letters, digits and hyphens, at most 48."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or "company"
