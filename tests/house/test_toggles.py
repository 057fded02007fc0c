"""Every switch of something that exists is asked for where it happens; one of something that does not is nowhere."""

from __future__ import annotations

import ast

from lux.gate.toggles import BY_KEY, NOT_YET, SCHEDULED
from lux.ports.acts import QUEUED, SendEmail
from tests.house import sources

TOGGLES = sources.SRC / "gate" / "toggles"
ASKING = {"allow", "is_on", "require"}
# Channels on which something can leave: their key is made from the act's channel by `channel_key`.
CHANNELS = {"channel_email"}


def asked() -> dict[str, set[str]]:
    """Return which keys, or ways to make one, are handed to which question, outside the package itself."""
    found: dict[str, set[str]] = {}
    for path in sources.modules():
        if path.is_relative_to(TOGGLES):
            continue
        for node in ast.walk(sources.tree(path)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for argument in node.args if name in ASKING | {"_switch"} else ():
                found.setdefault(ast.unparse(argument), set()).add(path.name)
    return found


def test_what_exists_is_consulted_where_it_happens() -> None:
    """By its key, by the name for it, or by the channel of the act; each at every place that is named here."""
    found = asked()
    assert set(BY_KEY) - NOT_YET == {*CHANNELS, SCHEDULED}, "say here where the new one is consulted"
    assert {"checks.py", "automatic.py"} <= found["toggles.channel_key(act.channel)"], "leaving; test copies"
    assert {"checks.py", "decide.py", "submit.py"} <= found["toggles.SCHEDULED"], "leaving; the yes; submission"


def test_what_does_not_exist_is_nowhere_consulted() -> None:
    """Its key stands in the list of switches and what they need, and in no other module."""
    found = {
        f"{path.name}: {node.value}"
        for path in sources.modules()
        if not path.is_relative_to(TOGGLES) and "migrations" not in path.parts
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Constant) and node.value in NOT_YET
    }
    assert found == set()
    sendable = {kind for kind, shape in QUEUED.items() if shape is SendEmail}  # the others have no connector yet
    assert {
        f"channel_{kind.value.partition('_')[0]}" for kind in sendable if kind.value.endswith("_campaign")
    } == CHANNELS
