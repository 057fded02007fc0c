"""The second lock: a Permit is made in one place, so every acting verb is called from there."""

from __future__ import annotations

import ast

from tests.house import sources

MAKER = "src/lux/gate/dispatch.py"


def makes_a_permit(node):
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name == "Permit"


def test_only_dispatch_makes_a_permit():
    makers = {
        sources.name_of(path)
        for path in sources.modules()
        if any(makes_a_permit(node) for node in ast.walk(sources.tree(path)))
    }
    expected = {MAKER} if (sources.ROOT / MAKER).exists() else set()
    assert makers == expected


def test_nothing_makes_one_by_a_back_door():
    """Copying, unpickling and bypassing the constructor are other ways to make one."""
    doors = {"copy.replace", "dataclasses.replace", "pickle.loads", "copy.copy", "copy.deepcopy"}
    found = [
        f"{sources.name_of(path)}:{line} {name}"
        for path in sources.modules()
        if any(name.endswith(".Permit") for _, name in sources.uses(path))
        for line, name in sources.uses(path)
        if name in doors
    ]
    assert not found
