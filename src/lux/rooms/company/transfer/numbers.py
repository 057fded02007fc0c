"""Old numbers and public ids to new ones, in a scratch file: a million rows cost no memory."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_AT_ONCE: Final = 500


class Numbers:
    """Which number a row has here, by table and the number it had there."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing known, in a file below `folder`."""
        self._db = sqlite3.connect(folder / "numbers.db", isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA cache_size = -8000",
            "CREATE TABLE number (name TEXT, old INTEGER, new INTEGER, PRIMARY KEY (name, old)) WITHOUT ROWID",
            "CREATE TABLE renewed (old TEXT PRIMARY KEY, new TEXT) WITHOUT ROWID",
        ):
            self._db.execute(statement)
        self._strays: dict[str, int] = {}
        self.renewed = 0  # public ids that were taken here

    def close(self) -> None:
        """Let go of the scratch file."""
        self._db.close()

    def note(self, name: str, pairs: Iterable[tuple[int, int]]) -> None:
        """Remember old → new numbers of one table; raises ValueError when one comes twice."""
        try:
            self._db.executemany("INSERT INTO number VALUES (?, ?, ?)", [(name, old, new) for old, new in pairs])
        except sqlite3.IntegrityError as error:
            raise ValueError(f"{name}: a number comes twice") from error

    def find(self, name: str, olds: Iterable[int]) -> dict[int, int]:
        """Return old → new for those that are known."""
        found: dict[int, int] = {}
        wanted = sorted(set(olds))
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            query = f"SELECT old, new FROM number WHERE name = ? AND old IN ({marks})"  # noqa: S608 - only marks
            found.update(self._db.execute(query, (name, *part)).fetchall())
        return found

    def noted(self, name: str) -> list[tuple[int, int]]:
        """Return everything that was remembered under a name."""
        return self._db.execute("SELECT old, new FROM number WHERE name = ? ORDER BY old", (name,)).fetchall()

    def find_or_mark(self, name: str, olds: Iterable[int]) -> dict[int, int]:
        """Return old → new; a row that is gone for long gets a negative number, the same every time."""
        wanted = set(olds)
        found = self.find(name, wanted)
        missing = sorted(wanted - set(found))
        for old in missing:
            self._strays[name] = found[old] = self._strays.get(name, 0) - 1
        self.note(name, [(old, found[old]) for old in missing])
        return found

    def renew(self, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> None:
        """Remember public ids that are taken here, with their new ones."""
        self._db.executemany(
            "INSERT OR IGNORE INTO renewed VALUES (?, ?)", [(str(old), str(new)) for old, new in pairs]
        )  # fmt: skip
        self.renewed = self._db.execute("SELECT count(*) FROM renewed").fetchone()[0]

    def renewed_of(self, old: str) -> str:
        """Return the new public id of one that was taken, else the old one."""
        found = self._db.execute("SELECT new FROM renewed WHERE old = ?", (old,)).fetchone()
        return str(found[0]) if found else old

    def renewed_in(self, value: Any) -> Any:  # noqa: ANN401 - text or JSON
        """Return text or JSON with taken public ids exchanged for their new ones."""
        if isinstance(value, str):
            return _UUID.sub(lambda found: self.renewed_of(found[0]), value)
        if isinstance(value, list):
            return [self.renewed_in(one) for one in value]
        if isinstance(value, dict):
            return {name: self.renewed_in(one) for name, one in value.items()}
        return value
