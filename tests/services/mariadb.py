"""A throw-away MariaDB server and fresh databases in it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pymysql

from tests.services import run

SETTINGS = (
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=64M",
    "--character-set-server=utf8mb4",
    "--log-warnings=1",
)
_numbers = itertools.count(1)


class MariaDB:
    """The MariaDB server of this test run."""

    def __init__(self) -> None:
        """Start the server, or join the one another worker started."""
        self.port: int = run.once("mariadb", _start)["port"]

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of a database."""
        return f"mariadb+pymysql://root@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def create(self) -> str:
        """Make a database and return its name."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        self._execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return name

    def drop(self, database: str) -> None:
        """Remove a database."""
        self._execute(f"DROP DATABASE IF EXISTS {database}")

    def _execute(self, statement: str) -> None:
        with pymysql.connect(host="127.0.0.1", port=self.port, user="root") as connection:
            connection.cursor().execute(statement)


def _start() -> dict[str, int]:
    server = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    install = shutil.which("mariadb-install-db")
    if server is None or install is None:
        run.missing("no MariaDB server: apt-get install mariadb-server")
    user = run.account("mysql")
    data = run.owned_folder("mariadb", user)
    _make_system_tables(install, data, user)
    port = run.free_port()
    command = [server, *SETTINGS, f"--datadir={data}", f"--port={port}"]
    command += [f"--socket={data}/server.sock", f"--pid-file={data}/server.pid"]
    run.start("mariadb", command, user=user, ready=lambda: run.answers(port))
    return {"port": port}


def _make_system_tables(install: str, data: Path, user: str | None) -> None:
    subprocess.run(
        [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        user=user,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
