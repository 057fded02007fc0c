"""The first person of an installation: a one-time link that is printed on the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.identity import companies, tokens, users
from lux.identity.access import Role
from lux.identity.models import Company, Membership, User
from lux.identity.trail import note
from lux.kit.db import ALL_COMPANIES, Database

if TYPE_CHECKING:
    from lux.kit.settings import Settings


def make_owner_link(db: Database, settings: Settings) -> str | None:
    """Return a new link to the first sign-in, or None when there is an owner; older links end."""
    with db.begin(ALL_COMPANIES) as session:
        if has_owner(session):
            return None
        token = tokens.issue(session, tokens.Purpose.OWNER_LINK)
    return f"{settings.base_url}/welcome/{token}"


def has_owner(session: Session) -> bool:
    """Say whether anybody runs the installation or owns a company that is more than a sample."""
    operator = session.scalar(select(User.id).where(User.is_operator.is_(True)).limit(1))
    owner = session.scalar(
        select(Membership.id)
        .join(Company, Company.id == Membership.company_id)
        .where(Membership.role == Role.OWNER, Company.is_sample.is_(False))
        .limit(1)
    )
    return operator is not None or owner is not None


def become_owner(
    session: Session,
    token: str,
    *,
    name: str,
    email: str,
    password: str,
    company: str,
    timezone: str,
    currency: str,
    hashed: str = "",
) -> tuple[User, Company]:
    """Use the owner link: make the person (owner and operator) and the first company.

    Raises LinkGone when the link was used or there is an owner, InvalidInput naming a field.
    """
    tokens.spend(session, tokens.Purpose.OWNER_LINK, token)
    if has_owner(session):
        raise tokens.LinkGone
    user = users.create(
        session, name=name, email=email, password=password, context=[company], is_operator=True, hashed=hashed
    )
    note(session, None, user.id, "owner.created", about=("user", user.public_id))
    made = companies.create(session, name=company, owner_id=user.id, timezone=timezone, currency=currency)
    return user, made
