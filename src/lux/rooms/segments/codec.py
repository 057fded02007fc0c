"""Turns nodes of the builder's tree into the stored form of a rule, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lux.rooms.segments import parts
from lux.rooms.segments.catalogue import MOMENT_KINDS
from lux.rooms.segments.operators import Operator
from lux.rooms.segments.tree import Node


def to_json(node: Node) -> dict[str, Any]:
    """Return a node in stored form; incomplete ones are refused when that is read."""
    if node.is_group:
        return {"kind": "group", "match": node.match, "rules": [to_json(child) for child in node.rules]}
    entry, operator = node.entry, node.operator
    if entry is None or operator is None:
        return {}
    area, _dot, name = node.what.partition(".")
    if area in {"field", "custom"}:
        key = "field" if area == "field" else "key"
        return {"kind": area, key: name, "test": _test(node, entry.kind, operator)}
    return _WRITERS[area](node, name, operator)


def _activity(node: Node, event: str, operator: Operator) -> dict[str, Any]:
    base = {"kind": "email_activity", "op": operator.key, "event": event, "campaign": node.first or None}
    found = parts.happening({**node.parts, "more": node.more})
    when = found["when"]
    if when and (when["op"], when.get("unit"), found["which"]) == ("in_last", "days", "any"):
        return {**base, **found, "when": None, "days": when["days"]}
    return base | found


def _fact(node: Node, event: str, operator: Operator) -> dict[str, Any]:
    found = parts.happening({**node.parts, "more": node.more})
    return {"kind": "fact", "op": operator.key, "event": event, "property": parts.property_of(node.parts), **found}


def _orders(node: Node, measure: str, operator: Operator) -> dict[str, Any]:
    upper = node.parts.get("upper") or None
    test = {"type": "number", "op": operator.key, "value": node.first or None}
    test |= {"upper": upper} if operator.key == "between" else {}
    currency = "" if measure == "count" else node.parts.get("currency", "")
    when = parts.window({**node.parts, "more": node.more})
    return {"kind": "orders", "measure": measure, "test": test, "currency": currency, "when": when}


def _score(node: Node, score: str, operator: Operator) -> dict[str, Any]:
    return {"kind": "score", "score": score, "test": _test(node, "number", operator)}


def _consent(node: Node, channel: str, operator: Operator) -> dict[str, Any]:
    source = node.parts.get("source", "")
    return {
        "kind": "consent",
        "op": operator.key,
        "channel": channel or "email",
        "state": node.first,
        "when": parts.window({**node.parts, "more": node.more}),
        "source": {"type": "text", "op": "contains", "value": source} if source else None,
    }


def _suppression(_node: Node, channel: str, operator: Operator) -> dict[str, Any]:
    return {"kind": "suppression", "op": operator.key, "channel": channel or "email"}


def _picked(node: Node, _name: str, operator: Operator) -> dict[str, Any]:
    return {"kind": node.what, "op": operator.key, node.what: node.first}


_WRITERS: Mapping[str, Callable[[Node, str, Operator], dict[str, Any]]] = {
    "email": _activity,
    "fact": _fact,
    "orders": _orders,
    "score": _score,
    "consent": _consent,
    "suppression": _suppression,
    "tag": _picked,
    "segment": _picked,
}


def _test(node: Node, kind: str, operator: Operator) -> dict[str, Any]:
    values: Mapping[str, dict[str, Any]] = {
        "none": {},
        "text": {"value": node.first},
        "choices": {"values": [value for value in node.value if value]},
        "number": {"value": node.first or None},
        "range": {"value": node.first or None, "upper": node.more or None},
        "day": {"day": node.first or None},
        "span": {"day": node.first or None, "until": node.more or None},
        "reach": {"days": node.first or None, "unit": node.parts.get("unit") or "days"},
        "days": {"days": node.first or None},
    }
    return {"type": kind, "op": operator.key, **values[operator.needs]}


def from_json(raw: Mapping[str, Any], numbers: Iterator[int]) -> Node:
    """Return the tree of a stored rule; its nodes are numbered."""
    node = Node(id=str(next(numbers)))
    if raw["kind"] == "group":
        node.match = raw["match"]
        node.rules = [from_json(child, numbers) for child in raw["rules"]]
        return node
    kind, test = raw["kind"], raw.get("test") or {}
    channel = "" if raw.get("channel") == "email" else f".{raw.get('channel')}"
    whats = {
        "field": f"field.{raw.get('field')}",
        "custom": f"custom.{raw.get('key')}",
        "email_activity": f"email.{raw.get('event')}",
        "fact": f"fact.{raw.get('event')}",
        "orders": f"orders.{raw.get('measure')}",
        "score": f"score.{raw.get('score')}",
        "consent": f"consent{channel}",
        "suppression": f"suppression{channel}",
    }
    node.what = whats.get(kind, kind)
    node.op, node.name = test.get("op") or raw["op"], raw.get("name") or ""
    if kind in {"email_activity", "fact"}:
        node.value, node.parts = [raw.get("campaign") or ""], parts.of_happening(raw)
        node.more = node.parts.get("more", "")
    elif test:
        node.value, node.more = _values(test)
        node.parts = {"unit": test.get("unit") or "days"}
    else:
        node.value = [raw.get("tag") or raw.get("segment") or raw.get("state") or ""]
    if kind in {"orders", "consent"}:
        node.parts = {**parts.of_window(raw["when"]), "upper": node.more, "currency": raw.get("currency") or ""}
        node.parts["source"] = (raw.get("source") or {}).get("value", "")
        node.more = node.parts.get("more", "")
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
