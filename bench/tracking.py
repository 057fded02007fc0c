"""Pictures of mails per second: in front of Flask, through Flask without storing, and an insert for each request."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import load, people, runtime
from examples.server import Server, free_port
from lux.kit.settings import Settings
from lux.render.tokens import OPEN, mint
from lux.rooms.email.tracking import token_key

if TYPE_CHECKING:
    from flask import Flask

SECONDS: Final = 5.0
MOST: Final = 5000  # addresses that are asked for in turn
NO_TOKEN: Final = "/o/" + "A" * 24 + ".gif"  # read, found to be nobody's, answered with the picture, nothing stored
SERVE: Final = """
from granian import Granian
from granian.constants import Interfaces
import sys
Granian("bench.tracking:pages_alone", factory=True, address="127.0.0.1", port=int(sys.argv[1]), workers=1,
        interface=Interfaces.WSGI, blocking_threads=int(sys.argv[2]), backpressure=64).serve()
"""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Requests per second, and how long the loader was behind at the end."""

    fast: float
    flask: float
    insert: float
    hits: int  # written by the fast path
    behind: float  # seconds from the last hit to the last fact


def pages_alone() -> Flask:
    """Build the application without anything in front, as it was before."""
    from lux.app import create_app

    return create_app()


def measure(server: Server, home: Path, *, seconds: float = SECONDS) -> Pace:
    """Ask a running LUX that has sent a campaign; its database is the SQLite file of its home folder."""
    paths = _pictures(home)
    flask = load.requests_per_second(server.url, [NO_TOKEN], seconds)
    before = _opens(home)
    fast = load.requests_per_second(server.url, paths, seconds)
    began = time.perf_counter()
    while list((home / "spool").iterdir()):
        time.sleep(0.2)
    behind, hits = time.perf_counter() - began, _opens(home) - before
    return Pace(fast=fast, flask=flask, insert=_inserting(home, paths, seconds), hits=hits, behind=behind)


def _inserting(home: Path, paths: list[str], seconds: float) -> float:
    port = free_port()
    environment = {**os.environ, "LUX_HOME": str(home), "LUX_DATABASE_URL": "", "LUX_LOG_LEVEL": "warning"}
    threads = str((os.cpu_count() or 1) * 2 + 1)
    with subprocess.Popen([str(runtime.python()), "-c", SERVE, str(port), threads], env=environment) as process:
        try:
            _until_it_answers(port)
            return load.requests_per_second(f"http://127.0.0.1:{port}", paths, seconds)
        finally:
            process.terminate()


def _until_it_answers(port: int) -> None:
    import urllib.request

    for _try in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{NO_TOKEN}", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the pages do not answer")


def _pictures(home: Path) -> list[str]:
    key = token_key(Settings(home=home))
    connection = sqlite3.connect(f"file:{home / 'lux.db'}?mode=ro", uri=True)
    ids = [row[0] for row in connection.execute("SELECT id FROM delivery WHERE sent_at IS NOT NULL LIMIT ?", (MOST,))]
    connection.close()
    return [f"/o/{mint(key, OPEN, number)}.gif" for number in ids]


def _opens(home: Path) -> int:
    connection = sqlite3.connect(f"file:{home / 'lux.db'}?mode=ro", uri=True)
    (found,) = connection.execute("SELECT count(*) FROM fact WHERE kind = 'email.opened'").fetchone()
    connection.close()
    return int(found)


def main() -> None:
    """Send a small campaign and measure by itself: `python -m bench.tracking`."""
    from bench.house import House

    with tempfile.TemporaryDirectory(prefix="lux-bench-") as folder:
        home, port = Path(folder), free_port()
        environment = {"LUX_HOME": folder, "LUX_PORT": str(port), "LUX_DATABASE_URL": "", "LUX_LOG_LEVEL": "warning"}
        server = Server(f"http://127.0.0.1:{port}", environment=environment, log=home / "log", python=runtime.python())
        server.start()
        try:
            house = House(server)
            people.write(home / "contacts.csv", 1000, 500)
            house.bring_in(home / "contacts.csv", patience=300)
            house.choose_readers()
            house.send(house.write_campaign("Pictures"), patience=300)
            pace = measure(server, home)
        finally:
            server.stop()
    sys.stdout.write(
        f"pixel, fast path and spool   {pace.fast:8,.0f}/s  ({load.generator()})\n"
        f"Flask route without storage  {pace.flask:8,.0f}/s  {pace.fast / pace.flask:.1f} x slower (goal 3, 3.5)\n"
        f"insert for each request      {pace.insert:8,.0f}/s  {pace.fast / pace.insert:.1f} x slower (goal 10, 17)\n"
        f"{pace.hits:,} hits written, the last in the ledger after {pace.behind:.1f} s\n"
    )


if __name__ == "__main__":
    main()
