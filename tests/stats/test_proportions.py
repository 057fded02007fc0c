"""The two-proportion test against worked values and its own symmetries."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.stats.proportions import compare

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("first", "second", "p_value"),
    [
        # z by hand: 120/1000 against 90/1000: 0.03 / sqrt(.105 * .895 * .002) = 2.1883
        ((120, 1000), (90, 1000), 0.02865),
        ((50, 100), (50, 100), 1.0),
        # 41/200 against 25/180: 0.066111 / sqrt(.173684 * .826316 * .0105556) = 1.6986
        ((41, 200), (25, 180), 0.0894),
    ],
)
def test_worked_values(first: tuple[int, int], second: tuple[int, int], p_value: float) -> None:
    found = compare(*first, *second).p_value
    assert found is not None
    assert math.isclose(found, p_value, rel_tol=5e-3)


def test_several_comparisons_ask_for_more() -> None:
    assert compare(120, 1000, 90, 1000).is_significant is True
    assert compare(120, 1000, 90, 1000, comparisons=5).is_significant is False


@pytest.mark.parametrize(("first", "second"), [((1, 10), (4, 10)), ((0, 0), (5, 10)), ((0, 1000), (0, 1000))])
def test_too_few_to_tell(first: tuple[int, int], second: tuple[int, int]) -> None:
    assert compare(*first, *second).is_significant is None


@pytest.mark.parametrize("counts", [(5, 4, 1, 2), (-1, 4, 1, 2), (1, 4, 3, 2)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="is no share"):
        compare(*counts)


@given(first=counts, second=counts)
def test_the_order_does_not_matter_and_a_p_value_is_a_probability(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    one, other = compare(*first, *second).p_value, compare(*second, *first).p_value
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert math.isclose(one, other, abs_tol=1e-12)
        assert 0 <= one <= 1
