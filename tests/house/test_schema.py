"""The migrations lead to exactly the tables that the models describe, on each of the three databases."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import inspect

from lux.kit.db import schema
from lux.kit.db.engine import make_engine

DATABASES = [
    "sqlite_url",
    pytest.param("pg_url", marks=pytest.mark.postgres),
    pytest.param("mariadb_url", marks=pytest.mark.mariadb),
]


@pytest.fixture
def engine(request):
    made = make_engine(request.getfixturevalue(request.param))
    yield made
    made.dispose()


@pytest.mark.parametrize("engine", DATABASES, indirect=True)
def test_an_empty_database_is_brought_to_the_present_schema(engine):
    schema.upgrade(engine)
    assert schema.present(engine) == schema.newest()
    assert "contact" in inspect(engine).get_table_names()
    schema.upgrade(engine)  # a second time there is nothing to do


@pytest.mark.parametrize("engine", DATABASES, indirect=True)
def test_the_models_ask_for_nothing_the_migrations_do_not_make(engine):
    schema.upgrade(engine)
    command.check(schema.alembic_config(engine))


def test_a_copied_database_has_the_schema(migrated_url):
    engine = make_engine(migrated_url)
    assert schema.present(engine) == schema.newest()
    engine.dispose()
