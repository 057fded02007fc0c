"""Makes people for tests: the first owner, members with a role, the person behind a session."""

from __future__ import annotations

import itertools

from lux.identity import members, owner_link, sessions, users
from lux.identity.access import Person, Role
from lux.identity.models import Company, User
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.settings import Settings

PASSWORD = "mauve otter sings 9"
_numbers = itertools.count(1)


def first_owner(db: Database, settings: Settings) -> tuple[User, Company]:
    """Go the way of the first start: owner link, person, company."""
    link = owner_link.make_owner_link(db, settings)
    assert link is not None
    with db.begin(ALL_COMPANIES) as session:
        return owner_link.become_owner(
            session,
            link.rpartition("/")[2],
            name="Ada Byron",
            email="ada@example.com",
            password=PASSWORD,
            company="Analytical Engines",
            timezone="Europe/Berlin",
            currency="EUR",
        )


def member(db: Database, company: Company, role: Role, *, name: str = "") -> User:
    """Make a person who belongs to a company."""
    number = next(_numbers)
    with db.begin(ALL_COMPANIES) as session:
        user = users.create(
            session,
            name=name or f"Person {number}",
            email=f"person{number}@example.com",
            password=PASSWORD,
        )
        members.add(session, company.id, user.id, role)
    return user


def signed_in(db: Database, settings: Settings, user: User, company: Company | None = None) -> Person:
    """Sign a person in and return who the cookie stands for."""
    token = sign_in_token(db, settings, user, company)
    person = sessions.person_for(db, token, settings)
    assert person is not None
    return person


def sign_in_token(db: Database, settings: Settings, user: User, company: Company | None = None) -> str:
    """Sign a person in and return the cookie's token."""
    with db.begin(ALL_COMPANIES) as session:
        fresh = users.by_id(session, user.id)
        return sessions.start(session, fresh, settings, company_id=company.id if company else None)
