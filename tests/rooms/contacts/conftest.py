"""A company, its browser, and files on their way into it."""

from __future__ import annotations

import pytest

from tests.factories import Firm, Installation
from tests.rooms.contacts.desk import Desk


@pytest.fixture
def firm(lux: Installation) -> Firm:
    """Return a company seen by its owner."""
    return lux.firm("Analytical Engines")


@pytest.fixture
def desk(lux: Installation, firm: Firm) -> Desk:
    """Return the company's desk: browser, imports, questions to the database."""
    return Desk(lux, firm)
