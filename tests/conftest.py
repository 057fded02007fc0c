"""Shared fixtures: real databases, real mail servers, a real browser; loopback is all there is."""

from __future__ import annotations

import os
import shutil
import socket
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.emulators.smtp import SmtpServer
    from tests.factories import Installation
    from tests.services.chromium import Pages
    from tests.services.lent import Lent
    from tests.services.mariadb import MariaDB
    from tests.services.postgres import Postgres
    from tests.services.redis import Redis
    from tests.services.smtp_sink import SmtpSink
    from tests.services.tls import Authority

# What a fixture needs is a marker of each test that uses it, so that groups can be chosen.
MARKERS = {
    "browser": "browser",
    "postgres": "postgres",
    "mariadb": "mariadb",
    "redis": "redis",
    "start_smtp_sink": "sink",
}
LOCAL_NAMES = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::")


def pytest_configure(config: pytest.Config) -> None:
    """Open the run's folder once, in the process that starts the workers."""
    if not hasattr(config, "workerinput"):
        run.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of the run."""
    if not hasattr(config, "workerinput") and run.FOLDER in os.environ:
        run.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use."""
    for item in items:
        for fixture, marker in MARKERS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the time each group of tests took (summed over workers)."""
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, int] = defaultdict(int)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                group = "/".join(report.nodeid.split("::")[0].split("/")[1:-1]) or "tests"
                seconds[group] += report.duration
                tests[group] += report.when == "call"
    if len(seconds) > 1:
        terminalreporter.section("time of each group")
        for group in sorted(seconds, key=lambda name: -seconds[name]):
            terminalreporter.line(f"{seconds[group]:8.1f} s {tests[group]:5} tests  {group}")


@pytest.fixture(autouse=True, scope="session")
def _tokens_are_watched() -> Iterator[None]:
    """Remember every secret token that is made, so that the hook below finds it in what was said."""
    from tests import canaries

    with canaries.watching():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test during which LUX has written a secret to its log: session, key, link, webhook secret, password.

    What pytest captures as "log" is what was handed to the log before it was cleaned; what counts is what came out.
    """
    from tests import canaries

    report = yield
    said = "".join(text for name, text in report.sections if name.startswith(("Captured stderr", "Captured stdout")))
    if report.passed and said and (leaks := canaries.found_in(said, canaries.made())):
        report.outcome = "failed"
        report.longrepr = f"a secret token was written to the log: …{leaks[0][-4:]}"
    if call.when == "teardown":
        canaries.forget()
    return report


@pytest.fixture(autouse=True, scope="session")
def _no_names_are_resolved() -> Iterator[None]:
    """Refuse to resolve anything but this machine; pytest-socket refuses to connect to it."""
    real = socket.getaddrinfo

    def only_local(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        is_address = isinstance(name, str) and name.replace(".", "").isdigit()
        if name not in LOCAL_NAMES and not is_address:
            raise RuntimeError(f"a test asked for the address of {name}: tests stay on loopback")
        return real(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", only_local)
        yield


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """Return the PostgreSQL cluster of this run."""
    from tests.services.postgres import Postgres

    return Postgres()


@pytest.fixture
def pg_url(postgres: Postgres) -> Iterator[str]:
    """Return the address of a fresh, empty PostgreSQL database owned by a plain role."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def mariadb() -> MariaDB:
    """Return the MariaDB server of this run."""
    from tests.services.mariadb import MariaDB

    return MariaDB()


@pytest.fixture
def mariadb_url(mariadb: MariaDB) -> Iterator[str]:
    """Return the address of a fresh, empty MariaDB database."""
    name = mariadb.create()
    yield mariadb.url(name)
    mariadb.drop(name)


@pytest.fixture(scope="session")
def redis() -> Redis:
    """Return the Redis server of this run; its `url()` names an empty database."""
    from tests.services.redis import Redis

    return Redis()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'lux.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest) -> str:
    """Return a fresh, empty database: the test runs on SQLite and on PostgreSQL."""
    name = "sqlite_url" if request.param == "sqlite" else "pg_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def start_smtp_sink() -> Iterator[Callable[..., SmtpSink]]:
    """Return a function that starts smtp-sink with flags of its own."""
    from tests.services.smtp_sink import SmtpSink

    started: list[SmtpSink] = []

    def start(*flags: str) -> SmtpSink:
        started.append(SmtpSink(*flags))
        return started[-1]

    yield start
    for sink in started:
        sink.stop()


@pytest.fixture
def smtp_sink(start_smtp_sink: Callable[..., SmtpSink]) -> SmtpSink:
    """Return a running smtp-sink that takes everything and writes it down."""
    return start_smtp_sink()


@pytest.fixture(scope="session")
def tls_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return a certificate authority; trust its `ca_file`."""
    from tests.services.tls import Authority

    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def start_smtp_server() -> Iterator[Callable[..., SmtpServer]]:
    """Return a function that starts an SMTP emulator (see its class for users, TLS, faults)."""
    from tests.emulators.smtp import SmtpServer

    started: list[SmtpServer] = []

    def start(**options: Any) -> SmtpServer:
        started.append(SmtpServer(**options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def smtp_server(start_smtp_server: Callable[..., SmtpServer]) -> SmtpServer:
    """Return an SMTP emulator without TLS or AUTH; its `script` says what goes wrong."""
    return start_smtp_server()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a real Chromium."""
    from tests.services.chromium import launched

    with launched() as started:
        yield started


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """Return a maker of pages: `pages.open(url)`; faults in any of them fail the test."""
    from tests.services.chromium import Pages

    made = Pages(browser)
    yield made
    made.close()


@pytest.fixture
def page(pages: Pages, base_url: str) -> Page:
    """Return a page at `base_url`, a fixture of whoever serves the app under test."""
    return pages.open(base_url)


@pytest.fixture(autouse=True, scope="session")
def _compiled_once() -> Iterator[None]:
    """Compile routes and statements once in a process, as a server does."""
    from tests.services import compiled

    with compiled.once():
        yield


@pytest.fixture(autouse=True, scope="session")
def _cheap_password_hashes() -> Iterator[None]:
    """Hash with small parameters: a test of what is stored looks at the algorithm, not at its cost."""
    from argon2 import PasswordHasher

    from lux.identity import passwords

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session")
def migrated_databases(postgres: Postgres) -> Lent:
    """Return migrated PostgreSQL databases, lent to one test after another."""
    from tests.factories import migrate
    from tests.services.lent import Lent

    return Lent(postgres, postgres.template("migrated", migrate))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a migrated database without rows: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("migrated_sqlite_url")
        return
    lent: Lent = request.getfixturevalue("migrated_databases")
    name = lent.take()
    yield request.getfixturevalue("postgres").url(name)
    lent.give_back(name)


@pytest.fixture
def migrated_sqlite_url(sqlite_url: str, tmp_path: Path) -> str:
    """Return a copy of a migrated SQLite file."""
    shutil.copyfile(migrated_file(), tmp_path / "lux.db")
    return sqlite_url


def migrated_file() -> str:
    """Return the path of a migrated SQLite file, made once in a run, to copy from."""
    from tests.factories import migrate

    def make() -> dict[str, str]:
        path = run.folder() / "migrated.db"
        migrate(f"sqlite:///{path}")
        return {"path": str(path)}

    return str(run.once("sqlite-migrated", make)["path"])


@pytest.fixture
def lux(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return a fresh installation; the test runs on SQLite and on PostgreSQL."""
    from tests.factories import installation

    made = installation(migrated_url, tmp_path / "home", is_migrated=True)
    yield made
    _holds_no_secret(made)
    made.db.close()


@pytest.fixture
def lux_sqlite(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return a fresh installation on SQLite, for what does not depend on the database."""
    from tests.factories import installation

    made = installation(migrated_sqlite_url, tmp_path / "home", is_migrated=True)
    yield made
    _holds_no_secret(made)
    made.db.close()


def _holds_no_secret(made: Installation) -> None:
    """Fail a test after which a secret that it has made stands in an error, a job, a notice or the audit log."""
    from sqlalchemy.exc import SQLAlchemyError

    from tests import canaries

    try:
        leaks = canaries.left_in(made)
    except (
        SQLAlchemyError,
        ValueError,
        LookupError,
    ):  # a test that broke its database, or what stands in it, on purpose
        leaks = []
    made.db.close()
    assert leaks == [], "a secret stands where somebody reads it later"
