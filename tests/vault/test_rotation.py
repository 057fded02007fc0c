"""A new master key: secrets still open, the old key opens nothing, and breaking off loses nothing."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from lux.identity import companies
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import VaultLocked, WrongState
from lux.kit.settings import Settings
from lux.ledger import audit
from lux.vault import rotation
from lux.vault.keys import key_file
from lux.vault.models import DataKey, VaultKeyCheck
from lux.vault.secrets import Vault

PLACE = {"integration": "smtp:1", "name": "password"}


@pytest.fixture
def firms(db: Database, vault: Vault, company: Company) -> list[int]:
    """Return three companies with a secret each."""
    with db.begin(ALL_COMPANIES) as session:
        others = [companies.create(session, name=f"Other {n}", owner_id=1).id for n in (1, 2)]
    for number in (company.id, *others):
        with db.begin(number) as session:
            vault.store(session, **PLACE, value=f"secret of {number}", actor=audit.SYSTEM)
    return [company.id, *others]


def opens(db: Database, settings: Settings, firms: list[int]) -> bool:
    for number in firms:
        with db.read(number) as session:
            if Vault(settings).open(session, **PLACE, purpose="test") != f"secret of {number}":
                return False
    return True


def test_after_a_rotation_secrets_open_and_the_old_key_does_not(
    db: Database, settings: Settings, firms: list[int], tmp_path: Path
) -> None:
    old = key_file(settings).read_text().strip()
    notes = rotation.rotate_master(settings, db)
    assert "3 data keys are wrapped by k2" in notes[0]
    assert opens(db, settings, firms)
    assert key_file(settings).read_text().startswith("k2:")
    assert old not in key_file(settings).read_text()
    assert key_file(settings).stat().st_mode & 0o777 == 0o400
    with db.read(ALL_COMPANIES) as session:
        assert set(session.scalars(select(DataKey.key_id))) == {"k2"}
    with pytest.raises(VaultLocked):
        opens(db, settings.model_copy(update={"home": tmp_path, "master_keys": SecretStr(old)}), firms)


def test_rotating_twice_works(db: Database, settings: Settings, firms: list[int]) -> None:
    rotation.rotate_master(settings, db)
    assert "wrapped by k3" in rotation.rotate_master(settings, db)[0]
    assert opens(db, settings, firms)


def test_a_rotation_that_was_broken_off_is_resumed(
    db: Database, settings: Settings, firms: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "CHUNK", 1)
    real, calls = rotation._wrap_some, []

    def breaks(*arguments: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(rotation, "_wrap_some", breaks)
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate_master(settings, db)
    assert opens(db, settings, firms), "in between, both keys are at hand"
    with db.begin(firms[0]) as session:
        Vault(settings).store(session, integration="new", name="x", value="written in between", actor=audit.SYSTEM)
    assert "2 data keys are wrapped by k2" in rotation.rotate_master(settings, db)[0]
    assert opens(db, settings, firms)
    with db.read(firms[0]) as session:
        assert Vault(settings).open(session, integration="new", name="x", purpose="test") == "written in between"


def test_keys_of_the_environment_are_put_in_front_by_the_operator(
    db: Database, settings: Settings, firms: list[int], tmp_path: Path
) -> None:
    old = key_file(settings).read_text().strip()
    alone = settings.model_copy(update={"home": tmp_path, "master_keys": SecretStr(old)})
    with pytest.raises(WrongState, match="no new key"):
        rotation.rotate_master(alone, db)
    new = f"k9:{base64.b64encode(os.urandom(32)).decode()}"
    both = settings.model_copy(update={"home": tmp_path, "master_keys": SecretStr(f"{new},{old}")})
    rotation.rotate_master(both, db)
    after = settings.model_copy(update={"home": tmp_path, "master_keys": SecretStr(new)})
    assert opens(db, after, firms)
    with db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(VaultKeyCheck.key_id)).all() == ["k9"]


def test_a_locked_vault_is_not_rotated(db: Database, settings: Settings, firms: list[int]) -> None:
    kept = key_file(settings).read_bytes()
    key_file(settings).unlink()
    with pytest.raises(VaultLocked):
        rotation.rotate_master(settings, db)
    assert not key_file(settings).exists()
    key_file(settings).write_bytes(kept)
    assert opens(db, settings, firms)
