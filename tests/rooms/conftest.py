"""An installation whose mail may leave for a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import Installation, installation


@pytest.fixture
def outgoing(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that may reach mail servers on this machine, on SQLite and on PostgreSQL."""
    made = installation(migrated_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",))
    yield made
    made.db.close()
