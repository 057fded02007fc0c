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
from lux.kit.jobs.worker import Worker
from lux.kit.settings import Settings
from tests.kit.jobs import handlers
from tests.kit.jobs.processes import Child, Nursery, ProcessRunner

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

    def start(role: str = "worker") -> Child:
        started.append(nursery.start(role, settings.home, settings.database))
        return started[-1]

    yield start
    for child in started:
        child.end()


@pytest.fixture(params=["local", "processes"])
def start_worker(
    request: pytest.FixtureRequest, db: Database, settings: Settings, nursery: Nursery
) -> Iterator[Callable[..., Worker]]:
    """Return a function that starts a worker; the test runs with threads and with processes."""
    started: list[Worker] = []

    def start(**options: object) -> Worker:
        if request.param == "processes":
            start_hand = partial(nursery.start, "hand", settings.home, settings.database)
            options["make_runner"] = lambda _workshop: ProcessRunner(start_hand)
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
