"""The rule builder's tree: what a form holds while a rule is being made, complete or not.

Every node stands in the form as `node` (its id, in order) and as `parent.ID`; groups have `match.ID`,
conditions `what.ID`, `op.ID`, `value.ID` (may repeat) and `more.ID`. So a rule is made by plain
submit buttons as well as by a script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.segments.catalogue import MOMENT_KINDS, Catalogue, Entry, Options
from lux.rooms.segments.operators import Operator
from lux.rooms.segments.rules import MAX_CONDITIONS, MAX_GROUPS, Match, Rule, parse_rule

MAX_NODES = MAX_CONDITIONS + MAX_GROUPS + 10
ROOT = "0"


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

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, parents first."""
        yield self
        for child in self.rules:
            yield from child.walk()


def empty_tree() -> Node:
    """Return what a new rule begins with: one group, one condition."""
    return Node(id=ROOT, match=Match.ALL.value, rules=[Node(id="1")])


def from_form(data: MultiDict[str, str], catalogue: Catalogue) -> Node:
    """Read the tree from a posted form; what does not belong to it is ignored."""
    nodes: dict[str, Node] = {}
    root = Node(id=ROOT, match=_match(data.get(f"match.{ROOT}", "")))
    nodes[ROOT] = root
    for node_id in data.getlist("node")[:MAX_NODES]:
        parent = nodes.get(data.get(f"parent.{node_id}", ""))
        if parent is None or not parent.is_group or node_id in nodes or not node_id.isalnum():
            continue
        node = _node(node_id, data)
        nodes[node_id] = node
        parent.rules.append(node)
    _prepare(root, catalogue)
    return root


def from_rule(rule: Rule, catalogue: Catalogue) -> Node:
    """Return the tree of a stored rule."""
    numbers = iter(range(1_000_000))
    root = _from_json(rule.stored()["root"], numbers)
    _prepare(root, catalogue)
    return root


def apply(root: Node, command: str) -> None:
    """Do what a button of the form says: `add:ID`, `group:ID`, `remove:ID`; anything else changes nothing."""
    verb, _sign, node_id = command.partition(":")
    by_id = {node.id: node for node in root.walk()}
    node = by_id.get(node_id)
    fresh = str(max(int(key) for key in by_id if key.isdecimal()) + 1)
    if node is None:
        return
    if verb == "add" and node.is_group:
        node.rules.append(Node(id=fresh, is_fresh=True))
    elif verb == "group" and node.is_group:
        inner = Node(id=str(int(fresh) + 1), is_fresh=True)
        node.rules.append(Node(id=fresh, match=Match.ANY.value, rules=[inner]))
    elif verb == "remove":
        for other in by_id.values():
            other.rules = [child for child in other.rules if child is not node]


def problems(root: Node) -> dict[str, str]:
    """Return node id → what keeps the rule from being finished; empty = it is complete."""
    return {node.id: problem for node in root.walk() if (problem := _problem(node))}


def mark(root: Node) -> None:
    """Write each node's problem into the tree, for a form that was refused."""
    found = problems(root)
    for node in root.walk():
        node.problem = found.get(node.id, "")


def build(root: Node) -> Rule:
    """Return the finished rule; raises InvalidInput when something is missing."""
    if problems(root):
        raise InvalidInput(
            field="rule",
            message=_("The rule is not finished."),
            fix=_("Complete the conditions that are marked."),
        )
    return parse_rule({"root": _json(root)})


def _problem(node: Node) -> str:
    if node.is_group:
        return "" if node.rules else _("This group is empty: add a condition, or remove the group.")
    if node.entry is None:
        if node.what:
            return _("“%(name)s” can't be asked for any more: choose something else.", name=node.name or node.what)
        return _("Choose what to ask for.")
    needs = node.operator.needs if node.operator else "none"
    if needs == "pick" and node.first not in {value for value, _label in node.entry.options}:
        return _("“%(name)s” was deleted: choose another one.", name=node.name) if node.name else _("Choose one.")
    try:
        parse_rule({"root": {"kind": "group", "match": "all", "rules": [_json(node)]}})
    except InvalidInput as error:
        first = error.problems[0]
        return f"{first.message} {first.fix}".strip()
    return ""


def _json(node: Node) -> dict[str, Any]:
    if node.is_group:
        return {"kind": "group", "match": node.match, "rules": [_json(child) for child in node.rules]}
    entry, operator = node.entry, node.operator
    if entry is None or operator is None:
        return {}
    area, _dot, name = node.what.partition(".")
    if area in {"field", "custom"}:
        key = "field" if area == "field" else "key"
        return {"kind": area, key: name, "test": _test(node, entry.kind, operator)}
    if area == "email":
        return {
            "kind": "email_activity",
            "op": operator.key,
            "event": name,
            "campaign": node.first or None,
            "days": node.more or None,
        }
    named = {"tag": "tag", "segment": "segment", "consent": "state"}
    chosen = {named[area]: node.first} if area in named else {}
    return {"kind": area, "op": operator.key, **chosen}


def _test(node: Node, kind: str, operator: Operator) -> dict[str, Any]:
    values: Mapping[str, dict[str, Any]] = {
        "none": {},
        "text": {"value": node.first},
        "choices": {"values": [value for value in node.value if value]},
        "number": {"value": node.first or None},
        "range": {"value": node.first or None, "upper": node.more or None},
        "day": {"day": node.first or None},
        "span": {"day": node.first or None, "until": node.more or None},
        "reach": {"days": node.first or None},
    }
    return {"type": kind, "op": operator.key, **values[operator.needs]}


def _from_json(raw: Mapping[str, Any], numbers: Iterator[int]) -> Node:
    node = Node(id=str(next(numbers)))
    if raw["kind"] == "group":
        node.match = raw["match"]
        node.rules = [_from_json(child, numbers) for child in raw["rules"]]
        return node
    kind, test = raw["kind"], raw.get("test") or {}
    whats = {"field": f"field.{raw.get('field')}", "custom": f"custom.{raw.get('key')}"}
    node.what = f"email.{raw['event']}" if kind == "email_activity" else whats.get(kind, kind)
    node.op, node.name = test.get("op") or raw["op"], raw.get("name") or ""
    if kind == "email_activity":
        node.value, node.more = [raw["campaign"] or ""], _shown(raw["days"])
    elif kind in whats:
        node.value, node.more = _values(test)
    else:
        node.value = [raw.get("tag") or raw.get("segment") or raw.get("state") or ""]
    return node


def _values(test: Mapping[str, Any]) -> tuple[list[str], str]:
    if test["type"] == "choice":
        return list(test["values"]), ""
    if test["type"] in MOMENT_KINDS:
        first = test["days"] if test["days"] is not None else test["day"]
        return [_shown(first)], _shown(test["until"])
    return [_shown(test.get("value"))], _shown(test.get("upper"))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)


def _node(node_id: str, data: MultiDict[str, str]) -> Node:
    if f"match.{node_id}" in data:
        return Node(id=node_id, match=_match(data[f"match.{node_id}"]))
    node = Node(
        id=node_id,
        what=data.get(f"what.{node_id}", ""),
        op=data.get(f"op.{node_id}", ""),
        value=[value.strip() for value in data.getlist(f"value.{node_id}")][:200],
        more=data.get(f"more.{node_id}", "").strip(),
        name=data.get(f"name.{node_id}", ""),
    )
    if data.get(f"was.{node_id}", node.what) != node.what:  # another subject: its comparison and value are gone
        node.op, node.value, node.more, node.name = "", [], "", ""
    return node


def _match(text: str) -> str:
    return text if text in set(Match) else Match.ALL.value


def _prepare(root: Node, catalogue: Catalogue) -> None:
    """Tie conditions to the catalogue; an operator that does not fit becomes the first one that does."""
    for node in root.walk():
        if node.is_group:
            continue
        node.entry = catalogue.get(node.what)
        if node.entry is None:
            continue
        fitting = {operator.key: operator for operator in node.entry.operators}
        node.operator = fitting.get(node.op) or node.entry.operators[0]
        node.op = node.operator.key
