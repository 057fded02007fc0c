"""Postfix's smtp-sink: takes mail as fast as it comes, and its own record is the judge."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.services import run

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class SunkMessage:
    """One message as smtp-sink wrote it down: accepted whole, up to the final dot."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """Return the parsed message."""
        return message_from_bytes(self.raw, policy=policy.default)


class SmtpSink:
    """One running smtp-sink; `flags` are its own, e.g. `-w 2` (seconds before each answer).

    It keeps a file per message open from MAIL on and closes it when the final dot has come, before it
    answers; what was broken off leaves nothing. A file that is still open is a message still on the wire.
    """

    host = "127.0.0.1"

    def __init__(self, *flags: str) -> None:
        """Start it on a free port and wait until it listens."""
        program = shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        if program is None:
            run.missing("no smtp-sink: apt-get install postfix")
        user = run.account()
        self._folder = run.owned_folder(f"sink-{os.getpid()}-{next(_numbers)}", user)
        self.port = run.free_port()
        command = [program, *flags, "-d", f"{self._folder}/%s.", f"{self.host}:{self.port}", "1024"]
        self._process = subprocess.Popen(command, user=user, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        run.wait(lambda: run.answers(self.port) or self._process.poll() is not None, seconds=10)
        if self._process.poll() is not None:
            pytest.fail("smtp-sink did not start", pytrace=False)

    def count(self) -> int:
        """Return how many messages it has accepted so far."""
        return sum(1 for _ in self._files())

    def messages(self) -> list[SunkMessage]:
        """Return what it has accepted so far; the order is that of the file times, not finer."""
        files = sorted(self._files(), key=lambda file: file.stat().st_mtime_ns)
        return [_parse(file.read_bytes()) for file in files]

    def recipients(self) -> list[str]:
        """Return every accepted recipient, with repetitions."""
        return [each for message in self.messages() for each in message.recipients]

    def times(self) -> list[float]:
        """Return when each message was taken (seconds since 1970, by the files' own times)."""
        return [file.stat().st_mtime for file in self._files()]

    def stop(self) -> None:
        """End the process; what it took stays readable until the run ends."""
        self._process.terminate()
        self._process.wait(10)

    def _files(self) -> list[Path]:
        """Return the files of whole messages."""
        found = list(self._folder.iterdir())
        unfinished = self._open_files()
        return [file for file in found if str(file) not in unfinished and file.exists()]

    def _open_files(self) -> set[str]:
        found = set()
        with suppress(FileNotFoundError):  # it has ended, or closed one while we looked
            for entry in Path(f"/proc/{self._process.pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    found.add(str(entry.readlink()))
        return found


def _parse(text: bytes) -> SunkMessage:
    """Read one transaction: the sink's own X- lines and its Received field, then the message."""
    arguments, _, rest = text.partition(b"\nReceived: ")
    lines = [line.partition(": ") for line in arguments.decode("latin-1").splitlines()]
    body = rest.split(b"\n", 3)[-1]  # the Received field has three lines
    return SunkMessage(
        mail_from="".join(_address(value) for name, _, value in lines if name == "X-Mail-Args"),
        recipients=tuple(_address(value) for name, _, value in lines if name == "X-Rcpt-Args"),
        raw=body,
    )


def _address(argument: str) -> str:
    return argument.partition("<")[2].partition(">")[0]
