"""Runs `lux` commands in this process, on a data folder of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lux.cli import main
from lux.kit import logs
from lux.kit.settings import Settings

Lux = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a data folder that is not made yet."""
    return tmp_path / "home"


@pytest.fixture
def lux_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lux]:
    """Return a function that runs a command: `lux_command("stop", "--reason", "…")`."""
    platforms = ("PORT", "DATABASE_URL", "REPL_ID", "REPLIT_DOMAINS")
    for name in (*platforms, *(f"LUX_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LUX_HOME", str(home))

    def run(*words: str, **names: str) -> Result:
        return CliRunner().invoke(main, list(words), env=dict(names), catch_exceptions=False)

    yield run
    logs.configure(Settings())  # back to a stream that stays open


@pytest.fixture
def prepared(lux_command: Lux) -> Lux:
    """Return the same on a data folder that is set up."""
    assert lux_command("prepare").exit_code == 0
    return lux_command
