"""The two databases of the browser's tests: SQLite always, PostgreSQL in the long form (`make full`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories import installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.factories import Installation
    from tests.services.lent import Lent

BOTH = ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])]


@pytest.fixture(params=BOTH)
def browsed_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a migrated database without rows, on SQLite, and in the long form on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("migrated_sqlite_url")
        return
    lent: Lent = request.getfixturevalue("migrated_databases")
    name = lent.take()
    yield request.getfixturevalue("postgres").url(name)
    lent.give_back(name)


@pytest.fixture
def browsed(browsed_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return a fresh installation on it."""
    made = installation(browsed_url, tmp_path / "home", is_migrated=True)
    yield made
    made.db.close()
