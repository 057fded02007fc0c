"""A throw-away Redis server, and empty databases in it; one that a test kills and starts again itself."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.services import run

DATABASES = 4096


class Redis:
    """The Redis server of this test run."""

    def __init__(self) -> None:
        """Start the server, or join the one another worker started."""
        self.port: int = run.once("redis", _start)["port"]

    def url(self) -> str:
        """Return the address of a database that nobody has used in this run."""
        from redis import Redis as Client

        with Client(port=self.port) as client:
            number = int(client.incr("handed out"))
        return f"redis://127.0.0.1:{self.port}/{number % (DATABASES - 1) + 1}"


class OwnRedis:
    """A server of one test, which may kill it, start it again, and find it empty."""

    def __init__(self) -> None:
        """Start it on a free port."""
        self.port = run.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        self._process = subprocess.Popen(_command(self.port), cwd="/", user=run.account("redis"))
        assert run.wait(lambda: run.answers(self.port), seconds=10), "redis-server did not start"

    def kill(self) -> None:
        """End it as a power cut would; nothing is kept."""
        self._process.kill()
        self._process.wait(10)


def _start() -> dict[str, int]:
    port = run.free_port()
    command = _command(port)
    run.start("redis", command, user=run.account("redis"), ready=lambda: run.answers(port))
    return {"port": port}


def _command(port: int) -> list[str]:
    server = shutil.which("redis-server", path=f"/usr/bin:/usr/local/bin:{os.environ.get('PATH', '')}")
    if server is None:
        run.missing("no Redis server: apt-get install redis-server")
    flags = {"port": port, "bind": "127.0.0.1", "databases": DATABASES, "appendonly": "no", "loglevel": "warning"}
    return [server, "--save", "", *(part for name, value in flags.items() for part in (f"--{name}", str(value)))]
