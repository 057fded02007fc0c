"""Postfix's own SMTP pair: smtp-sink takes mail and forgets it, smtp-source sends as fast as it can."""

from __future__ import annotations

import os
import re
import shutil
import socketserver
import subprocess
import threading
import time
from email import message_from_bytes, policy
from types import TracebackType

from examples.page import PageError

PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin"


class Catcher:
    """A mail server of a few lines that keeps what it takes: enough to read the code mailed to a sender."""

    def __init__(self, port: int) -> None:
        """Start nothing yet."""
        self.taken: list[bytes] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), _Conversation, bind_and_activate=False)
        self._server.allow_reuse_address = True
        self._server.daemon_threads = True
        self._server.taken = self.taken  # type: ignore[attr-defined]  # where the conversations leave it

    def __enter__(self) -> Catcher:
        """Listen."""
        self._server.server_bind()
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()

    def code(self, *, seconds: float = 60) -> str:
        """Return the six digits in the newest mail; raises PageError when none comes."""
        end_at = time.monotonic() + seconds
        while time.monotonic() < end_at:
            for raw in reversed(self.taken):
                body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
                found = re.search(r"\b\d{6}\b", str(body.get_content()) if body else "")
                if found:
                    return found.group()
            time.sleep(0.2)
        raise PageError("no mail with a code came to the mail server")


class _Conversation(socketserver.StreamRequestHandler):
    """One connection: says yes to everything (RFC 5321, without extensions)."""

    def handle(self) -> None:
        """Talk until QUIT."""
        self._say(b"220 catcher ready")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self._say(b"221 bye")
                return
            if verb == b"DATA":
                self._say(b"354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.taken.append(b"".join(lines))  # type: ignore[attr-defined]  # the catcher's list
            self._say(b"250 ok")

    def _say(self, words: bytes) -> None:
        self.wfile.write(words + b"\r\n")


def is_there() -> bool:
    """Say whether both programs are installed."""
    return all(shutil.which(name, path=PLACES) for name in ("smtp-sink", "smtp-source"))


class Sink:
    """A running smtp-sink."""

    def __init__(self, port: int) -> None:
        """Start nothing yet."""
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sink:
        """Start it."""
        as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [_program("smtp-sink"), *as_user, "-c", f"127.0.0.1:{self.port}", "1024"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def limit(self, count: int, size: int) -> float:
        """Return the messages per second that smtp-source reaches with messages of this size (bytes)."""
        best = 0.0
        for sessions in ("2", "4"):
            command = [_program("smtp-source"), "-d", "-s", sessions, "-m", str(count), "-l", str(size)]
            began = time.perf_counter()
            subprocess.run([*command, f"127.0.0.1:{self.port}"], check=True)
            best = max(best, count / (time.perf_counter() - began))
        return best


def _program(name: str) -> str:
    found = shutil.which(name, path=PLACES)
    if found is None:
        raise FileNotFoundError(f"{name} is missing: apt-get install postfix")
    return found
