"""The master key: made once, recognised, never replaced behind anyone's back."""

from __future__ import annotations

import base64
import os
import stat
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import VaultLocked
from lux.kit.settings import Settings
from lux.ledger import audit
from lux.vault.keys import key_file, parse_keys, prepare_keys
from lux.vault.models import VaultKeyCheck
from lux.vault.secrets import Vault


def secret(db: Database, vault: Vault, company: Company) -> None:
    with db.begin(company.id) as session:
        vault.store(session, integration="smtp:1", name="password", value="a secret value", actor=audit.SYSTEM)


def reason(db: Database, vault: Vault) -> str:
    with db.read(ALL_COMPANIES) as session:
        state = vault.state(session)
    assert not state.is_open
    assert state.fix
    return state.reason


def other_home(settings: Settings, folder: Path, **values: object) -> Settings:
    return settings.model_copy(update={"home": folder, **values})


def random_keys(*names: str) -> SecretStr:
    return SecretStr(",".join(f"{name}:{base64.b64encode(os.urandom(32)).decode()}" for name in names))


def test_the_first_start_makes_a_key_that_only_its_owner_reads(db: Database, settings: Settings) -> None:
    notes = prepare_keys(settings, db)
    path = key_file(settings)
    assert any(str(path) in note for note in notes)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text().startswith("k1:")
    assert not any(path.read_text().strip().partition(":")[2] in note for note in notes)
    before = path.read_bytes()
    assert prepare_keys(settings, db) == [], "the second start says nothing"
    assert path.read_bytes() == before


def test_a_missing_key_locks_and_none_is_made(db: Database, settings: Settings, vault: Vault, company: Company) -> None:
    secret(db, vault, company)
    key_file(settings).unlink()
    notes = prepare_keys(settings, db)
    assert not key_file(settings).exists()
    assert len(notes) == 1
    assert "locked" in notes[0]
    assert str(key_file(settings)) in reason(db, vault)
    with pytest.raises(VaultLocked), db.read(company.id) as session:
        vault.open(session, integration="smtp:1", name="password", purpose="test")
    with pytest.raises(VaultLocked):
        secret(db, vault, company)
    with db.read(company.id) as session:
        assert vault.describe(session, "smtp:1")["password"].last4 == "alue", "reading about secrets still works"


def test_a_key_put_back_opens_the_vault_without_a_restart(
    db: Database, settings: Settings, vault: Vault, company: Company
) -> None:
    secret(db, vault, company)
    kept = key_file(settings).read_bytes()
    key_file(settings).unlink()
    assert reason(db, vault)
    key_file(settings).write_bytes(kept)
    with db.read(company.id) as session:
        assert vault.open(session, integration="smtp:1", name="password", purpose="test") == "a secret value"


def test_a_wrong_key_is_told_from_the_right_one(
    db: Database, settings: Settings, vault: Vault, company: Company, tmp_path: Path
) -> None:
    secret(db, vault, company)
    wrong = Vault(other_home(settings, tmp_path, master_keys=random_keys("k1")))
    assert "LUX_MASTER_KEYS" in reason(db, wrong)
    unknown = Vault(other_home(settings, tmp_path, master_keys=random_keys("k7")))
    assert "not the one" in reason(db, unknown)
    with pytest.raises(VaultLocked):
        secret(db, wrong, company)
    with db.read(ALL_COMPANIES) as session:
        assert len(session.scalars(select(VaultKeyCheck)).all()) == 1


@pytest.mark.parametrize(
    "content", ["", "k1:", "nonsense", "k1:AAAA", "K!:" + "A" * 44, "k1:" + "A" * 43 + "=,k1:" + "A" * 43 + "="]
)
def test_a_damaged_key_locks_with_a_plain_reason(db: Database, settings: Settings, vault: Vault, content: str) -> None:
    key_file(settings).chmod(0o600)
    key_file(settings).write_text(content)
    assert "damaged" in reason(db, vault)


def test_keys_from_the_environment_leave_no_file(db: Database, settings: Settings, tmp_path: Path) -> None:
    given = other_home(settings, tmp_path / "other", master_keys=random_keys("k1"))
    prepare_keys(given, db)
    assert not key_file(given).exists()
    with db.read(ALL_COMPANIES) as session:
        assert Vault(given).state(session).is_open


def test_a_newer_key_in_front_does_not_lock_the_older_out(
    db: Database, settings: Settings, vault: Vault, company: Company, tmp_path: Path
) -> None:
    secret(db, vault, company)
    both = f"{random_keys('k2').get_secret_value()},{key_file(settings).read_text().strip()}"
    overlap = Vault(other_home(settings, tmp_path, master_keys=SecretStr(both)))
    with db.read(company.id) as session:
        assert overlap.open(session, integration="smtp:1", name="password", purpose="test") == "a secret value"


def test_before_the_first_start_the_vault_says_so(db: Database, settings: Settings) -> None:
    assert "never set up" in reason(db, Vault(settings)) or "missing" in reason(db, Vault(settings))


def test_of_two_first_starts_at_once_one_key_counts(db: Database, settings: Settings, tmp_path: Path) -> None:
    homes = [other_home(settings, tmp_path / str(number)) for number in range(4)]
    barrier = threading.Barrier(len(homes))

    def start(own: Settings) -> None:
        barrier.wait()
        prepare_keys(own, db)

    threads = [threading.Thread(target=start, args=(own,)) for own in homes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read(ALL_COMPANIES) as session:
        assert len(session.scalars(select(VaultKeyCheck)).all()) == 1
        states = [Vault(own).state(session).is_open for own in homes]
    assert states.count(True) == 1
    assert [key_file(own).exists() for own in homes] == states, "an unused key does not lie about"


def test_keys_are_not_shown_by_accident(settings: Settings) -> None:
    keys = parse_keys(random_keys("k2", "k1").get_secret_value())
    assert list(keys) == ["k2", "k1"]
