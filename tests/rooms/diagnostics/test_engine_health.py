"""Which engine carries out background work, and whether its broker answers."""

from __future__ import annotations

from lux.kit.settings import Settings
from lux.rooms.diagnostics import engine_health, health
from tests.rooms.diagnostics.test_health import found, silent
from tests.services import run


def over_celery(lux, monkeypatch, broker_url):
    away = lux.settings.model_copy(update={"jobs": "celery", "broker_url": broker_url})
    assert isinstance(away, Settings)
    monkeypatch.setattr(engine_health, "settings_of", lambda _session: away)


def test_the_engine_in_use_is_named(lux_sqlite):
    (finding,) = found(lux_sqlite, engine_health.EngineHealth())
    assert (finding.level, "LUX_JOBS=local" in finding.message) == ("ok", True)


def test_a_broker_that_answers_says_how_much_waits_in_it(lux_sqlite, redis, monkeypatch):
    over_celery(lux_sqlite, monkeypatch, redis.url())
    (finding,) = found(lux_sqlite, engine_health.EngineHealth())
    assert (finding.level, "0 hints wait" in finding.message) == ("ok", True)


def test_a_broker_that_is_away_is_bad_and_neither_its_password_nor_the_work_is_lost(lux_sqlite, monkeypatch):
    over_celery(lux_sqlite, monkeypatch, f"redis://:sesame@127.0.0.1:{run.free_port()}/0")
    (finding,) = found(lux_sqlite, engine_health.EngineHealth())
    assert finding.level == "bad"
    assert "LUX_BROKER_URL" in finding.fix
    assert "Nothing is lost" in finding.fix
    assert "sesame" not in finding.message + finding.fix


def test_with_celery_worker_and_clock_are_started_by_their_own_commands(lux_sqlite, monkeypatch):
    over_celery(lux_sqlite, monkeypatch, "redis://127.0.0.1:1/0")
    silent(lux_sqlite)
    (worker,) = found(lux_sqlite, health.WorkersHealth())
    (ticking,) = found(lux_sqlite, health.ClockHealth())
    assert ("`lux worker`" in worker.fix, "`lux clock`" in ticking.fix) == (True, True)
