"""The LUX that is walked through: one that runs already, else one started here and ended here."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from examples.browser import Browser, NotReached
from examples.page import PageError
from lux.kit.settings import load

READY_SECONDS = 90.0  # a first start makes the schema


class NotLux(PageError):
    """Something else than LUX answers at this address."""


class Server:
    """`lux serve` at an address; `is_own` says whether it was started here."""

    def __init__(
        self,
        url: str,
        *,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        python: Path | None = None,
    ) -> None:
        """Start nothing yet. `environment`, `python`: what differs from here; `log`: where a started one writes."""
        self.url = url.rstrip("/")
        self._python = str(python or sys.executable)
        self._environment = {**os.environ, **(environment or {})}
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def is_own(self) -> bool:
        """Say whether this process started the server."""
        return self.process is not None

    def answers(self) -> bool:
        """Say whether LUX answers at the address; raises NotLux when something else does."""
        try:
            page = Browser(self.url, timeout=5).get("/sign-in")
        except NotReached:
            return False
        if page.status == 200 and any({"csrf_token", "password"} <= form.names for form in page.forms):
            return True
        raise NotLux(f"What answers at {self.url} is not LUX. Choose another port: LUX_PORT={free_port()} make demo")

    def start(self) -> None:
        """Start the server and wait until it answers; raises PageError with its last words when it does not."""
        output = self._open_log()
        try:
            self.process = subprocess.Popen(
                [self._python, "-m", "lux", "serve"],
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,  # Ctrl+C reaches this process alone, which then ends the server in order
            )
        finally:
            if output:
                output.close()
        end_at = time.monotonic() + READY_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end_at:
                self.stop()
                raise PageError(f"LUX did not start at {self.url}. {self._last_words()}".strip())
            time.sleep(0.1)

    def stop(self) -> None:
        """End a server that was started here, gently first."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def wait(self) -> None:
        """Wait until a server that was started here ends."""
        if self.process is not None:
            self.process.wait()

    def command(self, *words: str) -> str:
        """Run a `lux` command with the server's settings and return what it prints; raises PageError."""
        done = subprocess.run(
            [self._python, "-m", "lux", *words], env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise PageError(f"“lux {' '.join(words)}” failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def sample_company(self) -> dict[str, str]:
        """Make a sample company in the server's data folder; returns company, slug, email and link."""
        found: dict[str, str] = json.loads(self.command("sample-company").splitlines()[-1])
        return found

    def _open_log(self) -> BinaryIO | None:
        if self._log is None:
            return None
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            return self._log.open("wb")
        except OSError:
            return None  # LUX itself says what is wrong with the folder, in better words

    def _last_words(self) -> str:
        if self._log is None or not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])


def found_or_started() -> Server:
    """Return the LUX that the settings name, started here when it does not run yet; raises PageError."""
    settings = load()
    log = settings.home / "demo-server.log"
    server = Server(settings.base_url, log=log)
    try:
        if server.answers():
            return server
    except NotLux:
        if settings.public_url or "port" in settings.model_fields_set:
            raise
        port = free_port()
        print(f"Something else answers at {server.url}; LUX takes port {port} for this time.")
        server = Server(f"http://127.0.0.1:{port}", environment={"LUX_PORT": str(port)}, log=log)
    print(f"Starting LUX at {server.url} (its log: {log}) …")
    server.start()
    return server


def free_port() -> int:
    """Return a loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
