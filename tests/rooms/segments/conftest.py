"""Databases with the schema, and the campaigns' resolver as the house would install it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.identity.access import Person, Role
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, Database, uuid7
from lux.ports import contributions as ports
from lux.ports.contributions import Contributions, Subject
from lux.rooms.email.models import Campaign
from tests.factories import migrate
from tests.services.mariadb import MariaDB
from tests.services.postgres import Postgres

_numbers = itertools.count(1)


class Campaigns:
    """Resolves campaigns by their table, as their room does."""

    subject_type = "campaign"

    def resolve(self, session: Session, company_id: int, public_ids: Sequence[UUID]) -> Mapping[UUID, Subject]:
        query = select(Campaign).where(Campaign.company_id == company_id, Campaign.public_id.in_(public_ids))
        return {
            row.public_id: Subject(id=row.id, public_id=row.public_id, name=row.name) for row in session.scalars(query)
        }

    def choices(self, session: Session, company_id: int, limit: int) -> Sequence[Subject]:
        query = select(Campaign).where(Campaign.company_id == company_id).order_by(Campaign.id.desc()).limit(limit)
        return [Subject(id=row.id, public_id=row.public_id, name=row.name) for row in session.scalars(query)]


@pytest.fixture(autouse=True)
def _campaigns_are_known() -> Iterator[None]:
    before = ports.installed()
    ports.install(Contributions(subject_resolvers=(Campaigns(),)))
    yield
    ports.install(before)


@pytest.fixture
def db(migrated_url: str) -> Iterator[Database]:
    """Return an empty database with all tables; once on SQLite, once on PostgreSQL."""
    made = Database(migrated_url)
    yield made
    made.close()


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
def shared_db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Return a database for many examples, each in a company of its own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'lux.db'}"
        migrate(url)
    elif request.param == "mariadb":
        mariadb: MariaDB = request.getfixturevalue("mariadb")
        url = mariadb.url(mariadb.create())
        migrate(url)
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.url(postgres.create(template=postgres.template("migrated", migrate)))
    made = Database(url)
    yield made
    made.close()


def make_company(db: Database, zone: str = "Europe/Berlin") -> int:
    """Make a company and return its id."""
    with db.begin(ALL_COMPANIES) as session:
        number = next(_numbers)
        company = Company(name=f"Company {number}", slug=f"company-{number}-{uuid7().hex[:8]}", timezone=zone)
        session.add(company)
        session.flush()
        return company.id


@pytest.fixture
def company(db: Database) -> int:
    return make_company(db)


@pytest.fixture
def author(company: int) -> Person:
    return person(company)


def person(company_id: int) -> Person:
    """Return a marketer of a company."""
    return Person(
        user_id=1,
        user_public_id=uuid7(),
        name="Ada",
        email="ada@example.com",
        company_id=company_id,
        role=Role.MARKETER,
        is_operator=False,
        session_id=1,
        timezone="Europe/Berlin",
    )
