"""One test run: a folder its workers share, and the servers that live as long as it does."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.services.watch import alive

FOLDER = "LUX_TEST_RUN"
OWNER = "LUX_TEST_RUN_OWNER"
WATCH = Path(__file__).with_name("watch.py")


def begin() -> None:
    """Make the run's folder; every worker started after this inherits it."""
    _sweep()
    folder = tempfile.mkdtemp(prefix=f"lux-tests-{os.getpid()}-")
    Path(folder).chmod(0o755)  # servers run as users of their own
    os.environ[FOLDER] = folder
    os.environ[OWNER] = str(os.getpid())


def _sweep() -> None:
    """Remove the folders of runs that were killed before they had a server to look after them."""
    for left in Path(tempfile.gettempdir()).glob("lux-tests-*-*"):
        owner = left.name.split("-")[2]
        if owner.isdigit() and not alive(int(owner)) and not any(left.glob("*.watcher")):
            shutil.rmtree(left, ignore_errors=True)


def end() -> None:
    """Stop the servers and remove the folder."""
    folder = Path(os.environ.pop(FOLDER))
    (folder / "stop").touch()
    wait(lambda: not any(folder.glob("*.watcher")), seconds=15)
    shutil.rmtree(folder, ignore_errors=True)


def folder() -> Path:
    """Return the folder all workers of this run share."""
    return Path(os.environ[FOLDER])


def missing(what: str) -> NoReturn:
    """Skip the test with the reason, or fail it where CI promises that everything is there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} (CI is set, so this is a failure)", pytrace=False)
    pytest.skip(what)


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Hold a lock among the workers of this run."""
    with (folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `make` returned to the first worker that asked; the others wait for it."""
    file = folder() / f"{name}.json"
    with exclusive(name):
        if not file.exists():
            file.write_text(json.dumps(make()))
    answer: dict[str, Any] = json.loads(file.read_text())
    return answer


def start(name: str, command: list[str], *, user: str | None, ready: Callable[[], bool]) -> None:
    """Start a server that ends with the run, even with a run that is killed.

    A small watcher process is its parent: it polls for the end of the run and for its owner.
    """
    log = folder() / f"{name}.log"
    watcher = [sys.executable, str(WATCH), str(folder()), os.environ[OWNER], name, user or ""]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*watcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    if not wait(lambda: process.poll() is not None or ready(), seconds=60) or process.poll():
        pytest.fail(f"{name} did not start:\n{log.read_text()[-2000:]}", pytrace=False)
    process.returncode = 0  # the watcher outlives this worker on purpose


def free_port() -> int:
    """Return a loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Tell whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def account(*names: str) -> str | None:
    """Return the first of these users that exists, when servers must not run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in (*names, "nobody") if name in known), None)


def owned_folder(name: str, user: str | None) -> Path:
    """Make a folder in the run's folder that belongs to a server's user."""
    made = folder() / name
    made.mkdir()
    if user:
        shutil.chown(made, user)
    return made


def shared_folder(name: str) -> Path:
    """Return a folder in the run's folder that all workers share, made by whoever comes first."""
    made = folder() / name
    made.mkdir(exist_ok=True)
    return made


def wait(done: Callable[[], bool], *, seconds: float) -> bool:
    """Poll until something is true; return whether it became so in time."""
    end_at = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end_at:
            return False
        time.sleep(0.05)
    return True
