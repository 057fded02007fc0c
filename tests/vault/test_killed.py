"""kill -9 at every step of a rotation: secrets open all the while, and the next call finishes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import VaultLocked
from lux.ledger import audit
from lux.vault import verification
from lux.vault.keys import key_file, read_keys
from lux.vault.models import DataKey, VaultKeyCheck
from lux.vault.secrets import Vault
from tests.factories import Installation
from tests.house import sources

Attempt = Callable[[str, str], int]
NAMES = ("password", "token", "private_key")


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    """Return the process that forks for each attempt."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.vault.mortal"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=sources.ROOT,
    ) as started:  # fmt: skip
        assert started.stdin is not None
        yield started
        started.stdin.close()


@pytest.fixture
def attempt(lux: Installation, process: subprocess.Popen[str]) -> Attempt:
    """Return a function that rotates in another process and returns how that ended (9 = killed)."""

    def run(what: str, die_at: str) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([lux.settings.database, str(lux.settings.home), what, die_at]) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    return run


@pytest.fixture
def firms(lux: Installation) -> list[int]:
    """Return two companies with three secrets each."""
    found = [lux.firm().id for _ in range(2)]
    for number in found:
        with lux.db.begin(number) as session:
            for name in NAMES:
                Vault(lux.settings).store(
                    session, integration="smtp:1", name=name, value=f"{name} of {number}", actor=audit.SYSTEM
                )
    return found


def all_open(lux: Installation, firms: list[int]) -> bool:
    """Say whether every secret opens to its own value."""
    for number in firms:
        with lux.db.read(number) as session:
            for name in NAMES:
                value = Vault(lux.settings).open(session, integration="smtp:1", name=name, purpose="test")
                assert value == f"{name} of {number}"
    with lux.db.read(ALL_COMPANIES) as session:
        return verification.verify(lux.settings, session).is_whole


def test_a_killed_rotation_of_the_master_key_goes_on(lux: Installation, firms: list[int], attempt: Attempt) -> None:
    """After each death both keys are at hand; after the end the old one opens nothing."""
    old = key_file(lux.settings).read_text()
    for die_at in ("file", "check", "wrapped", "wrapped", "forgotten"):
        assert attempt("master", die_at) == signal.SIGKILL, die_at
        assert all_open(lux, firms), die_at
    assert attempt("master", "") == 0
    assert all_open(lux, firms)
    assert list(read_keys(lux.settings)) == ["k2"], "one rotation, however often it was killed"
    with lux.db.read(ALL_COMPANIES) as session:
        assert set(session.scalars(select(DataKey.key_id))) == {"k2"}
        assert session.scalars(select(VaultKeyCheck.key_id)).all() == ["k2"]
    assert attempt("master", "cleaned") == signal.SIGKILL, "killed after its last step, it is over"
    assert list(read_keys(lux.settings)) == ["k3"]
    key_file(lux.settings).unlink()
    key_file(lux.settings).write_text(old)
    with pytest.raises(VaultLocked, match="not the one"):
        all_open(lux, firms)


def test_a_killed_rotation_of_a_data_key_goes_on(lux: Installation, firms: list[int], attempt: Attempt) -> None:
    """Each secret opens by the key that sealed it; the earlier key goes when nothing needs it."""
    first, second = firms
    for die_at in ("made", "sealed", "sealed", "sealed:2"):
        assert attempt(str(first), die_at) == signal.SIGKILL, die_at
        assert all_open(lux, firms), die_at
        with lux.db.begin(first) as session:  # whoever writes in between seals with the new key
            Vault(lux.settings).store(session, integration="new", name=die_at, value="meanwhile", actor=audit.SYSTEM)
    assert attempt(str(first), "deleted") == signal.SIGKILL
    assert all_open(lux, firms)
    assert attempt(str(second), "") == 0
    assert all_open(lux, firms)
    with lux.db.read(ALL_COMPANIES) as session:
        keys = session.execute(select(DataKey.company_id, DataKey.dek_id, DataKey.retired_at)).all()
        assert sorted(map(tuple, keys)) == [(first, "d2", None), (second, "d2", None)]
        assert audit.verify(session, first)[1] is None
