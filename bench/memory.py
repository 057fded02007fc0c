"""How much memory a process and everything it started take, looked at while it works."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The most that was seen, in MB (1e6 bytes); `pss` shares out what processes have in common, `rss` does not."""

    pss: float
    rss: float
    processes: int


class MemoryWatch:
    """Adds up a tree of processes twice a second (Linux only: elsewhere nothing is known)."""

    def __init__(self, pid: int, *, every: float = 0.5) -> None:
        """Start nothing yet."""
        self._pid = pid
        self._every = every
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.peak: Peak | None = None

    def __enter__(self) -> MemoryWatch:
        """Begin to look."""
        self.peak = None
        self._ending.clear()
        if PROC.joinpath("self", "smaps_rollup").exists():
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """End with a last look."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(10)

    def _look(self) -> None:
        while True:
            now = tree(self._pid)
            before = self.peak or now
            self.peak = Peak(
                pss=max(before.pss, now.pss),
                rss=max(before.rss, now.rss),
                processes=max(before.processes, now.processes),
            )
            if self._ending.wait(self._every):
                return


def tree(pid: int) -> Peak:
    """Return what a process and its descendants take now."""
    pss = rss = 0
    pids = _descendants(pid)
    for one in pids:
        try:
            lines = (PROC / str(one) / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it ended meanwhile
        sizes = {line.partition(":")[0]: line.split()[1] for line in lines[1:]}
        pss += int(sizes.get("Pss", "0"))
        rss += int(sizes.get("Rss", "0"))
    return Peak(pss=pss * 1024 / 1e6, rss=rss * 1024 / 1e6, processes=len(pids))


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and its living descendants have used so far."""
    ticks = 0
    for one in _descendants(pid):
        try:
            fields = (PROC / str(one) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def settle(pid: int, *, below: float = 0.05, most: float = 20.0) -> None:
    """Wait until a tree of processes uses less than this share of one core."""
    end_at = time.monotonic() + most
    before = cpu_seconds(pid)
    while time.monotonic() < end_at:
        time.sleep(1)
        now = cpu_seconds(pid)
        if now - before < below:
            return
        before = now


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += children.get(one, [])
    return found
