"""Keeps a storm of one error from becoming a storm of writes: one a second is kept, the rest is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Final

import structlog

from lux.kit import clock

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 1.0
_MOST_KEYS: Final = 2_000

Write = Callable[[int], None]


class Pace:
    """Lets the first of each key pass, and the count of those that follow within a second."""

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._last: dict[Hashable, float] = {}
        self._waiting: dict[Hashable, int] = {}

    def let(self, key: Hashable, *, write: Write, count: Write) -> None:
        """Call `write(1)` now, or `count(number)` once the pause is over."""
        now = clock.monotonic()
        with self._lock:
            last = self._last.get(key)
            if last is not None and now - last < self._pause:
                is_first = key not in self._waiting
                self._waiting[key] = self._waiting.get(key, 0) + 1
                if is_first:
                    self._start_timer(key, self._pause - (now - last), count)
                return
            if len(self._last) >= _MOST_KEYS:
                self._last.clear()
            self._last[key] = now
        write(1)

    def _start_timer(self, key: Hashable, seconds: float, count: Write) -> None:
        timer = threading.Timer(seconds, self._flush, args=(key, count))
        timer.daemon = True
        timer.start()

    def _flush(self, key: Hashable, count: Write) -> None:
        with self._lock:
            number = self._waiting.pop(key, 0)
        try:
            count(number)
        except Exception:  # the counts of a storm are lost; the log knows
            log.exception("error_count_failed", number=number)
