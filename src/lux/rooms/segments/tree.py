"""A rule's tree as the builder's form holds it: groups and conditions, complete or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lux.kit.i18n import gettext as _
from lux.rooms.segments.catalogue import Entry, Options
from lux.rooms.segments.operators import Operator


@dataclass(kw_only=True)
class Node:
    """A group or a condition as the form shows it."""

    id: str
    match: str = ""  # of a group
    rules: list[Node] = field(default_factory=list)
    what: str = ""  # of a condition, as the rest
    op: str = ""
    value: list[str] = field(default_factory=list)
    more: str = ""
    parts: dict[str, str] = field(default_factory=dict)  # see `parts`
    name: str = ""  # how the thing named by `value` was called when it was saved
    problem: str = ""
    is_fresh: bool = False  # just added: the cursor goes there
    entry: Entry | None = None
    operator: Operator | None = None

    @property
    def is_group(self) -> bool:
        """Say whether this node holds others."""
        return bool(self.match)

    @property
    def first(self) -> str:
        """Return the one value of a condition that takes one."""
        return self.value[0] if self.value else ""

    def options(self, choices: Options) -> list[tuple[str, str]]:
        """Return choices, with a chosen one that is gone shown as such."""
        known = {value for value, _label in choices}
        gone = [(v, _("%(name)s (deleted)", name=self.name or v)) for v in self.value if v and v not in known]
        return [*choices, *gone]

    def with_present(self, choices: Options, part: str) -> list[tuple[str, str]]:
        """Return choices, with the present one that is not among them."""
        present = self.parts.get(part, "")
        is_there = not present or present in {value for value, _label in choices}
        return [*choices] if is_there else [*choices, (present, present)]

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, parents first."""
        yield self
        for child in self.rules:
            yield from child.walk()
