"""What a command did not expect is recorded and told in one sentence; what it could expect names the fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from lux.cli import control
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.settings import load
from lux.rooms.diagnostics.models import ErrorLog
from tests.cli.conftest import Lux


def recorded(home: Path) -> list[ErrorLog]:
    db = Database.of(load(home=home))
    with db.read(ALL_COMPANIES) as session:
        rows = list(session.scalars(select(ErrorLog)))
    db.close()
    return rows


def fail(*_arguments: object, **_named: object) -> None:
    raise ZeroDivisionError("sums to nothing, password=sesame-4711")


def test_an_unexpected_error_is_recorded_and_its_place_is_named(
    prepared: Lux, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(control, "stop", fail)
    told = prepared("stop", LUX_PUBLIC_URL="https://lux.example.com")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == (
        "lux: Something unexpected went wrong (ZeroDivisionError). "
        "The details are under https://lux.example.com/operate/errors.\n"
    )
    (row,) = recorded(home)
    assert (row.source, row.endpoint) == ("cli", "stop")
    assert "in fail" in row.trace
    assert "sesame" not in row.trace


def test_the_traceback_is_for_those_who_ask_for_it(prepared: Lux, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(control, "stop", fail)
    assert "in fail" in prepared("stop", LUX_LOG_LEVEL="debug").stderr


def test_an_error_that_can_not_be_recorded_says_so(prepared: Lux, home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(control, "stop", fail)
    (home / "lux.db").write_bytes(b"no database " * 100)
    for path in home.glob("lux.db-*"):
        path.unlink()
    told = prepared("stop")
    assert (told.exit_code, len(told.stderr.splitlines())) == (1, 1)
    assert "could not be recorded" in told.stderr
    assert "LUX_LOG_LEVEL=debug" in told.stderr


def one_line(told) -> str:
    assert (told.exit_code, told.stdout, len(told.stderr.splitlines())) == (1, "", 1), told.output
    assert told.stderr.startswith("lux: ")
    return told.stderr


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("foo", "LUX_DATABASE_URL: it must begin with"),
        ("sqlite://", "LUX_DATABASE_URL: SQLite needs a file"),
        ("sqlite:////nowhere/lux.db", "can't be reached (unable to open database file)"),
        ("postgres://lux:sesame@127.0.0.1:9/lux", "lux:***@127.0.0.1:9/lux can't be reached"),
        ("mysql://lux:sesame@127.0.0.1:9/lux", "lux:***@127.0.0.1:9/lux can't be reached"),
        ("postgres://lux@127.0.0.1:9/lux?nonsense=1", "can't be reached"),
        ("mysql://lux@127.0.0.1:9/lux?nonsense=1", "can't be reached"),
    ],
)
def test_a_database_that_can_not_be_used_is_told_in_a_sentence(lux_command: Lux, address: str, words: str):
    told = one_line(lux_command("prepare", LUX_DATABASE_URL=address))
    assert words in told
    assert "sesame" not in told


def test_a_file_that_is_no_database_is_told_in_a_sentence(lux_command: Lux, home: Path):
    home.mkdir()
    (home / "lux.db").write_bytes(b"no database " * 100)
    assert "file is not a database" in one_line(lux_command("prepare"))


def test_the_database_of_a_newer_version_is_left_alone(prepared: Lux, home: Path):
    db = Database.of(load(home=home))
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    assert "newer version of LUX" in one_line(prepared("prepare"))


def test_a_data_folder_that_can_not_be_written_to_is_told_with_the_fix(lux_command: Lux, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    told = one_line(lux_command("prepare", LUX_HOME=str(tmp_path / "file" / "home")))
    assert "can't be written to" in told
    assert "LUX_HOME=/path make run" in told


def test_a_file_store_without_its_package_stops_the_start(lux_command: Lux):
    assert "LUX_FILE_STORE can't be used" in one_line(lux_command("prepare", LUX_FILE_STORE="nonsense://bucket"))


def test_a_worker_without_its_database_says_so(lux_command: Lux, home: Path):
    home.mkdir()
    told = one_line(lux_command("worker", LUX_DATABASE_URL="postgres://lux:sesame@127.0.0.1:9/lux"))
    assert "can't be reached" in told
