"""Each part of the house in each of its states: on the page with the fix, and in what machines read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, measure
from lux.kit.jobs import JobState, JobWorker, Leader
from lux.net import storage
from lux.rooms.diagnostics import health, storage_health
from tests.rooms.diagnostics.conftest import make_job
from tests.rooms.diagnostics.test_pages import alive, make_operator

GB = 1024**3


def found(lux, check):
    with lux.db.read(ALL_COMPANIES) as session:
        return list(check.check(session, None))


def of(findings, key):
    return health.worst([one for one in findings if one.key == key])


def silent(lux):
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(delete(JobWorker))
        session.execute(delete(Leader))


@pytest.mark.parametrize(("age", "level"), [(None, "ok"), (5, "ok"), (120, "warn"), (3600, "bad")])
def test_the_queue_by_the_age_of_what_waits(lux, age, level):
    if age is not None:
        make_job(lux, None, due_at=clock.now() - timedelta(seconds=age))
        make_job(lux, lux.firm().id, due_at=clock.now())
    make_job(lux, None, due_at=clock.now() + timedelta(hours=1))  # not due: it does not wait
    make_job(lux, None, state=JobState.RUNNING, due_at=clock.now() - timedelta(days=1))
    (finding,) = found(lux, health.QueueHealth())
    assert finding.level == level
    assert ("2 jobs wait" in finding.message) == (age is not None)
    assert bool(finding.fix) == (level != "ok")


@pytest.mark.parametrize(("seconds", "level"), [(0.003, "ok"), (0.4, "warn")])
def test_the_database_by_how_soon_it_answers(lux, monkeypatch, seconds, level):
    assert found(lux, storage_health.DatabaseHealth())[0].message.startswith("The database answers in")
    monkeypatch.setattr(measure, "seconds_to_answer", lambda _session: seconds)
    (finding,) = found(lux, storage_health.DatabaseHealth())
    assert (finding.level, bool(finding.fix)) == (level, level != "ok")
    assert f"{seconds * 1000:g} ms" in finding.message


def test_the_databases_size_is_measured(lux):
    with lux.db.read(ALL_COMPANIES) as session:
        assert 10_000 < measure.size(session) < 10 * GB
        assert (measure.wal_size(session) is None) == (lux.db.dialect != "sqlite")
        assert measure.server_version(session)[0].isdigit()
        assert measure.faults(session) in (None, [])
    (finding,) = found(lux, storage_health.DatabaseSizeHealth())
    assert finding.level == "ok"
    assert ("write-ahead log" in finding.message) == (lux.db.dialect == "sqlite")


@pytest.mark.parametrize(
    ("size", "wal", "level"), [(5 * GB, None, "ok"), (GB, 1024, "ok"), (GB, GB, "warn"), (None, None, "unknown")]
)
def test_the_database_by_its_log(lux_sqlite, monkeypatch, size, wal, level):
    monkeypatch.setattr(measure, "size", lambda _session: size)
    monkeypatch.setattr(measure, "wal_size", lambda _session: wal)
    (finding,) = found(lux_sqlite, storage_health.DatabaseSizeHealth())
    assert (finding.level, bool(finding.fix)) == (level, level != "ok")


@pytest.mark.parametrize(("free", "level"), [(50 * GB, "ok"), (GB // 2, "warn"), (GB // 10, "bad")])
def test_the_disk_by_what_is_free(lux_sqlite, monkeypatch, free, level):
    monkeypatch.setattr(health, "free_bytes", lambda _folder: free)
    (finding,) = found(lux_sqlite, health.DiskHealth())
    assert (finding.level, bool(finding.fix)) == (level, level != "ok")


@pytest.mark.parametrize(("can_write", "level"), [(True, "ok"), (False, "bad")])
def test_the_file_store_by_whether_it_can_be_written_to(lux_sqlite, monkeypatch, can_write, level):
    monkeypatch.setattr(storage_health, "is_writable", lambda _folder: can_write)
    (finding,) = found(lux_sqlite, storage_health.FilesHealth())
    assert (finding.level, bool(finding.fix)) == (level, level != "ok")


def test_a_folder_is_writable_when_files_can_be_made_in_it(tmp_path):
    assert storage_health.is_writable(tmp_path / "not" / "yet")
    (tmp_path / "file").write_text("x")
    assert not storage_health.is_writable(tmp_path / "file")


def test_a_store_at_a_distance_is_not_tried_while_a_page_waits(lux_sqlite, monkeypatch):
    away = lux_sqlite.settings.model_copy(update={"file_store": "s3://bucket/lux"})
    monkeypatch.setattr(storage_health, "settings_of", lambda _session: away)
    (finding,) = found(lux_sqlite, storage_health.FilesHealth())
    assert (finding.level, "Look more deeply" in finding.fix) == ("unknown", True)


def test_worker_and_clock_say_when_nobody_is_there(lux):
    alive(lux)
    assert [found(lux, check)[0].level for check in (health.WorkersHealth(), health.ClockHealth())] == ["ok", "ok"]
    assert "its leader is w" in found(lux, health.ClockHealth())[0].message
    silent(lux)
    for check in (health.WorkersHealth(), health.ClockHealth()):
        (finding,) = found(lux, check)
        assert (finding.level, "lux worker" in finding.fix) == ("bad", True)


def test_the_page_shows_each_level_in_words_with_its_fix_worst_first(lux, monkeypatch):
    firm = lux.firm()
    make_operator(lux, firm)
    alive(lux)
    monkeypatch.setattr(health, "free_bytes", lambda _folder: GB // 10)
    make_job(lux, None, due_at=clock.now() - timedelta(minutes=5))
    shown = lux.client(firm).get("/operate/health").text
    order = [shown.index(f'data-status="{level}"') for level in ("bad", "warn", "ok")]
    assert order == sorted(order)
    for words in (
        "Broken",
        "Look at it",
        "Well",
        "One thing is broken.",
        "Make room, or move LUX_HOME.",
        "There is no backup yet that was tried by restoring it.",
        "Revision of the schema",
        "The database takes",
    ):
        assert words in shown


def test_every_finding_that_is_not_well_says_what_to_do(lux_sqlite, monkeypatch):
    silent(lux_sqlite)
    monkeypatch.setattr(health, "free_bytes", lambda _folder: 0)
    firm = lux_sqlite.firm()
    for company_id in (None, firm.id):
        with lux_sqlite.db.read(ALL_COMPANIES if company_id is None else company_id) as session:
            lux_sqlite.app  # noqa: B018 - the house is composed
            findings = health.findings(session, company_id, on_error=lambda error: pytest.fail(repr(error)))
        assert [one.message for one in findings if one.level != "ok" and not one.fix] == []


# Machines


def test_readyz_names_the_parts_and_nothing_of_companies(lux):
    alive(lux)
    firm = lux.firm("Secret Ltd")
    make_job(lux, firm.id, due_at=clock.now() - timedelta(hours=2))
    answer = lux.client().get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ready"), (
        "a long queue is no reason to turn people away"
    )
    assert answer.json["checks"] == dict.fromkeys(("database", "workers", "clock", "disk"), "ok") | {"queue": "bad"}
    assert set(answer.json) == {"status", "checks"}
    assert "Secret" not in answer.text


# Deeper


def test_a_deeper_look_tries_database_and_files_and_leaves_nothing(lux):
    firm = lux.firm()
    make_operator(lux, firm)
    shown = lux.client(firm).post("/operate/health").text
    assert "A file was written, read back and removed" in shown
    assert ("The database&#39;s file is intact." in shown) == (lux.db.dialect == "sqlite")
    assert list(storage.store_of(lux.settings).list("health")) == []


def test_a_deeper_look_says_what_is_wrong(lux_sqlite, monkeypatch):
    firm = lux_sqlite.firm()
    make_operator(lux_sqlite, firm)
    monkeypatch.setattr(measure, "faults", lambda _session: ["row 7 missing from index x"])

    def refuse(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(storage.FsspecStore, "open_write", refuse)
    shown = lux_sqlite.client(firm).post("/operate/health").text
    for words in ("is damaged: row 7 missing", "restore the last backup", "does not work: Permission denied"):
        assert words in shown
    monkeypatch.setattr(measure, "size", lambda _session: 100 * GB)
    assert "too large to be read" in lux_sqlite.client(firm).post("/operate/health").text


def test_only_operators_look_deeper(lux_sqlite):
    assert lux_sqlite.client(lux_sqlite.firm()).post("/operate/health").status_code == 403
