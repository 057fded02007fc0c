"""Child processes, and a second runner: only ids travel to them, and they win the rows themselves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, cast

from lux.kit.jobs import bell
from lux.kit.jobs.publisher import Publisher, Resender

ROOT = Path(__file__).resolve().parents[3]


class Child:
    """A process that can be killed, frozen and woken."""

    def __init__(self, pid: int, stdin: IO[str], stdout: IO[str]) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.name = stdout.readline().strip()  # the worker's, printed when it is ready

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    @property
    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait(self, seconds: float = 15) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_alive and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.is_alive

    def kill(self) -> None:
        """End it as a power cut would."""
        self.signal(signal.SIGKILL)
        assert self.wait()

    def end(self) -> None:
        """Ask it to stop, and see to it that it does."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        with contextlib.suppress(OSError):
            self.stdin.close()
        if not self.wait():
            self.kill()
        self.stdout.close()


class Nursery:
    """A process that has imported everything and forks children within milliseconds."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.jobs.child"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, role: str, home: Path, url: str, broker: str = "") -> Child:
        """Start a child and wait until it is ready."""
        home.mkdir(parents=True, exist_ok=True)
        pipe = home / f"pipe-{time.monotonic_ns()}"
        ends = [f"{pipe}.in", f"{pipe}.out"]
        for end in ends:
            os.mkfifo(end)
        order = {"role": role, "home": str(home), "url": url, "broker": broker, "pipe": str(pipe)}
        cast("IO[str]", self._process.stdin).write(json.dumps(order) + "\n")
        cast("IO[str]", self._process.stdin).flush()
        pid = int(cast("IO[str]", self._process.stdout).readline())
        return Child(pid, Path(ends[0]).open("w", encoding="utf-8"), Path(ends[1]).open(encoding="utf-8"))

    def end(self) -> None:
        self._process.communicate(timeout=15)


class ProcessRunner:
    """Hands ids to a few processes; told by the bell and by the clock's sweep, as a message broker would be."""

    def __init__(self, start: Callable[[], Child], *, size: int = 6) -> None:
        self._children = [start() for _number in range(size)]
        self._busy: dict[int, set[int]] = {number: set() for number in range(size)}
        self._lock = threading.Lock()
        self._is_ended = False
        self._unlisten = bell.listen(self.offer)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for number, child in enumerate(self._children):
            thread = threading.Thread(target=self._listen, args=(number, child), daemon=True)
            thread.start()
            self._threads.append(thread)

    def offer(self, job_ids: Sequence[int]) -> None:
        with self._lock:
            for job_id in job_ids:
                idle = [number for number, busy in self._busy.items() if not busy]
                if not idle or self._is_ended or any(job_id in busy for busy in self._busy.values()):
                    continue  # the sweep offers it again
                self._busy[idle[0]].add(job_id)
                self._children[idle[0]].stdin.write(f"{job_id}\n")
                self._children[idle[0]].stdin.flush()

    def stop(self, seconds: float) -> bool:
        self._unlisten()
        with self._lock:
            self._is_ended = True
        for child in self._children:
            child.signal(signal.SIGTERM)
            child.stdin.close()
        is_complete = all(child.wait(seconds) for child in self._children)
        for thread in self._threads:
            thread.join(5)
        for child in self._children:
            child.end()
        return is_complete

    def _listen(self, number: int, child: Child) -> None:
        for line in child.stdout:
            with self._lock:
                self._busy[number].discard(int(line))


class BrokerRunner:
    """Celery workers in processes of their own behind a real broker; this process is pages and clock."""

    def __init__(self, start: Callable[[], Child], publisher: Publisher, resender: Resender, *, size: int = 2) -> None:
        self._children = [start() for _number in range(size)]
        self._publisher = publisher
        self._resender = resender

    def start(self) -> None:
        self._publisher.start()

    def offer(self, job_ids: Sequence[int]) -> None:
        self._resender.offer(job_ids)

    def stop(self, seconds: float) -> bool:
        self._publisher.stop(seconds)
        self._resender.stop(seconds)
        for child in self._children:
            child.signal(signal.SIGTERM)
        is_complete = all(child.wait(seconds) for child in self._children)
        for child in self._children:
            child.end()
        return is_complete
