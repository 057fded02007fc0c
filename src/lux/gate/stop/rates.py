"""When a rate is too high: the plain rate over a large enough sample, below it only what chance can't explain."""

from __future__ import annotations

import math
from typing import Final

PER: Final = 100_000  # thresholds are counted in parts of this: 300 = 0.3 %
FEWEST: Final = 50  # nothing is concluded from fewer messages
FEW: Final = 3  # nor from fewer cases
CHANCE: Final = 0.001  # how likely a sample may be that comes from a rate just at the threshold


def is_too_high(count: int, total: int, *, threshold: int, minimum: int) -> bool:
    """Say whether `count` of `total` is more than `threshold` (per 100,000).

    From `minimum` on the plain rate decides. Below it a few cases weigh too much: there the sample has to be one that a
    rate at the threshold would show less than once in a thousand times.
    """
    if total < FEWEST or count < FEW or count * PER <= threshold * total:
        return False
    return total >= minimum or tail(count, total, threshold / PER) < CHANCE


def tail(count: int, total: int, share: float) -> float:
    """Return how likely at least `count` of `total` are, when each has the chance `share` (binomial, exact)."""
    if count <= 0:
        return 1.0
    if share >= 1 or share <= 0:
        return float(share >= 1 and count <= total)
    below = math.fsum(
        math.exp(_log_choose(total, k) + k * math.log(share) + (total - k) * math.log1p(-share)) for k in range(count)
    )
    return max(0.0, 1.0 - below)


def _log_choose(total: int, k: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
