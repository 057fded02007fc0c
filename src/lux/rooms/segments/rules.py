"""The stored form of a rule, version 1: groups of conditions and groups (docs/rooms/segments.md)."""

import enum
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.segments.conditions import Condition
from lux.rooms.segments.operands import RuleModel
from lux.ui.parsing import parse

MAX_DEPTH = 6  # groups inside groups, the outermost included
MAX_CONDITIONS = 50
MAX_GROUPS = 50


class Match(enum.StrEnum):
    """How a group joins what is in it."""

    ALL = "all"  # and
    ANY = "any"  # or
    NONE = "none"  # not one of them
    NOT_ALL = "not_all"  # at least one is false


class Group(RuleModel):
    """Conditions and groups, joined."""

    kind: Literal["group"] = "group"
    match: Match
    rules: tuple["Node", ...] = Field(min_length=1, max_length=MAX_CONDITIONS)


Node = Annotated[Group | Condition, Field(discriminator="kind")]


class Rule(RuleModel):
    """A whole rule."""

    version: Literal[1] = 1
    root: Group

    def conditions(self) -> Iterator[Condition]:
        """Yield every condition, from left to right."""
        yield from _conditions(self.root)

    def stored(self) -> dict[str, Any]:
        """Return the JSON form."""
        return self.model_dump(mode="json")


def parse_rule(raw: Mapping[str, Any]) -> Rule:
    """Read a rule from its JSON form; raises InvalidInput naming what is wrong."""
    check_size(raw.get("root"))
    return parse(Rule, raw)


def check_size(root: object) -> None:
    """Refuse a tree that is too deep or too large, before anything walks it recursively."""
    level: list[object] = [root]
    depth = conditions = group_count = 0
    while level := [node for node in level if isinstance(node, Mapping)]:
        groups = [node for node in level if node.get("kind") == "group"]
        conditions += len(level) - len(groups)
        group_count += len(groups)
        depth += 1
        if conditions > MAX_CONDITIONS or group_count > MAX_GROUPS:
            raise InvalidInput(
                field="rule",
                message=_("The rule has more than %(n)s conditions or groups.", n=MAX_CONDITIONS),
                fix=_("Put a part of it into a tag or a static segment and ask for that."),
            )
        if groups and depth > MAX_DEPTH:
            raise InvalidInput(
                field="rule",
                message=_("Groups stand more than %(n)s deep.", n=MAX_DEPTH),
                fix=_("Move the innermost conditions one group up."),
            )
        level = [child for node in groups for child in _children(node)]


def _children(node: Mapping[str, Any]) -> list[object]:
    found = node.get("rules")
    return list(found) if isinstance(found, list | tuple) else []


def _conditions(group: Group) -> Iterator[Condition]:
    for node in group.rules:
        if isinstance(node, Group):
            yield from _conditions(node)
        else:
            yield node
