"""A whole server as its own process group, so that a test can kill all of it at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lux.kit.settings import Settings
from tests.services import run


class RunningServer:
    """`lux serve` on a free port, with the settings of an installation."""

    def __init__(self, settings: Settings, log: Path, *flags: str, more: Mapping[str, str] | None = None) -> None:
        """Start nothing yet; `more` goes into the environment."""
        self._flags = flags
        self._more = more or {}
        self._settings = settings
        self._log = log
        self.port = run.free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def _command(self) -> list[str]:
        return ["serve", *self._flags]

    def start(self, *, wait: bool = True) -> None:
        """Start it in a process group of its own; wait until it answers."""
        settings = self._settings
        environment = {
            **os.environ,
            "LUX_HOME": str(settings.home),
            "LUX_DATABASE_URL": settings.database,
            "LUX_PORT": str(self.port),
            "LUX_ALLOW_HOSTS": '["127.0.0.1"]',
            "LUX_MAIL_PACE": str(settings.mail_pace),
            "LUX_RESUME_RAMP_MINUTES": str(settings.resume_ramp_minutes),
            "LUX_LOG_FORMAT": "json",
            **self._more,
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lux", *self._command()],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait:
            run.wait(lambda: run.answers(self.port), seconds=60)

    @property
    def pid(self) -> int:
        """Return the number of its first process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill every process of it with SIGKILL, at once."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def kill_only_the_parent(self) -> None:
        """Kill the supervising process alone: its children have to notice by themselves."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        """End it gently."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()


class RunningWorker(RunningServer):
    """`lux worker`: background work alone, without pages."""

    def _command(self) -> list[str]:
        return ["worker"]

    def start(self, *, wait: bool = False) -> None:
        """Start it; nothing answers, so there is nothing to wait for."""
        super().start(wait=wait)
