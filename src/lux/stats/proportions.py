"""Do two shares differ by more than chance? The two-proportion z-test, with what keeps it honest."""

from __future__ import annotations

import math
from dataclasses import dataclass

ALPHA = 0.05  # how often chance alone may pass for a difference, over all comparisons made together
LEAST_EXPECTED = 5  # of each kind in each group: below, the normal approximation does not hold


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How two shares compare; a p-value of None = too few to tell."""

    first: float
    second: float
    first_n: int
    second_n: int
    p_value: float | None
    alpha: float  # what the p-value is held against

    @property
    def is_significant(self) -> bool | None:
        """Say whether chance alone is an unlikely explanation; None = too few to tell."""
        return None if self.p_value is None else self.p_value < self.alpha


def compare(
    first: int, first_n: int, second: int, second_n: int, *, comparisons: int = 1, alpha: float = ALPHA
) -> Difference:
    """Compare `first` of `first_n` with `second` of `second_n`, two-sided; raises ValueError for impossible counts.

    z = (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2)), p pooled: NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3
    (https://www.itl.nist.gov/div898/handbook/prc/section3/prc33.htm). With several comparisons alpha is divided by
    their number (Bonferroni). Fewer than five expected in a group: no answer.
    """
    for part, whole in ((first, first_n), (second, second_n)):
        if not 0 <= part <= whole:
            raise ValueError(f"{part} of {whole} is no share")
    if comparisons < 1:
        raise ValueError("there is at least one comparison")
    share_1, share_2 = _share(first, first_n), _share(second, second_n)
    return Difference(
        first=share_1, second=share_2, first_n=first_n, second_n=second_n,
        p_value=_p_value(first, first_n, second, second_n), alpha=alpha / comparisons,
    )  # fmt: skip


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _p_value(first: int, first_n: int, second: int, second_n: int) -> float | None:
    if not first_n or not second_n:
        return None
    pooled = (first + second) / (first_n + second_n)
    if min(first_n, second_n) * min(pooled, 1 - pooled) < LEAST_EXPECTED:
        return None
    error = math.sqrt(pooled * (1 - pooled) * (1 / first_n + 1 / second_n))
    return math.erfc(abs(first / first_n - second / second_n) / error / math.sqrt(2))
