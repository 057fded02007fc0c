"""Prove the README's first command as people meet it: clone, `make run`, open the link, stop, start again.

`python3 tests/tooling/clean_clone.py` needs git, make and a Python with its venv module, and fetches packages as a
first start does. It is no test of pytest's: `.ci/run` starts it as a group of its own.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST_SECONDS = 600.0  # packages, front end, schema; a bare machine with a slow network
SECOND_SECONDS = 20.0  # what the README calls a few seconds, with room for a busy machine
END_SECONDS = 30.0
OURS = ("LUX_", "MAKE", "PORT", "DATABASE_URL", "REPL", "VIRTUAL_ENV", "PYTHON")


class CloneFailed(Exception):
    """The clone did not do what the README says."""


class Run:
    """One `make run` in the background, with all it printed."""

    def __init__(self, folder: Path, environment: dict[str, str], url: str) -> None:
        """Start it in a process group of its own, as a terminal does."""
        self.url = url
        self.began = time.monotonic()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            ["make", "run"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            print(f"    {self.lines[-1]}", flush=True)

    def wait_ready(self, seconds: float) -> float:
        """Wait until LUX says that it is ready; return the seconds since the start."""
        while time.monotonic() - self.began < seconds:
            if self.process.poll() is not None:
                self._reader.join(5)
                raise CloneFailed(f"make run ended with {self.process.returncode}")
            if status(f"{self.url}/readyz") == 200:
                return time.monotonic() - self.began
            time.sleep(0.2)
        raise CloneFailed(f"LUX was not ready within {seconds:.0f} s")

    def owner_link(self) -> str:
        """Return the one-time link from the console."""
        links = [found[0] for line in self.lines if (found := re.search(r"http://\S+/welcome/\S+", line))]
        if len(links) != 1:
            raise CloneFailed(f"the console shows {len(links)} owner links, not one")
        return links[0]

    def stop(self) -> None:
        """Press Ctrl+C, and see that everything has ended."""
        self._signal(signal.SIGINT)
        end_at = time.monotonic() + END_SECONDS
        while self._signal(0):
            self.process.poll()
            if time.monotonic() > end_at:
                raise CloneFailed(f"something still runs {END_SECONDS:.0f} s after Ctrl+C")
            time.sleep(0.1)
        self._reader.join(5)
        if any("Traceback" in line for line in self.lines):
            raise CloneFailed("the console shows a traceback")

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> bool:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return False
        return True


@contextmanager
def started(folder: Path, environment: dict[str, str], url: str) -> Iterator[Run]:
    """Run LUX for the length of a block."""
    run = Run(folder, environment, url)
    try:
        yield run
    finally:
        run.end()


def status(url: str) -> int:
    """Return the status with which an address answers, 0 when nobody does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refused(folder: Path, environment: dict[str, str]) -> None:
    """Start a second LUX on the port of the first: one sentence, and an exit code that says so."""
    done = subprocess.run(["make", "run"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    if done.returncode == 0 or len(told) != 1 or "in use" not in told[0]:
        raise CloneFailed(f"a port in use ended with {done.returncode} and: {done.stderr.strip()}")


def walk_through(folder: Path) -> None:
    """Do what the README says, and raise CloneFailed where it does not hold."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment["LUX_PORT"] = str(port)
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    with started(folder, environment, url) as run:
        print(f"  ready after {run.wait_ready(FIRST_SECONDS):.0f} s", flush=True)
        if (answer := status(run.owner_link())) != 200:
            raise CloneFailed(f"the owner link answers with {answer}")
        refused(folder, environment)
        print("  a second one on the same port is refused", flush=True)
        run.stop()
    with started(folder, environment, url) as run:
        print(f"  ready again after {run.wait_ready(SECOND_SECONDS):.1f} s", flush=True)
        if status(run.owner_link()) != 200:
            raise CloneFailed("the second start's owner link does not open")
        run.stop()


def main() -> int:
    """Walk through it in a folder that is removed afterwards; return the exit code."""
    # Started in the background, a shell has this ignore Ctrl+C, and what it starts would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="lux-clone-") as folder:
        try:
            walk_through(Path(folder) / "lux")
        except (CloneFailed, subprocess.CalledProcessError) as error:
            print(f"clean clone: {error}", file=sys.stderr)
            return 1
    print("clean clone: make run does what the README says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
