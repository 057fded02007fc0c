"""Settings: LUX_* first, then the platform's own names, a wrong value names itself, secrets are masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from lux.kit.errors import SettingsProblem
from lux.kit.settings import load


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment without settings."""
    for name in ("PORT", "DATABASE_URL", "REPL_ID", "REPLIT_DOMAINS", "LUX_PORT", "LUX_HOME", "LUX_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def test_defaults_keep_everything_in_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without settings: SQLite and files in ./var, port 5000 of this machine."""
    monkeypatch.chdir(tmp_path)
    settings = load()
    assert settings.database == f"sqlite:///{tmp_path}/var/lux.db"
    assert settings.base_url == "http://127.0.0.1:5000"


def test_the_platforms_names_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """PORT, DATABASE_URL, REPL_ID and REPLIT_DOMAINS count where no LUX_* says otherwise."""
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("DATABASE_URL", "postgres://lux:pw@db.example.com/lux")
    monkeypatch.setenv("REPL_ID", "abc")
    monkeypatch.setenv("REPLIT_DOMAINS", "shop.example.com,other.example.com")
    settings = load()
    assert (settings.port, settings.host, settings.proxy_hops) == (8080, "0.0.0.0", 1)
    assert settings.database.startswith("postgresql+psycopg://")
    assert settings.base_url == "https://shop.example.com"
    monkeypatch.setenv("LUX_PORT", "9000")
    assert load().port == 9000


@pytest.mark.parametrize(
    ("name", "value"),
    [("LUX_PORT", "abc"), ("LUX_PORT", "70000"), ("LUX_PUBLIC_URL", "shop.example.com"), ("LUX_ALLOW_HOSTS", "relay")],
)
def test_a_wrong_value_names_itself(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The message holds the setting's name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsProblem, match=name.removeprefix("LUX_").lower() + "|" + name):
        load()


def test_secrets_are_masked() -> None:
    """What `lux config` prints never holds a secret or a database password."""
    shown = load(secret_key="hidden-secret", database_url="postgresql://lux:hidden-pw@db/lux").effective()
    text = " ".join(shown.values())
    assert "hidden" not in text.replace("set (hidden)", "")
    assert "lux:***@db" in text
