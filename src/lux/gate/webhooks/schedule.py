"""When a failed call is tried again, and when an address has failed for too long; pure."""

from __future__ import annotations

import datetime as dt
import random
from typing import Final

MINUTE: Final = 60.0
HOUR: Final = 3600.0
WAITS: Final = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR, 20 * HOUR, 40 * HOUR)  # 8 tries over 3 days
TRIES: Final = len(WAITS) + 1
JITTER: Final = 0.1
PATIENCE: Final = dt.timedelta(days=5)  # of failure without one success: then the subscription is switched off
KEPT: Final = dt.timedelta(days=30)  # what can be sent again
STREAK: Final = 3  # failures in a row after which an address gets a rest
LONGEST_REST: Final = 15 * MINUTE


def wait_after(tries: int, retry_after: float | None) -> float | None:
    """Return the seconds until the next try, None when there is none; the address's own wish is obeyed."""
    if tries >= TRIES:
        return None
    own = WAITS[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spread, not secrecy
    return max(own, retry_after or 0.0)


def rest_after(streak: int) -> float:
    """Return the seconds of rest after failures in a row; 0 = none."""
    return 0.0 if streak < STREAK else min(LONGEST_REST, 10.0 * 2 ** min(streak - STREAK, 10))


def is_hopeless(failing_since: dt.datetime | None, now: dt.datetime) -> bool:
    """Say whether an address has failed for so long that it is switched off."""
    return failing_since is not None and now - failing_since >= PATIENCE
