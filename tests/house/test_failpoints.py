"""Every named point of the fault drills is a real function of the product, and the product knows nothing of them."""

from __future__ import annotations

import inspect

import pytest

from tests.faults.cases import CASES
from tests.faults.failpoints import ACTIONS, resolve
from tests.faults.points import BY_NAME, POINTS
from tests.faults.test_torture import GROUPS
from tests.house import sources

LEAST = 25


@pytest.mark.parametrize("target", sorted({point.target for point in POINTS}))
def test_every_point_exists(target):
    _owner, _name, function = resolve(target)
    assert inspect.isfunction(function), f"{target} has moved: correct tests/faults/points.py"
    around_commit = [point for point in POINTS if point.target == target and point.moment.startswith("commit")]
    if around_commit:
        names = {str(one.annotation) for one in inspect.signature(function).parameters.values()}
        assert names & {"Session", "Taking"}, f"{target} is not handed its session"


def test_there_are_enough_points_and_a_kill_at_each():
    assert len(BY_NAME) == len(POINTS) >= LEAST
    assert len({case.name for case in CASES if "sqlite" in case.databases}) >= len(POINTS)
    names = [case.name for case in CASES]
    assert {f"kill.{point.name}" for point in POINTS} <= set(names)
    assert {"send", "import", "track", "cron"} <= {point.path for point in POINTS}
    assert {case.fault for case in CASES} >= set(ACTIONS) - {"kill", "freeze"}


def test_what_ci_runs_is_there():
    names = {case.name for case in CASES}
    assert {name for group in GROUPS for name in group} <= names


def test_the_product_has_no_hooks_for_drills():
    words = ("LUX_DRILL", "failpoint", "tests.faults")
    found = [path.name for path in sources.modules() if any(word in path.read_text("utf-8") for word in words)]
    assert found == []
