"""Provider accounts: one default per channel, secrets kept on an empty field, nothing lost in a race."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from lux.identity.models import Company
from lux.kit import clock
from lux.kit.db import Database
from lux.kit.errors import Conflict, NotFound
from lux.ledger import audit
from lux.ports.connector import ConnectorField, ConnectorSchema, ProbeResult
from lux.vault import accounts
from lux.vault.models import ProviderAccount, VaultSecret
from lux.vault.secrets import Vault

SCHEMA = ConnectorSchema(
    provider="smtp",
    label="SMTP",
    channel="email",
    summary="",
    fields=(
        ConnectorField(name="host", label="Host"),
        ConnectorField(name="password", label="Password", kind="secret", is_secret=True),
    ),
)
VALUES = {"host": "relay.example.com", "password": "a long password"}
ACTOR = audit.Actor(type="person", id=1)


def added(db: Database, vault: Vault, company: Company, label: str = "Relay") -> ProviderAccount:
    with db.begin(company.id) as session:
        return accounts.add(session, vault, SCHEMA, label=label, values=VALUES, actor=ACTOR)


def test_secrets_go_to_the_vault_and_the_rest_to_the_row(db: Database, vault: Vault, company: Company) -> None:
    account = added(db, vault, company)
    assert account.config == {"host": "relay.example.com"}
    with db.read(company.id) as session:
        found = accounts.opened(session, vault, account, purpose="test")
        assert found.config == {"host": "relay.example.com"}
        assert found.secrets == {"password": "a long password"}
        assert "a long password" not in repr(found)
        assert accounts.secrets_of(session, vault, account)["password"].last4 == "word"


def test_one_account_at_most_is_the_default(db: Database, vault: Vault, company: Company) -> None:
    first, second = added(db, vault, company), added(db, vault, company, "Second")
    assert (first.is_default, second.is_default) == (False, False), "nothing is used before somebody says so"
    with db.begin(company.id) as session:
        accounts.make_default(session, "email", accounts.by_public_id(session, first.public_id), actor=ACTOR)
        accounts.make_default(session, "email", accounts.by_public_id(session, second.public_id), actor=ACTOR)
    with db.read(company.id) as session:
        found = accounts.default(session, "email")
        assert found is not None
        assert found.id == second.id
    with db.begin(company.id) as session:
        accounts.make_default(session, "email", None, actor=ACTOR)
        assert accounts.default(session, "email") is None


def test_an_empty_secret_keeps_what_is_stored_and_a_change_forgets_the_test(
    db: Database, vault: Vault, company: Company
) -> None:
    account = added(db, vault, company)
    with db.begin(company.id) as session:
        row = accounts.by_public_id(session, account.public_id)
        accounts.note_probe(session, row, ProbeResult(is_ok=True, message="fine"))
        accounts.change(
            session, vault, SCHEMA, row, version=1, label="New", values={"host": "mx", "password": ""}, actor=ACTOR
        )
    with db.read(company.id) as session:
        row = accounts.by_public_id(session, account.public_id)
        assert (row.label, row.config["host"], row.last_probe_ok) == ("New", "mx", None)
        assert accounts.opened(session, vault, row, purpose="test").secrets["password"] == "a long password"


def test_a_secret_can_be_forgotten(db: Database, vault: Vault, company: Company) -> None:
    account = added(db, vault, company)
    values = {"host": "mx", "password": ""}
    with db.begin(company.id) as session:
        row = accounts.by_public_id(session, account.public_id)
        accounts.change(
            session, vault, SCHEMA, row, version=1, label="A", values=values, actor=ACTOR, forget=["password"]
        )
        assert accounts.secrets_of(session, vault, row) == {}


def test_of_two_edits_the_second_is_a_conflict(db: Database, vault: Vault, company: Company) -> None:
    account = added(db, vault, company)
    values = {"host": "mx", "password": ""}
    with db.begin(company.id) as session:
        row = accounts.by_public_id(session, account.public_id)
        accounts.change(session, vault, SCHEMA, row, version=1, label="A", values=values, actor=ACTOR)
    with db.begin(company.id) as session, pytest.raises(Conflict):
        accounts.change(
            session,
            vault,
            SCHEMA,
            accounts.by_public_id(session, account.public_id),
            version=1,
            label="B",
            values=values,
            actor=ACTOR,
        )


def test_removing_an_account_removes_its_secrets(db: Database, vault: Vault, company: Company) -> None:
    account = added(db, vault, company)
    with db.begin(company.id) as session:
        accounts.remove(session, accounts.by_public_id(session, account.public_id), actor=ACTOR)
    with db.read(company.id) as session:
        assert session.scalars(select(VaultSecret)).all() == []
        with pytest.raises(NotFound):
            accounts.by_public_id(session, account.public_id)
        with pytest.raises(NotFound):
            accounts.by_public_id(session, uuid.uuid4())


def test_what_a_test_said_is_kept(db: Database, vault: Vault, company: Company) -> None:
    account = added(db, vault, company)
    with db.begin(company.id) as session:
        row = accounts.by_public_id(session, account.public_id)
        accounts.note_probe(session, row, ProbeResult(is_ok=False, message="refused", field="password"))
    with db.read(company.id) as session:
        row = accounts.by_public_id(session, account.public_id)
        assert (row.last_probe_ok, row.last_probe_message, row.last_probe_field) == (False, "refused", "password")
        assert row.last_probe_at is not None
        assert row.last_probe_at <= clock.now()
