"""A throw-away PostgreSQL cluster and fresh databases in it."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from tests.services import run

SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=128MB",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "log_min_messages=fatal",
    "autovacuum=off",  # a database lives as long as a test
)
ENDED = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
_numbers = itertools.count(1)


class Postgres:
    """The cluster of this test run; the role `lux` owns databases and is no superuser."""

    def __init__(self) -> None:
        """Start the cluster, or join the one another worker started."""
        self.port: int = run.once("postgres", _start)["port"]

    @property
    def admin_url(self) -> str:
        """Return the address of the superuser's database, for psycopg."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def url(self, database: str, role: str = "lux") -> str:
        """Return the SQLAlchemy address of a database."""
        return f"postgresql+psycopg://{role}@127.0.0.1:{self.port}/{database}"

    def create(self, *, template: str = "template0") -> str:
        """Make a database that belongs to `lux` and return its name."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        self._create(name, template)
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(statement.format(sql.Identifier(database)))

    def renamed(self, database: str) -> str:
        """Give a database a new name, whoever is still connected by the old one; return it."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(ENDED, [database])
            statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(name)))
        return name

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Return a database to copy; the first worker that asks fills it by `prepare(url)`."""

        def make() -> dict[str, str]:
            self._create(name, "template0")
            prepare(self.url(name))
            return {"name": name}

        made: str = run.once(f"postgres-{name}", make)["name"]
        return made

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} OWNER lux TEMPLATE {}")
        with run.exclusive("postgres-create"):  # copying needs the template for itself
            self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


def _start() -> dict[str, int]:
    binaries = _binaries()
    if binaries is None:
        run.missing("no PostgreSQL server: apt-get install postgresql")
    user = run.account("postgres")
    data = run.owned_folder("postgres", user)
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
    subprocess.run(
        [*initdb, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
        user=user,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
    )
    port = run.free_port()
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *settings]
    admin = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def ready() -> bool:
        try:
            with psycopg.connect(admin, autocommit=True, connect_timeout=2) as connection:
                connection.execute("CREATE ROLE lux LOGIN CREATEDB CREATEROLE")
        except psycopg.OperationalError:
            return False
        return True

    run.start("postgres", command, user=user, ready=ready)
    return {"port": port}
