"""Start the server: clear words when it can't, a worker beside it; this process stays small and only supervises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol

from lux.cli.errors import CannotStart
from lux.kit.i18n import gettext as _
from lux.kit.settings import environment
from lux.net.ports import CannotListen, Obstacle, listening_address

if TYPE_CHECKING:
    from lux.kit.settings import Settings

RESTART_SECONDS = 2.0  # between two starts of a worker that ended by itself
KILL_SECONDS = 8  # that a page process has for the requests under way when it is to end
INSIST_SECONDS = 0.5  # between two looks whether a signal to end was heard


class Interruptible(Protocol):
    """What is asked of granian's server."""

    interrupt_signal: bool
    main_loop_interrupt: threading.Event


def serve(settings: Settings, *, with_jobs: bool) -> None:
    """Make ready and serve until a signal ends it."""
    address = _address(settings)
    prepared = subprocess.run([sys.executable, "-m", "lux", "prepare"], env=_environment(settings), check=False)
    if prepared.returncode:
        sys.exit(prepared.returncode)
    helper = Helper(settings) if with_jobs and settings.jobs == "local" else None
    if helper:
        helper.start()
    try:
        _serve_pages(settings, address)
    finally:
        if helper:
            helper.stop()


class Helper:
    """The worker process beside the server: started again when it ends by itself, ended with the server."""

    def __init__(self, settings: Settings) -> None:
        """Start nothing yet."""
        self._settings = settings
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
            self._process = subprocess.Popen(command, env=_environment(self._settings))  # noqa: S603 - our own module
            self._process.wait()
            self._ending.wait(RESTART_SECONDS)


def _address(settings: Settings) -> str:
    """Return the IP address to listen on; raises CannotStart with what stands in the way and the fix."""
    host, port = settings.host, settings.port
    try:
        return listening_address(host, port)
    except CannotListen as error:
        words, fix = {
            Obstacle.IN_USE: (
                _("Port %(port)s on %(host)s is in use.", port=port, host=host),
                _("End the other program, or choose another port: LUX_PORT=5001 make run"),
            ),
            Obstacle.NOT_ALLOWED: (
                _("Port %(port)s is kept for the system's own services.", port=port),
                _("Choose one from 1024 on (LUX_PORT=5000 make run) and put a proxy in front of it."),
            ),
            Obstacle.NOT_HERE: (
                _("LUX_HOST=%(host)s is not an address of this machine.", host=host),
                _("Name one that is: 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses."),
            ),
            Obstacle.NO_SUCH_HOST: (
                _("LUX_HOST=%(host)s is not a name that this machine knows.", host=host),
                _("Correct it, or name an address: 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses."),
            ),
            Obstacle.OTHER: (
                _("LUX can't listen on port %(port)s of %(host)s (%(why)s).", port=port, host=host, why=error.reason),
                _("Choose another LUX_HOST or LUX_PORT."),
            ),
        }[error.obstacle]
        raise CannotStart(words, fix=fix) from error


def _serve_pages(settings: Settings, address: str) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        "lux.app:serve_app",
        factory=True,
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=min(settings.web_threads, (os.cpu_count() or 1) * 2 + 1),
        backpressure=settings.web_threads * 4,  # requests that wait here rather than in the kernel
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,  # a page process loses a signal that comes in its first moments
        log_level=LogLevels.warning,
        working_dir=None,
    )
    threading.Thread(target=insist, args=(server,), name="insist", daemon=True).start()
    server.serve()


def insist(server: Interruptible) -> None:
    """Repeat a signal to end for as long as the server runs.

    Its loop forgets one that comes while it looks after a page process that ended by the same Ctrl+C.
    """
    while True:
        if server.interrupt_signal:
            server.main_loop_interrupt.set()
        time.sleep(INSIST_SECONDS)


def _environment(settings: Settings) -> dict[str, str]:
    return environment({"LUX_HOME": str(settings.home)})
