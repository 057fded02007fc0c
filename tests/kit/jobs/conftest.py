"""A database with the job tables and a table of effects; workers that are stopped at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

import lux.identity.models  # noqa: F401 - jobs point to companies
from lux.kit.db import ALL_COMPANIES, Base, Database
from lux.kit.jobs import Job, JobState, Kinds
from lux.kit.jobs.broker import Broker
from lux.kit.jobs.publisher import Publisher, Resender
from lux.kit.jobs.worker import Worker
from lux.kit.settings import Settings
from tests.kit.jobs import handlers
from tests.kit.jobs.processes import BrokerRunner, Child, Nursery, ProcessRunner
from tests.services.redis import Redis

TABLES = ("company", "job", "job_worker", "leader", "cron_slot")


@pytest.fixture
def settings(tmp_path: Path, db_url: str) -> Settings:
    return Settings(home=tmp_path / "home", database_url=db_url, job_threads=4)


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    made = Database.of(settings)
    with made.engine.begin() as connection:
        Base.metadata.create_all(connection, tables=[Base.metadata.tables[name] for name in TABLES])
    handlers.make_table(made)
    yield made
    made.close()


@pytest.fixture
def kinds() -> Kinds:
    return Kinds(handlers.KINDS)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.end()


@pytest.fixture
def start_child(nursery: Nursery, db: Database, settings: Settings) -> Iterator[Callable[..., Child]]:
    """Return a function that starts a process with a whole worker (or another role)."""
    started: list[Child] = []

    def start(role: str = "worker", broker: str = "") -> Child:
        started.append(nursery.start(role, settings.home, settings.database, broker))
        return started[-1]

    yield start
    for child in started:
        child.end()


# What carries out the jobs, and over which database: the same tests for all of them.
ENGINES = (
    ("sqlite", "local"),
    ("sqlite", "processes"),
    ("postgresql", "local"),
    ("postgresql", "processes"),
    ("postgresql", "celery"),
    ("mariadb", "local"),
)
MARKS = {"sqlite": (), "postgresql": pytest.mark.postgres, "mariadb": pytest.mark.mariadb}
QUICK = {  # of the last three, what CI runs; the others are slow
    "test_a_committed_job_runs_once_and_is_done",
    "test_a_failing_handler_is_tried_again_and_then_given_up_with_its_redacted_words",
    "test_retry_later_goes_on_without_counting_as_a_failure",
    "test_of_jobs_with_one_key_one_runs_at_a_time",
    "test_a_running_job_hears_that_it_was_cancelled",
}


on_every_engine = pytest.mark.parametrize(
    ("db_url", "start_worker"),
    [pytest.param(*one, marks=MARKS[one[0]]) for one in ENGINES],
    indirect=True,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make full` what one engine need not show in CI, since the rows decide for all of them."""
    for item in items:
        engine = getattr(item, "callspec", None) and (
            item.callspec.params.get("db_url"),
            item.callspec.params.get("start_worker"),
        )
        if engine in ENGINES[-3:] and item.originalname not in QUICK:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest) -> str:
    """Return a fresh, empty database."""
    name = {"sqlite": "sqlite_url", "postgresql": "pg_url", "mariadb": "mariadb_url"}[request.param]
    return request.getfixturevalue(name)


@pytest.fixture
def broker_settings(redis: Redis, settings: Settings) -> Settings:
    """Return the same settings with Celery over a broker that nobody else uses."""
    return over_celery(settings, redis.url())


def over_celery(settings: Settings, broker_url: str) -> Settings:
    return Settings(home=settings.home, database_url=settings.database, jobs="celery", broker_url=broker_url)


@pytest.fixture
def start_worker(
    request: pytest.FixtureRequest, db: Database, settings: Settings, nursery: Nursery
) -> Iterator[Callable[..., Worker]]:
    """Return a function that starts a worker; the test runs with threads, with processes, and with Celery."""
    started: list[Worker] = []

    def behind_a_broker(_workshop: object) -> BrokerRunner:
        with_broker: Settings = request.getfixturevalue("broker_settings")
        known = Kinds(handlers.KINDS)
        start = partial(nursery.start, "celery", settings.home, settings.database, with_broker.broker_url)
        publisher = Publisher(db, Broker(with_broker), lambda: known)
        return BrokerRunner(start, publisher, Resender(db, Broker(with_broker), known))

    def start(**options: object) -> Worker:
        if request.param == "processes":
            start_hand = partial(nursery.start, "hand", settings.home, settings.database)
            options["make_runner"] = lambda _workshop: ProcessRunner(start_hand)
        if request.param == "celery":
            options["make_runner"] = behind_a_broker
        worker = Worker(db, settings, handlers.KINDS, **options)  # type: ignore[arg-type]
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.stop(10)


@pytest.fixture
def start_local(db: Database, settings: Settings) -> Iterator[Callable[..., Worker]]:
    """Return a function that starts a worker with threads."""
    started: list[Worker] = []

    def start(**options: object) -> Worker:
        worker = Worker(db, settings, handlers.KINDS, **options)  # type: ignore[arg-type]
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.stop(10)


def job(db: Database, job_id: int) -> Job:
    with db.read(ALL_COMPANIES) as session:
        return session.scalars(select(Job).where(Job.id == job_id)).one()


def wait_for(db: Database, job_id: int, *states: JobState, seconds: float = 20) -> Job:
    """Wait until a job is in one of the states, and return it."""
    return wait_until(lambda: found if (found := job(db, job_id)).state in states else None, seconds)


def wait_until(look: Callable[[], object], seconds: float = 20):
    """Wait until `look` returns something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing came within {seconds} s")
