"""Tries the step from one machine to many: pages, two workers and a clock as processes of their own, and a campaign.

    LUX_DATABASE_URL=postgresql://… LUX_BROKER_URL=redis://127.0.0.1:6379/0 python -m examples.scale_out

They share one data folder, since the built-in mailbox that the walk reads lives there. Before the campaign one worker
and one clock are killed, as a power cut would end them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from examples import people
from examples.demo import STEPS
from examples.page import PageError
from examples.server import Server, free_port
from examples.walk import StepFailed, Walk

NEEDED: Final = ("LUX_DATABASE_URL", "LUX_BROKER_URL")
WORKERS: Final = 2
KILL_AFTER: Final = people.segment  # the step after which a worker and a clock die


class Helpers:
    """Workers and clocks, each a process of its own."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Start nothing yet."""
        self._environment = environment
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: str) -> None:
        """Start `lux worker` or `lux clock`; its log stands beside the data."""
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "lux", command],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End one as a power cut would."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        """End all, gently first; raises PageError when one had ended before."""
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        self._processes.clear()
        if ended:
            raise PageError(f"{', '.join(ended)} ended too early: see {self._folder}/*.log")


def main() -> int:
    """Run the whole; returns the exit code."""
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        print(f"scale_out: set {' and '.join(missing)} (see docs/howto/scale-out.md)", file=sys.stderr)
        return 2
    folder = Path(os.environ.get("LUX_HOME", "var/scale-out")).absolute()
    try:
        with running(folder) as (server, helpers):
            walk_through(server, helpers)
    except (PageError, StepFailed) as error:
        print(f"scale_out: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def running(folder: Path) -> Iterator[tuple[Server, Helpers]]:
    """Start pages, workers and two clocks; end them all."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    own = {
        "LUX_JOBS": "celery",
        "LUX_HOME": str(folder / "home"),
        "LUX_PORT": str(port),
        "LUX_PUBLIC_URL": "",
    }
    environment = {**os.environ, **own}
    server = Server(f"http://127.0.0.1:{port}", environment=own, log=folder / "web.log")
    helpers = Helpers(environment, folder)
    server.start()  # first: it brings the schema
    try:
        for number in range(1, WORKERS + 1):
            helpers.start(f"worker-{number}", "worker")
        for number in (1, 2):
            helpers.start(f"clock-{number}", "clock")
        yield server, helpers
        helpers.stop()
    finally:
        server.stop()
        try:
            helpers.stop()
        except PageError as error:
            print(f"scale_out: {error}", file=sys.stderr)


def walk_through(server: Server, helpers: Helpers, *, say: Callable[[str], None] = print) -> Walk:
    """Walk a campaign through, while a worker and a clock die; raises StepFailed."""
    walk = Walk(server, say=say)
    walk.say(f"Pages at {server.url}, {WORKERS} workers and 2 clocks in processes of their own.")
    for title, step in STEPS:
        with walk.step(title):
            began = time.monotonic()
            step(walk)
        walk.say(f"      {time.monotonic() - began:.1f} s")
        if step is KILL_AFTER:
            helpers.kill("worker-1")
            helpers.kill("clock-1")
            walk.say("      killed: worker-1, clock-1")
    return walk


if __name__ == "__main__":
    sys.exit(main())
