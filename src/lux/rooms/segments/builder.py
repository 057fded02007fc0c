"""The rule builder's tree: what a form holds while a rule is being made, complete or not.

Every node stands in the form as `node` (its id, in order) and as `parent.ID`; groups have `match.ID`,
conditions `what.ID`, `op.ID`, `value.ID` (may repeat), `more.ID` and the fields of `parts`. So a rule is made by plain
submit buttons as well as by a script.
"""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.segments import codec, parts
from lux.rooms.segments.catalogue import Catalogue
from lux.rooms.segments.rules import MAX_CONDITIONS, MAX_GROUPS, Match, Rule, parse_rule
from lux.rooms.segments.tree import Node

MAX_NODES = MAX_CONDITIONS + MAX_GROUPS + 10
ROOT = "0"


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
    root = codec.from_json(rule.stored()["root"], numbers)
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
    return parse_rule({"root": codec.to_json(root)})


def _problem(node: Node) -> str:
    if node.is_group:
        return "" if node.rules else _("This group is empty: add a condition, or remove the group.")
    if node.entry is None:
        if node.what:
            return _("“%(name)s” can't be asked for any more: choose something else.", name=node.name or node.what)
        return _("Choose what to ask for.")
    needs = node.operator.needs if node.operator else "none"
    if needs in {"pick", "said"} and node.first not in {value for value, _label in node.entry.options}:
        return _("“%(name)s” was deleted: choose another one.", name=node.name) if node.name else _("Choose one.")
    try:
        parse_rule({"root": {"kind": "group", "match": "all", "rules": [codec.to_json(node)]}})
    except InvalidInput as error:
        first = error.problems[0]
        return f"{first.message} {first.fix}".strip()
    return ""


def _node(node_id: str, data: MultiDict[str, str]) -> Node:
    if f"match.{node_id}" in data:
        return Node(id=node_id, match=_match(data[f"match.{node_id}"]))
    node = Node(
        id=node_id,
        what=data.get(f"what.{node_id}", ""),
        op=data.get(f"op.{node_id}", ""),
        value=[value.strip() for value in data.getlist(f"value.{node_id}")][:200],
        more=data.get(f"more.{node_id}", "").strip(),
        parts={name: data[key].strip()[:500] for name in parts.NAMES if (key := f"{name}.{node_id}") in data},
        name=data.get(f"name.{node_id}", ""),
    )
    if data.get(f"was.{node_id}", node.what) != node.what:  # another subject: its comparison and value are gone
        node.op, node.value, node.more, node.name, node.parts = "", [], "", "", {}
    return node


def _match(text: str) -> str:
    return text if text in set(Match) else Match.ALL.value


def _prepare(root: Node, catalogue: Catalogue) -> None:
    """Tie conditions to the catalogue; an operator that does not fit becomes the first one that does."""
    for node in root.walk():
        if node.is_group:
            continue
        node.entry = catalogue.get(node.what)
        if node.operator is None and "when" not in node.parts:
            node.parts["when"] = parts.when_of({**node.parts, "more": node.more})
        if node.entry is None:
            continue
        fitting = {operator.key: operator for operator in node.entry.operators}
        node.operator = fitting.get(node.op) or node.entry.operators[0]
        node.op = node.operator.key
