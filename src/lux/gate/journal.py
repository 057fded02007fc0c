"""What is on the wire right now, in a file that outlives a killed process: so that a crash leaves no doubt unlisted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lux.ports.receipts import Outcome


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of one message that left."""

    outcome: Outcome
    code: int | None = None  # SMTP reply code where there was one
    error: str | None = None  # name from ports.provider_errors


class Journal:
    """One run's record: `L <delivery>` before its last byte, `A <delivery> <outcome> <code> <error>` after the answer.

    Code and error are `-` where there is none.
    """

    def __init__(self, folder: Path, run: str) -> None:
        """Open the file of a run; each line is one write that survives kill -9 in the page cache."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{run}.log"
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def leaving(self, delivery_id: int) -> None:
        """Note that the last byte of this message is about to be written."""
        os.write(self._descriptor, b"L %d\n" % delivery_id)

    def answered(
        self, delivery_id: int, outcome: Outcome, *, code: int | None = None, error: str | None = None
    ) -> None:
        """Note what the other side said: the outcome, its reply code, the name of the error."""
        os.write(self._descriptor, f"A {delivery_id} {outcome.value} {code or '-'} {error or '-'}\n".encode())

    def close(self) -> None:
        """Close and remove: everything in it is in the database."""
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Close and keep: the next run reads it."""
        os.close(self._descriptor)


def read(folder: Path, run: str) -> dict[int, Answer] | None:
    """Return what a run noted per delivery (`unknown` = no answer came); None = this machine has no record."""
    path = folder / f"{run}.log"
    if not path.is_file():
        return None
    noted: dict[int, Answer] = {}
    for line in path.read_text().splitlines():
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
    """Remove a run's record once its rows are settled."""
    (folder / f"{run}.log").unlink(missing_ok=True)
