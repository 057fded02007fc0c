"""The same installation as in the identity tests, with an open vault."""

from __future__ import annotations

import pytest

from lux.identity.models import Company, User
from lux.kit.db import Database
from lux.kit.settings import Settings
from lux.vault.keys import prepare_keys
from lux.vault.secrets import Vault
from tests.identity.conftest import db, owner, settings

__all__ = ["db", "owner", "settings"]


@pytest.fixture
def company(owner: tuple[User, Company]) -> Company:
    """Return the first company."""
    return owner[1]


@pytest.fixture
def vault(db: Database, settings: Settings) -> Vault:
    """Return an open vault, its key made by the first start."""
    prepare_keys(settings, db)
    return Vault(settings)
