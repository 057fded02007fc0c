"""Settings: LUX_* first, then the platform's own names, a wrong value names itself, secrets are masked."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from lux.kit import logs
from lux.kit.errors import SettingsProblem
from lux.kit.settings import Settings, load


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment without settings."""
    platforms = ("PORT", "DATABASE_URL", "REPL_ID", "REPLIT_DOMAINS")
    for name in (*platforms, *(f"LUX_{field.upper()}" for field in Settings.model_fields)):
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


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("postgres://u:p@db/lux", "postgresql+psycopg://u:p@db/lux"),
        ("postgresql://u:p@db:6432/lux?sslmode=require", "postgresql+psycopg://u:p@db:6432/lux?sslmode=require"),
        ("mysql://u:p@db/lux", "mysql+pymysql://u:p@db/lux"),
        ("mariadb://u:p@db/lux", "mariadb+pymysql://u:p@db/lux"),
        ("mariadb+pymysql://u:p@db/lux?charset=utf8mb4", "mariadb+pymysql://u:p@db/lux?charset=utf8mb4"),
        ("postgres://u:p%40s%2Fs@db/lux", "postgresql+psycopg://u:p%40s%2Fs@db/lux"),
        ("sqlite:////srv/lux/lux.db", "sqlite:////srv/lux/lux.db"),
    ],
)
def test_addresses_as_platforms_give_them_get_our_driver(written: str, used: str) -> None:
    assert load(database_url=written).database == used


@pytest.mark.parametrize(
    "written",
    [
        "foo",
        "sqlite://",
        "sqlite:///:memory:",
        "oracle://u:sesame-1@db/lux",
        "postgresql+psycopg2://u:sesame-1@db/lux",
        "postgresql://u:sesame-1@db:port/lux",
        "postgresql://u:sesame-1@db",
        "postgresql//u:sesame-1@db/lux",
    ],
)
def test_an_address_that_is_no_database_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", written)
    with pytest.raises(SettingsProblem) as told:
        load()
    assert told.value.message.startswith("A setting can't be used. DATABASE_URL: ")
    assert "sesame" not in told.value.message
    assert "\n" not in told.value.message


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PORT": "abc"}, "PORT"),
        ({"PORT": "abc", "LUX_PORT": "70000"}, "LUX_PORT"),
        ({"REPLIT_DOMAINS": "a b"}, "REPLIT_DOMAINS"),
    ],
)
def test_the_variable_that_was_really_set_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsProblem) as told:
        load()
    assert [problem.field for problem in told.value.problems] == [named]


@pytest.mark.parametrize(
    "address", ["https://", "https:///path", "http://:80", "https://a b", "https://host:port", "https://h/?x=1"]
)
def test_links_need_an_address_with_a_host(address: str) -> None:
    with pytest.raises(SettingsProblem, match="LUX_PUBLIC_URL"):
        load(public_url=address)


@pytest.mark.parametrize(
    ("host", "link"),
    [
        ("::1", "http://[::1]:5000"),
        ("[::1]", "http://[::1]:5000"),
        ("::", "http://127.0.0.1:5000"),
        ("lux.local", "http://lux.local:5000"),
    ],
)
def test_links_to_an_ipv6_address_are_in_brackets(host: str, link: str) -> None:
    assert load(host=host).base_url == link


PLACES = [
    "postgresql://lux:sesame-1@db/lux",
    "postgresql://db/lux?user=lux&password=sesame-1",
    "postgresql://db/lux?user=a@b&sslpassword=sesame-1",
    "mysql://lux:sesame-1@db/lux?ssl_key_password=sesame-1",
]


@pytest.mark.parametrize("address", PLACES)
def test_a_database_password_is_masked_wherever_it_stands(address: str) -> None:
    shown = load(database_url=address).effective()["database_url"]
    assert "sesame" not in shown
    assert "***" in shown
    assert "/lux" in shown


@pytest.mark.parametrize("address", PLACES)
def test_a_database_password_is_taken_out_of_logs_by_value(address: str) -> None:
    out = io.StringIO()
    logs.configure(load(database_url=address, log_format="json"), stream=out)
    try:
        structlog.get_logger("test").warning("driver_said", words="no entry for sesame-1 here")
    finally:
        logs.configure(load())
    assert "driver_said" in out.getvalue()
    assert "sesame" not in out.getvalue()


def test_other_addresses_are_masked_too() -> None:
    shown = load(file_store_endpoint="https://key:sesame@s3.example.com/?token=sesame").effective()
    assert shown["file_store_endpoint"] == "https://key:***@s3.example.com/?token=***"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().port = 1
