"""A PostgreSQL of one's own that can be stopped, started, locked and made read-only."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.services import postgres, run


class OwnPostgres:
    """One cluster with one database; the role `lux` owns it."""

    def __init__(self, folder: Path) -> None:
        """Make the cluster; nothing runs yet."""
        self._programs = postgres._binaries()
        assert self._programs is not None, "no PostgreSQL server: apt-get install postgresql"
        self._user = run.account("postgres")
        self._data = folder / "data"
        if self._user:
            shutil.chown(folder, self._user)
        self.port = run.free_port()
        self._call("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync", "--encoding=UTF8")
        settings = (*postgres.SETTINGS, f"port={self.port}", "deadlock_timeout=300ms", "autovacuum=on")
        lines = [f"{name} = '{value}'" for name, _, value in (one.partition("=") for one in settings)]
        with (self._data / "postgresql.conf").open("a") as file:
            file.write("\n".join(lines) + "\n")

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator[OwnPostgres]:
        """Make one, start it, remove it at the end."""
        folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=run.folder()))
        server = cls(folder)
        server.start()
        try:
            with server.admin() as connection:
                connection.execute("CREATE ROLE lux LOGIN CREATEDB CREATEROLE")
                connection.execute("CREATE DATABASE torture OWNER lux")
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """Return the SQLAlchemy address of its database."""
        return f"postgresql+psycopg://lux@127.0.0.1:{self.port}/torture"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._call("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._data / "log"), "start")

    def stop(self) -> None:
        """Stop it at once, as a power cut does."""
        self._call("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def admin(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Return a connection that may do everything."""
        address = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        return psycopg.connect(address, autocommit=True)

    @contextlib.contextmanager
    def setting(self, name: str, value: str) -> Iterator[None]:
        """Change a setting for all who are connected, and change it back."""
        with self.admin() as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")
            yield
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER SYSTEM RESET {name}")
            connection.execute("SELECT pg_reload_conf()")

    def _call(self, program: str, *words: str) -> None:
        assert self._programs is not None
        command = [str(self._programs / program), *words]
        subprocess.run(command, user=self._user, cwd="/", check=True, stdout=subprocess.DEVNULL)
