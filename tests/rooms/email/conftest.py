"""The audiences that campaigns go to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.rooms.email.campaigns import audiences

if TYPE_CHECKING:
    from tests.factories import Installation


@pytest.fixture(autouse=True)
def _audiences(request: pytest.FixtureRequest) -> Iterator[None]:
    """Install them after the house has installed its own."""
    for name in ("lux", "lux_sqlite"):
        if name in request.fixturenames:
            made: Installation = request.getfixturevalue(name)
            assert made.app is not None
    with audiences():
        yield
