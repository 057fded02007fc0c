"""Two first secrets of a company at once, on every database: both are stored, under one data key."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from lux.kit.db import ALL_COMPANIES
from lux.ledger import audit
from lux.ports.connector import ConnectorField, ConnectorSchema
from lux.vault import accounts, verification
from lux.vault.models import DataKey
from lux.vault.secrets import Vault
from tests.factories import Firm, Installation, installation

SCHEMA = ConnectorSchema(
    provider="smtp", label="SMTP", channel="email", summary="",
    fields=(ConnectorField(name="password", label="Password", kind="secret", is_secret=True),),
)  # fmt: skip


def add_two_at_once(lux: Installation, firm: Firm) -> None:
    """Add two accounts with a password each, by two people who press the button at the same moment."""
    at_once = threading.Barrier(2)

    def add(label: str) -> None:
        with lux.db.begin(firm.id) as session:
            at_once.wait(20)
            values = {"password": f"password of {label}"}
            accounts.add(session, Vault(lux.settings), SCHEMA, label=label, values=values, actor=audit.SYSTEM)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, ("one", "two")))


@pytest.mark.slow
@pytest.mark.mariadb
def test_two_people_enter_the_first_passwords_at_the_same_moment(mariadb_url: str, tmp_path: Path) -> None:
    """On MariaDB each insert holds what the other waits for, unless they take their turn first."""
    lux = installation(mariadb_url, tmp_path / "home")
    for _again in range(5):
        firm = lux.firm()
        add_two_at_once(lux, firm)
        with lux.db.read(ALL_COMPANIES) as session:
            assert len(session.scalars(select(DataKey).where(DataKey.company_id == firm.id)).all()) == 1
            assert audit.verify(session, firm.id)[1] is None
            report = verification.verify(lux.settings, session, firm.id)
            assert (report.secrets, report.faults) == (2, 0)
    lux.db.close()
