"""Start the server: clear words when it can't, keys and schema made ready, worker beside it, owner link printed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import click

from lux.identity import owner_link as links
from lux.identity import tokens, users
from lux.kit import clock, logs
from lux.kit.db import ALL_COMPANIES, Database, schema
from lux.kit.errors import LuxError, NotFound
from lux.kit.settings import environment
from lux.net.ports import is_free
from lux.vault import keys

if TYPE_CHECKING:
    from lux.kit.settings import Settings

RESTART_SECONDS = 2.0  # between two starts of a worker that ended by itself


class CannotStart(LuxError):
    """The server can't start."""

    code = "cannot_start"


def serve(settings: Settings, *, with_jobs: bool) -> None:
    """Make ready and serve until a signal ends it."""
    logs.configure(settings)
    if not is_free(settings.host, settings.port):
        raise CannotStart(
            f"Port {settings.port} on {settings.host} is in use.",
            fix="End the other program, or choose another port: LUX_PORT=5001 make run",
        )
    notes = make_ready(settings)
    for note in notes:
        click.echo(note)
    link = owner_link(settings)
    _greet(settings, link)
    helper = Helper(settings) if with_jobs and settings.jobs == "local" else None
    if helper:
        helper.start()
    try:
        _serve_pages(settings)
    finally:
        if helper:
            helper.stop()


def make_ready(settings: Settings) -> list[str]:
    """Make the data folder, keys and schema; returns notes for people. Raises CannotStart."""
    _make_home(settings)
    db = Database.of(settings)
    try:
        schema.upgrade(db.engine)
        return keys.prepare_keys(settings, db)
    finally:
        db.close()


def owner_link(settings: Settings) -> str | None:
    """Return a fresh owner link, or None when there is an owner."""
    db = Database.of(settings)
    try:
        return links.make_owner_link(db, settings)
    finally:
        db.close()


def reset_link(settings: Settings, email: str) -> str:
    """Return a one-time link with which a person chooses a new password; raises NotFound."""
    db = Database.of(settings)
    try:
        with db.begin(ALL_COMPANIES) as session:
            user = users.by_email(session, email)
            if user is None:
                raise NotFound(f"Nobody signs in with {email}.", fix="Check the address.")
            token = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=user.id)
        return f"{settings.base_url}/reset/{token}"
    finally:
        db.close()


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
            self._process = subprocess.Popen(command, env=environment({"LUX_HOME": str(self._settings.home)}))  # noqa: S603 - our own module
            self._process.wait()
            self._ending.wait(RESTART_SECONDS)


def _serve_pages(settings: Settings) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    server = Granian(
        "lux.app:serve_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.web_threads,
        backpressure=settings.web_threads * 4,  # requests that wait here rather than in the kernel
        respawn_failed_workers=True,
        log_level="warning",  # type: ignore[arg-type] - granian takes the name
        working_dir=None,
    )
    server.serve()


def _make_home(settings: Settings) -> None:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        probe = settings.home / f".write-{os.getpid()}"
        probe.write_text(str(clock.now()))
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The data folder {settings.home} can't be written to ({error.strerror}).",
            fix="Give yourself the right to it, or name another: LUX_HOME=/path make run",
        ) from error


def _greet(settings: Settings, link: str | None) -> None:
    click.echo(f"LUX serves on {settings.base_url}")
    if link:
        click.echo("There is no owner yet. Open this link once to become it:")
        click.echo(f"  {link}")
