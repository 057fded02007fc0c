"""What is sealed can be used in its place only, and never shows."""

from __future__ import annotations

import base64
import datetime as dt
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from lux.identity import companies, erasure
from lux.identity.models import Company
from lux.kit import logs
from lux.kit.db import ALL_COMPANIES, Base, Database, TenantMissing
from lux.kit.errors import NotFound
from lux.kit.settings import Settings
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from lux.vault import records
from lux.vault.models import DataKey, VaultSecret
from lux.vault.secrets import SecretDamaged, Vault

PLACE = {"integration": "smtp:1", "name": "password"}
CANARY = "canary-9f3b1c77e2"


def store(db: Database, vault: Vault, company: Company, value: str = CANARY, **place: str) -> None:
    with db.begin(company.id) as session:
        vault.store(session, **{**PLACE, **place}, value=value, actor=audit.SYSTEM)


def opened(db: Database, vault: Vault, company: Company, **place: str) -> str:
    with db.read(company.id) as session:
        return vault.open(session, **{**PLACE, **place}, purpose="test")


def test_what_was_stored_can_be_used(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company, "pässwörd with ünïcode 🔑")
    assert opened(db, vault, company) == "pässwörd with ünïcode 🔑"


def test_the_record_has_its_final_form(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company)
    with db.read(company.id) as session:
        version, key_id, dek_id, nonce, cipher = session.scalars(select(VaultSecret.record)).one().split("|")
    assert (version, key_id, dek_id) == ("v1", "k1", "d1")
    assert len(base64.b64decode(nonce)) == 12
    assert len(base64.b64decode(cipher)) == len(CANARY) + 16


def test_a_new_value_gets_a_new_version_and_nonce(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company)
    with db.read(company.id) as session:
        first = session.scalars(select(VaultSecret.record)).one()
    store(db, vault, company)
    with db.read(company.id) as session:
        row = session.scalars(select(VaultSecret)).one()
    assert row.version == 2
    assert row.record.split("|")[3] != first.split("|")[3]
    assert opened(db, vault, company) == CANARY


def test_an_old_record_put_back_does_not_open(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company, "the old password")
    with db.begin(company.id) as session:
        old = session.scalars(select(VaultSecret.record)).one()
    store(db, vault, company, "the new password")
    with db.begin(company.id) as session:
        session.execute(update(VaultSecret).values(record=old))
    with pytest.raises(SecretDamaged):
        opened(db, vault, company)


@pytest.mark.parametrize(
    "change", [{"integration": "smtp:2"}, {"name": "other"}, {"version": 2}], ids=["integration", "name", "version"]
)
def test_a_record_does_not_open_in_another_place(
    db: Database, vault: Vault, company: Company, change: dict[str, object]
) -> None:
    store(db, vault, company)
    with db.begin(company.id) as session:
        session.execute(update(VaultSecret).values(**change))
    place = {name: str(value) for name, value in change.items() if name != "version"}
    with pytest.raises(SecretDamaged):
        opened(db, vault, company, **place)


@given(
    place=st.tuples(st.integers(1, 9), st.text(max_size=5), st.text(max_size=5), st.integers(1, 9)),
    other=st.tuples(st.integers(1, 9), st.text(max_size=5), st.text(max_size=5), st.integers(1, 9)),
)
def test_every_field_of_the_place_is_bound(place: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    key = os.urandom(32)
    record = records.seal(key, b"value", ["lux-secret", 1, *place], head=("v1", "k1", "d1"))
    if place == other:
        assert records.unseal(key, record, ["lux-secret", 1, *other]) == b"value"
    else:
        with pytest.raises(InvalidTag):
            records.unseal(key, record, ["lux-secret", 1, *other])


@pytest.mark.parametrize("purpose", ["lux-dek", "lux-key-check"])
def test_a_record_of_one_purpose_does_not_open_as_another(purpose: str) -> None:
    key = os.urandom(32)
    record = records.seal(key, b"value", ["lux-secret", 1, 1, "a", "b", 1], head=("v1", "k1", "d1"))
    with pytest.raises(InvalidTag):
        records.unseal(key, record, [purpose, 1, 1, "a", "b", 1])


def test_every_changed_byte_is_noticed() -> None:
    key, place = os.urandom(32), ["lux-secret", 1, 1, "a", "b", 1]
    *head, nonce, cipher = records.seal(key, b"value", place, head=("v1", "k1", "d1")).split("|")
    for part in (0, 1):
        data = [base64.b64decode(nonce), base64.b64decode(cipher)]
        for index in range(len(data[part])):
            broken = list(data)
            broken[part] = data[part][:index] + bytes([data[part][index] ^ 1]) + data[part][index + 1 :]
            record = "|".join([*head, *(base64.b64encode(piece).decode() for piece in broken)])
            with pytest.raises(InvalidTag):
                records.unseal(key, record, place)


def test_a_row_moved_to_another_company_does_not_open(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company)
    with db.begin(ALL_COMPANIES) as session:
        other = companies.create(session, name="Thief Ltd", owner_id=1)
    store(db, vault, other, "their own secret", name="own")
    with db.begin(ALL_COMPANIES) as session:
        session.execute(update(VaultSecret).where(VaultSecret.name == "password").values(company_id=other.id))
    with pytest.raises(SecretDamaged):
        opened(db, vault, other)
    with db.begin(ALL_COMPANIES) as session:  # with its data key too
        session.execute(text("DELETE FROM data_key WHERE company_id = :id"), {"id": other.id})
        session.execute(update(DataKey).values(company_id=other.id))
    with pytest.raises(SecretDamaged):
        opened(db, vault, other)


def test_a_company_sees_only_its_own_secrets(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company)
    with db.begin(ALL_COMPANIES) as session:
        other = companies.create(session, name="Other", owner_id=1)
    with pytest.raises(NotFound):
        opened(db, vault, other)
    with db.read(other.id) as session:
        assert vault.describe(session, "smtp:1") == {}
    with db.begin(ALL_COMPANIES) as session, pytest.raises(TenantMissing):
        vault.store(session, **PLACE, value="value", actor=audit.SYSTEM)


def test_the_database_holds_no_plaintext(db: Database, vault: Vault, company: Company, settings: Settings) -> None:
    key = (settings.home / "keys" / "master.key").read_text().strip().partition(":")[2]
    store(db, vault, company)
    with db.read(ALL_COMPANIES) as session:
        dump = "".join(
            repr(row) for table in Base.metadata.sorted_tables for row in session.connection().execute(select(table))
        )
    assert VaultSecret.__tablename__ in Base.metadata.tables
    for form in (CANARY, base64.b64encode(CANARY.encode()).decode(), CANARY.encode().hex(), key):
        assert form not in dump


def test_people_see_the_last_four_of_long_values_only(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company, "twelve chars", name="long")
    store(db, vault, company, "eleven char", name="short")
    with db.read(company.id) as session:
        shown = vault.describe(session, "smtp:1")
    assert shown["long"].last4 == "hars"
    assert shown["short"].last4 == ""


def test_a_value_in_use_is_hidden_from_logs(db: Database, vault: Vault, company: Company) -> None:
    secret = base64.b64encode(os.urandom(12)).decode()
    store(db, vault, company, secret)
    logs.redact("warm")
    opened(db, vault, company)
    assert secret not in logs.redact(f"535 authentication failed for {secret}")


def test_use_is_noted_at_most_once_an_hour(db: Database, vault: Vault, company: Company) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 23, tzinfo=dt.UTC), tick=False) as time:
        store(db, vault, company)
        for minutes in (0, 30, 31):
            time.shift(dt.timedelta(minutes=minutes))
            with db.begin(company.id) as session:
                vault.open(session, **PLACE, purpose="send")
    with db.read(company.id) as session:
        actions = session.scalars(
            select(ApprovalAuditLog.action)
            .where(ApprovalAuditLog.company_id == company.id)
            .order_by(ApprovalAuditLog.seq)
        ).all()
        assert vault.describe(session, "smtp:1")["password"].last_used_at == dt.datetime(
            2026, 11, 23, 1, 1, tzinfo=dt.UTC
        )
        details = "".join(session.scalars(select(ApprovalAuditLog.detail)))
    assert actions == ["company.created", "secret.stored", "secret.used", "secret.used"]
    assert CANARY not in details


def test_a_deleted_secret_is_gone(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company)
    with db.begin(company.id) as session:
        vault.delete(session, **PLACE, actor=audit.SYSTEM)
        vault.delete(session, **PLACE, actor=audit.SYSTEM)
    with pytest.raises(NotFound):
        opened(db, vault, company)


def test_erasing_a_company_destroys_its_data_key(db: Database, vault: Vault, company: Company) -> None:
    store(db, vault, company)
    with db.begin(ALL_COMPANIES) as session:
        erasure.erase_company(session, company.id)
        assert session.scalars(select(DataKey)).all() == []


def store_two_at_once(db: Database, vault: Vault, company_id: int) -> int:
    """Store a company's first two secrets at the same time; returns how many data keys it has then."""
    inside, names = threading.Barrier(2), ("password", "private_key")

    def put(name: str) -> None:
        with db.begin(company_id) as session:
            if db.dialect != "sqlite":  # there the second one waits for its turn
                session.scalars(select(DataKey)).all()  # both have looked, and neither has seen a key
                inside.wait(20)
            vault.store(session, integration="smtp:1", name=name, value=f"value of {name}", actor=audit.SYSTEM)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, names))
    with db.read(company_id) as session:
        found = [vault.open(session, integration="smtp:1", name=name, purpose="test") for name in names]
        assert found == [f"value of {name}" for name in names]
        return len(session.scalars(select(DataKey)).all())


def test_two_first_secrets_at_once_share_one_data_key(db: Database, vault: Vault, company: Company) -> None:
    assert store_two_at_once(db, vault, company.id) == 1
