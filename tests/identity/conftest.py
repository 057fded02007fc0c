"""A database with the schema and the audit triggers, and an installation with one company."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import lux.gate.models
import lux.vault.models  # noqa: F401 - their tables belong to the schema
from lux.identity.models import Company, User
from lux.kit.db import Base, Database
from lux.kit.settings import Settings
from lux.ledger import guards
from tests.identity.people import first_owner


@pytest.fixture
def settings(tmp_path: Path, db_url: str) -> Settings:
    """Return settings whose home is a fresh folder."""
    return Settings(home=tmp_path / "home", database_url=db_url)


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """Return an empty database with all tables."""
    made = Database.of(settings)
    with made.engine.begin() as connection:
        Base.metadata.create_all(connection)
        guards.install(connection)
    yield made
    made.close()


@pytest.fixture
def owner(db: Database, settings: Settings) -> tuple[User, Company]:
    """Return the first person and the first company."""
    return first_owner(db, settings)
