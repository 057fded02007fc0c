"""LUX_JOBS=celery is refused at the start, in words that help, when it could not work."""

from __future__ import annotations

import pytest

from lux.cli import engine
from lux.kit.errors import SettingsProblem
from lux.kit.jobs.broker import EngineMissing
from lux.kit.settings import load

POSTGRES = "postgresql://lux:lux@127.0.0.1/lux"
REDIS = "redis://:sesame@127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"database_url": POSTGRES}, "LUX_BROKER_URL.*LUX_JOBS=celery needs it, for example redis://"),
        ({"database_url": POSTGRES, "broker_url": "kafka://x"}, "LUX_BROKER_URL.*must begin with redis://"),
        ({"broker_url": REDIS}, "set LUX_DATABASE_URL to PostgreSQL or MariaDB"),
        ({"database_url": "sqlite:////srv/lux.db", "broker_url": REDIS}, "set LUX_DATABASE_URL to PostgreSQL"),
    ],
)
def test_what_is_missing_is_named_with_the_fix(monkeypatch, names, words):
    monkeypatch.delenv("LUX_DATABASE_URL", raising=False)
    with pytest.raises(SettingsProblem, match=words) as caught:
        load(jobs="celery", **names)
    assert "sesame" not in str(caught.value) + str(caught.value.problems)


@pytest.mark.parametrize("address", [REDIS, "rediss://h/1", "amqp://lux:sesame@h/lux", "amqps://h"])
def test_the_brokers_password_is_not_shown(address):
    settings = load(jobs="celery", database_url=POSTGRES, broker_url=address)
    assert "sesame" not in str(settings.effective())
    assert settings.broker_url == address


def test_missing_packages_are_named_before_anything_starts(monkeypatch):
    settings = load(jobs="celery", database_url=POSTGRES, broker_url=REDIS)
    assert engine.installed(settings) is settings
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EngineMissing, match="celery, redis") as caught:
        engine.installed(settings)
    assert "pip install 'lux[celery]'" in caught.value.fix
    assert engine.installed(load(jobs="local")).jobs == "local", "the other engine needs nothing"
