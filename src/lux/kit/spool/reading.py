"""The reading side: segments nobody writes to any more, taken one by one under their file lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lux.kit import clock
from lux.kit.spool.writing import DROPPED, SUFFIX

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """Lines that could not be written for a while."""

    count: int
    since: datetime
    errno: int


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a segment holds."""

    lines: tuple[bytes, ...]  # without their line feed
    torn: int  # 1 when its last line was not written to the end
    dropped: Dropped | None


class Segment:
    """A segment that is held: nobody else writes to it or loads it."""

    def __init__(self, path: Path, file: int) -> None:
        """Keep the lock; `segments` takes it."""
        self.path = path
        self._file = file

    @property
    def name(self) -> str:
        """Return its name, which no other segment ever has."""
        return self.path.name

    def read(self) -> Content:
        """Return what it holds."""
        return content(os.pread(self._file, os.fstat(self._file).st_size, 0))

    def remove(self) -> None:
        """Take it away; it is loaded."""
        self.path.unlink(missing_ok=True)


def content(raw: bytes) -> Content:
    """Take the bytes of a segment apart."""
    *lines, rest = raw.split(b"\n")
    dropped = _dropped(lines[0]) if lines else None
    return Content(lines=tuple(lines[1:] if dropped else lines), torn=int(bool(rest)), dropped=dropped)


def segments(folder: Path, *, patience: float = 0.0) -> Iterator[Segment]:
    """Yield segments that are written to no more, oldest first, each held until the next one is asked for.

    `patience`: only those that were last written to so many seconds ago.
    """
    for name in _names(folder):
        path = folder / name
        file = _take(path, patience)
        if file is None:
            continue
        try:
            yield Segment(path, file)
        finally:
            os.close(file)


def waiting(folder: Path) -> tuple[int, float]:
    """Return how many segments there are, and the age in seconds of the oldest one's last line."""
    ages = [age for name in _names(folder) if (age := _age(folder / name)) is not None]
    return len(ages), max(ages, default=0.0)


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.name.endswith(SUFFIX))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _age(path: Path) -> float | None:
    try:
        return clock.now().timestamp() - path.stat().st_mtime
    except FileNotFoundError:
        return None


def _take(path: Path, patience: float) -> int | None:
    age = _age(path) if patience else None
    if age is not None and age < patience:
        return None
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # another loader was faster
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # it is being written to, or loaded
        os.close(file)
        return None
    if os.fstat(file).st_nlink == 0:  # loaded between the two calls
        os.close(file)
        return None
    return file


def _dropped(line: bytes) -> Dropped | None:
    parts = line.split(b" ")
    if len(parts) != 4 or parts[0] != DROPPED or not all(part.isdigit() and len(part) < 17 for part in parts[1:]):
        return None
    count, since, number = (int(part) for part in parts[1:])
    return Dropped(count=count, since=datetime.fromtimestamp(since / 1_000_000, UTC), errno=number)
