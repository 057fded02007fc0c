"""What stays of `lux serve` once it serves: the page server and a worker, kept running until a signal ends both.

It loads as little as it can: it lives as long as LUX does, and all it does is look after two processes.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import NoReturn, Protocol

RESTART_SECONDS = 2.0  # between two starts of a worker that ended by itself
KILL_SECONDS = 8  # that a page process has for the requests under way when it is to end
INSIST_SECONDS = 0.5  # between two looks whether a signal to end was heard
# granian gives up when a page process dies twice within seconds (the system had no memory, say). At the start that is a
# fault that a person has to see; later the pages come back, and the worker beside them goes on meanwhile.
SETTLED_SECONDS = 30.0
_BEGAN = time.monotonic()


class Interruptible(Protocol):
    """What is asked of granian's server."""

    interrupt_signal: bool
    main_loop_interrupt: threading.Event


def become(
    address: str, port: int, *, threads: int, waiting: int, with_jobs: bool, environment: Mapping[str, str]
) -> NoReturn:
    """Turn this process into the supervisor, on a fresh interpreter; `waiting`: how many requests wait for a thread."""
    sys.stdout.flush()
    words = ["--address", address, "--port", str(port), "--threads", str(threads), "--waiting", str(waiting)]
    if with_jobs:
        words.append("--with-jobs")
    os.execve(sys.executable, [sys.executable, "-m", "lux.supervisor", *words], environment)  # noqa: S606 - our own module


def main() -> None:
    """Serve until a signal ends it."""
    options = _options()
    helper = Helper() if options.with_jobs else None
    if helper:
        helper.start()
    try:
        is_over = False
        while not is_over:
            is_over = _serve_pages(options.address, options.port, threads=options.threads, waiting=options.waiting)
    finally:
        if helper:
            helper.stop()


class Helper:
    """The worker process beside the server: started again when it ends by itself, ended with the server."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        """Start the worker and keep it running."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker, gently first."""
        self._ending.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()

    def _keep(self) -> None:
        while not self._ending.is_set():
            command = [sys.executable, "-m", "lux", "worker", "--parent-pid", str(os.getpid())]
            self._process = subprocess.Popen(command)  # noqa: S603 - our own module
            self._process.wait()
            self._ending.wait(RESTART_SECONDS)


def _serve_pages(address: str, port: int, *, threads: int, waiting: int) -> bool:
    """Serve; says whether that ended because somebody wanted it to."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        "lux.app:serve_app",
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        backpressure=waiting,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,  # a page process loses a signal that comes in its first moments
        log_level=LogLevels.warning,
        working_dir=None,
    )
    threading.Thread(target=insist, args=(server,), name="insist", daemon=True).start()
    try:
        server.serve()
    except SystemExit:
        if server.interrupt_signal or time.monotonic() - _BEGAN < SETTLED_SECONDS:
            raise
        time.sleep(RESTART_SECONDS)
        return server.interrupt_signal
    return True


def insist(server: Interruptible) -> None:
    """Repeat a signal to end for as long as the server runs.

    Its loop forgets one that comes while it looks after a page process that ended by the same Ctrl+C.
    """
    while True:
        if server.interrupt_signal:
            server.main_loop_interrupt.set()
        time.sleep(INSIST_SECONDS)


def _options() -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="python -m lux.supervisor", description="Started by `lux serve`.")
    reader.add_argument("--address", required=True)
    for name in ("--port", "--threads", "--waiting"):
        reader.add_argument(name, type=int, required=True)
    reader.add_argument("--with-jobs", action="store_true")
    return reader.parse_args()


if __name__ == "__main__":
    main()
