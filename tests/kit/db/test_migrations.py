"""The migrations make exactly the schema of the models, on all three databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from lux.kit.db import schema
from tests.factories import installation


@pytest.mark.parametrize(
    "url",
    [
        "sqlite_url",
        pytest.param("pg_url", marks=pytest.mark.postgres),
        pytest.param("mariadb_url", marks=pytest.mark.mariadb),
    ],
)
def test_migrations_and_models_agree(request: pytest.FixtureRequest, tmp_path: Path, url: str) -> None:
    """Migrate an empty database, compare, write through the tenant filter, migrate again."""
    made = installation(request.getfixturevalue(url), tmp_path / "home")
    try:
        command.check(schema.alembic_config(made.db.engine))
        assert schema.present(made.db.engine) == schema.newest()
        firm = made.firm()
        assert len(made.contacts(firm, 3)) == 3
        schema.upgrade(made.db.engine)
        with made.db.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM contact")).scalar() == 3
    finally:
        made.db.close()
