"""A module says what it is about; a drawer for everything says nothing."""

from __future__ import annotations

from tests.house import sources

FORBIDDEN = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}


def test_no_module_is_a_drawer_for_everything():
    named = [
        sources.name_of(path)
        for path in sources.modules()
        if FORBIDDEN & {*path.stem.split("_"), *path.parent.name.split("_")}
    ]
    assert not named
