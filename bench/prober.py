"""Somebody who uses the pages all the time, and how long each answer takes."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

TIMEOUT = 30.0


@dataclass(frozen=True, kw_only=True)
class Latency:
    """What one page did in one phase; milliseconds."""

    page: str
    count: int
    p50: float
    p95: float
    worst: float
    failures: int


@dataclass(frozen=True, kw_only=True)
class Request:
    """One thing to ask for again and again; with fields it is a POST."""

    page: str
    path: str
    fields: Callable[[], Mapping[str, str]] | None = None


class Prober:
    """A thread per page, each asking at its own fixed beat, whatever the others wait for.

    A beat that is missed because an answer took longer is left out; the long answer itself is counted.
    """

    def __init__(self, base_url: str, cookies: str, requests: list[Request], *, beat: float = 0.15) -> None:
        """Start nothing yet; `beat`: seconds between two requests, over all pages."""
        parts = urlsplit(base_url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._headers = {
            "Cookie": cookies, "User-Agent": "Mozilla/5.0 (bench)", "Accept": "text/html", "Origin": base_url,
        }  # fmt: skip
        self._requests = requests
        self._period = beat * len(requests)
        self._lock = threading.Lock()
        self._times: dict[str, list[float]] = defaultdict(list)
        self._failures: dict[str, list[str]] = defaultdict(list)
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Prober:
        """Begin a phase."""
        self._times.clear()
        self._failures.clear()
        self._ending.clear()
        self._threads = [
            threading.Thread(target=self._ask, args=(one, number * self._period / len(self._requests)), daemon=True)
            for number, one in enumerate(self._requests)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """End the phase; what is under way is still counted."""
        self._ending.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 5)

    def latencies(self) -> list[Latency]:
        """Return the figures of the phase that ended."""
        return [self._latency(one.page) for one in self._requests if self._times[one.page] or self._failures[one.page]]

    def failures(self) -> list[str]:
        """Return what went wrong, in words."""
        return [f"{page}: {words}" for page, found in self._failures.items() for words in found]

    def _latency(self, page: str) -> Latency:
        times = sorted(self._times[page]) or [0.0]
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        failures = len(self._failures[page])
        return Latency(
            page=page, count=len(times), p50=statistics.median(times), p95=p95, worst=times[-1], failures=failures
        )

    def _ask(self, request: Request, first: float) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT)
        beat = 0
        start = time.perf_counter() + first
        while not self._ending.wait(max(0.0, start + beat * self._period - time.perf_counter())):
            began = time.perf_counter()
            problem = self._once(connection, request)
            took = time.perf_counter() - began
            with self._lock:
                self._times[request.page].append(took * 1000)
                if problem:
                    self._failures[request.page].append(problem)
            beat = max(beat + 1, int((time.perf_counter() - start) / self._period) + 1)
        connection.close()

    def _once(self, connection: http.client.HTTPConnection, request: Request) -> str:
        try:
            if request.fields is None:
                connection.request("GET", request.path, headers=self._headers)
            else:
                headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", request.path, urlencode(request.fields()), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return repr(error)
        wanted = 200 if request.fields is None else 303
        return "" if answer.status == wanted else f"status {answer.status}"
