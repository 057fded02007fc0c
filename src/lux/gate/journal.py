"""What is on the wire right now, in a file that outlives a killed process: so that a crash leaves no doubt unlisted."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path

import structlog

from lux.kit.jobs import LeaseLost
from lux.ports.receipts import Outcome

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of one message that left."""

    outcome: Outcome
    code: int | None = None  # SMTP reply code where there was one
    error: str | None = None  # name from ports.provider_errors


class CannotNote(RuntimeError):
    """What is about to leave can't be written down (the disk is full?), so nothing may leave."""


class Journal:
    """One run's record: `L <delivery>` before its last byte, `A <delivery> <outcome> <code> <error>` after the answer.

    Code and error are `-` where there is none. The file is a fence, too: who settles the run takes it away first
    (`take_over`), and a run that finds it gone lets nothing more leave, however long it was frozen.
    """

    def __init__(self, folder: Path, run: str) -> None:
        """Open the file of a run; each line is one write that survives kill -9 in the page cache."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{run}.log"
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def leaving(self, delivery_id: int) -> None:
        """Note that the last byte of this message is about to be written.

        Raises LeaseLost when another run has settled this one, CannotNote when the line can't be written: nothing may
        leave. The line is written before the look, so that whoever takes the file away meanwhile finds it there.
        """
        try:
            self._write(b"L %d\n" % delivery_id)
        except OSError as error:  # as itself it would pass for a broken connection, and count as a try of this message
            raise CannotNote(f"{self._path}: {error.strerror}") from error
        if not self._path.exists():
            raise LeaseLost(f"run {self._path.stem}: another run has settled what it had claimed")

    def answered(
        self, delivery_id: int, outcome: Outcome, *, code: int | None = None, error: str | None = None
    ) -> None:
        """Note what the other side said: the outcome, its reply code, the name of the error.

        What can't be noted still goes on to the database with the others; only a crash before that makes it unknown.
        """
        try:
            self._write(f"A {delivery_id} {outcome.value} {code or '-'} {error or '-'}\n".encode())
        except OSError as failure:
            log.warning("journal_answer_not_noted", delivery=delivery_id, why=failure.strerror)

    def close(self) -> None:
        """Close and remove: everything in it is in the database."""
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Close and keep: the next run reads it."""
        os.close(self._descriptor)

    def _write(self, line: bytes) -> None:
        """Write a whole line, or raise OSError and leave none: half of one would spoil the next."""
        written = os.write(self._descriptor, line)
        if written != len(line):  # the disk is full
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))


def take_over(folder: Path, run: str) -> None:
    """Take a run's record away from it before it is read and settled: from now on nothing of it may leave."""
    with contextlib.suppress(FileNotFoundError):  # this machine has none, or a settling that was killed took it
        _live(folder, run).rename(_taken(folder, run))


def read(folder: Path, run: str) -> dict[int, Answer] | None:
    """Return what a run noted per delivery (`unknown` = no answer came); None = this machine has no record."""
    text = _text(folder, run)
    if text is None:
        return None
    noted: dict[int, Answer] = {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 2 and parts[0] == "L":
            noted[int(parts[1])] = Answer(outcome=Outcome.UNKNOWN)
        elif len(parts) == 5 and parts[0] == "A":
            noted[int(parts[1])] = Answer(
                outcome=Outcome(parts[2]),
                code=int(parts[3]) if parts[3] != "-" else None,
                error=parts[4] if parts[4] != "-" else None,
            )
    return noted


def discard(folder: Path, run: str) -> None:
    """Remove a run's record once its rows are settled, and that is committed."""
    _taken(folder, run).unlink(missing_ok=True)


def _text(folder: Path, run: str) -> str | None:
    for path in (_live(folder, run), _taken(folder, run), _live(folder, run)):  # it may move while we look
        with contextlib.suppress(FileNotFoundError):
            return path.read_text()
    return None


def _live(folder: Path, run: str) -> Path:
    return folder / f"{run}.log"


def _taken(folder: Path, run: str) -> Path:
    return folder / f"{run}.taken"
