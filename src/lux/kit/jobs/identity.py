"""A worker's stable name: a slot in the home folder, whose file lock dies with the process."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
from pathlib import Path
from typing import Final

_MOST_WORKERS: Final = 256  # on one machine


class WorkerIdentity:
    """The name under which a process holds leases."""

    def __init__(self, name: str, former: str, descriptor: int) -> None:
        """Keep the lock; `take` makes it."""
        self.name = name
        self.former = former  # who held the slot before: dead, since the lock was free
        self._descriptor = descriptor

    @classmethod
    def take(cls, home: Path) -> WorkerIdentity:
        """Take the first free slot of this home folder."""
        folder = _folder(home)
        folder.mkdir(parents=True, exist_ok=True)
        for slot in range(_MOST_WORKERS):
            descriptor = _lock(folder / f"worker-{slot}.lock")
            if descriptor is None:
                continue
            former = os.pread(descriptor, 512, 0).decode("utf-8", "replace").strip()
            name = _name(home, slot)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, name.encode(), 0)
            return cls(name, former or name, descriptor)
        raise RuntimeError(f"{_MOST_WORKERS} workers run in {home} already")

    def release(self) -> None:
        """Let the slot go; harmless when it is gone."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def dead_workers(home: Path) -> list[str]:
    """Return the names in slots of this home folder whose lock nobody holds any more."""
    names: list[str] = []
    for path in sorted(_folder(home).glob("worker-*.lock")):
        descriptor = _lock(path)
        if descriptor is not None:
            names.append(os.pread(descriptor, 512, 0).decode("utf-8", "replace").strip())
            os.close(descriptor)
    return [name for name in names if name]


def _folder(home: Path) -> Path:
    return home / "run"


def _name(home: Path, slot: int) -> str:
    place = hashlib.sha256(str(home).encode()).hexdigest()[:8]
    return f"{platform.node()[:200]}-{place}-{slot}"


def _lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
