"""`lux backup` and `lux restore` as processes: what they leave, what they say, and exit codes that are true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.settings import Settings
from lux.ledger.audit import rounds
from tests.factories import Installation
from tests.full_company import filled
from tests.house import sources


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    errors: str

    def said(self, *words: str) -> bool:
        """Say whether it failed with one sentence for people that has these words, and no traceback."""
        assert self.code == 1, (self.out, self.errors)
        assert self.errors.startswith("lux: "), self.errors
        assert (self.errors.count("\n"), "Traceback" in self.errors) == (1, False), self.errors
        assert "unexpected" not in self.errors
        return all(one in self.errors for one in words)


Lux = Callable[..., Ended]


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    """Return the process that forks for each command."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("LUX_", "DATABASE_URL"))}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cli.commander"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=sources.ROOT, env=known,
    ) as started:  # fmt: skip
        assert started.stdin is not None
        yield started
        started.stdin.close()


@pytest.fixture
def run(process: subprocess.Popen[str]) -> Lux:
    """Return a function that runs a command in a place: `run(home, "backup")`."""

    def command(
        home: Path, *words: object, url: str = "", most_bytes: int | None = None, ctrl_c_at: str | None = None
    ) -> Ended:
        assert process.stdin is not None
        assert process.stdout is not None
        environment = {"LUX_HOME": str(home), "LUX_DATABASE_URL": url}
        line = [[str(word) for word in words], environment, most_bytes, ctrl_c_at]
        process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        return Ended(**json.loads(process.stdout.readline()))

    return command


def companies(home: Path, url: str = "") -> int:
    """Count companies of a place."""
    db = Database.of(Settings(home=home, database_url=url))
    with db.read(ALL_COMPANIES) as session:
        found = session.scalar(select(func.count()).select_from(Company))
    db.close()
    return found or 0


def backups(lux: Installation) -> list[str]:
    """Return what lies in the folder of backups, hidden files too."""
    folder = lux.settings.home / "backups"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_place_goes_into_a_file_and_comes_back_stopped(
    lux: Installation, run: Lux, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """With its checkpoints and without any key; the commands name every key that has to be kept elsewhere."""
    filled(lux)
    rounds.sign(lux.db, lux.settings)
    here, url, is_pg = lux.settings.home, lux.settings.database_url, lux.db.dialect == "postgresql"
    made = run(here, "backup", url=url)
    assert made.code == 0, made
    (name,) = backups(lux)
    path = here / "backups" / name
    keys = [here / "keys" / one for one in ("master.key", "app.key", "audit.key")]
    assert all(f"keys/{key.name}" in made.out for key in keys)
    assert "Restored into a scratch database of " + ("PostgreSQL" if is_pg else "SQLite") in made.out
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    assert any(one.startswith("home/checkpoints/") for one in members)
    for key in keys:
        secret = key.read_bytes().strip().rpartition(b":")[2]
        assert len(secret) > 30
        assert not [one for one, body in members.items() if secret in body or key.name in one]
    assert run(here, "restore", path, "--try", url=url).code == 0

    there, place = tmp_path / "there", request.getfixturevalue("pg_url") if is_pg else ""
    done = run(there, "restore", path, url=place)
    assert (done.code, done.errors) == (0, "")
    assert all(str(there / "keys" / key.name) in done.out for key in keys), "each missing key is named"
    assert "The emergency stop is pressed" in done.out
    assert not (there / "keys").exists()
    unsigned = run(there, "audit", "verify", "--json", url=place)
    (there / "keys").mkdir()
    for key in keys:
        (there / "keys" / key.name).write_bytes(key.read_bytes())
    told = json.loads(run(there, "audit", "verify", "--json", url=place).out)
    assert told["holds"], told
    assert all(one["checkpoints"] > 0 for one in told["chains"])
    assert all("key" in one["reason"] for one in json.loads(unsigned.out)["chains"])
    again = run(there, "restore", path, url=place)
    assert again.said("There is something in the database", "--replace")
    assert companies(there, place) == companies(here, url)


def test_what_is_no_whole_backup_is_refused_in_one_sentence(lux_sqlite: Installation, run: Lux, tmp_path: Path) -> None:
    """A wrong file, one that is cut, one that was changed; and nothing is made of it."""
    lux = lux_sqlite
    filled(lux)
    assert run(lux.settings.home, "backup", tmp_path / "good", "--no-try", url=lux.settings.database_url).code == 0
    good, place = (tmp_path / "good").read_bytes(), tmp_path / "place"
    with zipfile.ZipFile(tmp_path / "good") as archive:
        member = archive.getinfo("tables/contact.jsonl")
    changed = bytearray(good)
    changed[member.header_offset + 30 + len(member.filename) + 20 + member.compress_size // 2] ^= 1
    for name, body in {"wrong": b"a letter", "empty": b"", "cut": good[:-2000], "changed": bytes(changed)}.items():
        (tmp_path / name).write_bytes(body)
        assert run(place, "restore", tmp_path / name).said("Nothing was changed"), name
        assert run(lux.settings.home, "restore", "--try", tmp_path / name).code == 1, name
    assert not place.exists()
    missing = run(place, "restore", tmp_path / "missing")
    assert (missing.code, "does not exist" in missing.errors) == (2, True)


def test_a_backup_without_room_or_broken_off_leaves_no_file(lux_sqlite: Installation, run: Lux, tmp_path: Path) -> None:
    """What has the name of a backup is whole; a trial that was broken off leaves one that nobody has tried."""
    lux = lux_sqlite
    filled(lux)
    here, url = lux.settings.home, lux.settings.database_url
    assert run(here, "backup", most_bytes=30_000, url=url).said("can't be written", "File too large")
    assert run(here, "backup", ctrl_c_at="rows", url=url).said("broken off", "no file of it")
    (tmp_path / "file").write_text("x")
    assert run(here, "backup", tmp_path / "file", url=url).said("There is a file")
    assert run(here, "backup", tmp_path / "file" / "below", url=url).said("can't be written")
    assert backups(lux) == []
    (here / "keys" / "master.key").rename(tmp_path / "kept.key")
    locked = run(here, "backup", url=url)
    assert (locked.code, "the vault is locked" in locked.out) == (0, True)
    assert len(backups(lux)) == 1
    untried = run(here, "backup", tmp_path / "untried", ctrl_c_at="trial", url=url)
    assert untried.code == 1
    assert zipfile.is_zipfile(tmp_path / "untried")


def test_a_restore_without_room_or_broken_off_says_what_is_left(
    lux_sqlite: Installation, run: Lux, tmp_path: Path
) -> None:
    """No database of that name is there, the file STOP is, and the same command again finishes."""
    lux, place = lux_sqlite, tmp_path / "place"
    filled(lux)
    assert run(lux.settings.home, "backup", tmp_path / "good", "--no-try", url=lux.settings.database_url).code == 0
    for trouble, words in (
        ({"most_bytes": 300_000}, "could not be restored"),
        ({"ctrl_c_at": "filling"}, "broken off"),
    ):
        assert run(place, "restore", tmp_path / "good", **trouble).said(words, "restore again", "STOP"), trouble
        assert not [path for path in place.iterdir() if path.name.startswith((".lux", "lux.db"))]
        assert (place / "STOP").exists()
    assert run(place, "restore", tmp_path / "good").code == 0
    assert companies(place) == companies(lux.settings.home, lux.settings.database_url)
