"""What a stored rule may be: bounded, complete, and nothing unknown in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from lux.kit.errors import InvalidInput
from lux.rooms.segments import builder
from lux.rooms.segments.catalogue import Catalogue, Entry
from lux.rooms.segments.rules import MAX_CONDITIONS, MAX_DEPTH, MAX_GROUPS, parse_rule

TAG = "019f0000-0000-7000-8000-000000000000"


def group(*rules: Any, match: str = "all") -> dict[str, Any]:
    return {"kind": "group", "match": match, "rules": list(rules)}


def city(**test: Any) -> dict[str, Any]:
    return {"kind": "field", "field": "city", "test": {"type": "text", "op": "is", "value": "Berlin", **test}}


def problem_of(root: Any) -> str:
    with pytest.raises(InvalidInput) as refused:
        parse_rule({"root": root})
    return " ".join(f"{p.message} {p.fix}" for p in refused.value.problems) or refused.value.message


def test_a_rule_comes_back_as_it_was_stored():
    stored = parse_rule({"root": group(city(), group({"kind": "tag", "op": "has", "tag": TAG}, match="none"))}).stored()
    assert parse_rule(stored).stored() == stored


def test_an_empty_group_means_nothing_and_is_refused():
    assert "Choose at least 1" in problem_of(group())
    assert "Choose at least 1" in problem_of(group(city(), group()))


def test_depth_and_width_are_bounded():
    deep = city()
    for _level in range(MAX_DEPTH):
        deep = group(deep)
    parse_rule({"root": deep})
    assert "6" in problem_of(group(deep))
    assert "50" in problem_of(group(*[city()] * (MAX_CONDITIONS + 1)))
    assert "50" in problem_of(group(*[group(city())] * (MAX_GROUPS + 1)))


def test_a_bottomless_rule_is_refused_before_anything_recurses():
    deep = city()
    for _level in range(100_000):
        deep = {"kind": "group", "match": "all", "rules": [deep]}
    assert "6" in problem_of(deep)
    while "rules" in deep:  # taken apart by hand: Python would recurse to free it
        deep = deep.pop("rules")[0]


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"value": ""}, "Enter the text"),
        ({"value": "x" * 501}, "at most 500"),
        ({"value": "a\0b"}, "can't be used"),
        ({"op": "is_empty", "value": "x"}, "takes no value"),
        ({"op": "resembles"}, "does not exist"),
        ({"extra": 1}, "not known"),
        ({"type": "number", "op": "equals", "value": 1}, "does not fit"),
    ],
)
def test_an_unusable_comparison_says_what_is_wrong(test: dict[str, Any], words: str):
    assert words in problem_of(group(city(**test)))


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"op": "between", "value": 5, "upper": 1}, "exchange the two numbers"),
        ({"op": "between", "value": 5}, "both ends"),
        ({"op": "equals", "value": float("inf")}, ""),
        ({"op": "equals", "value": "x"}, ""),
    ],
)
def test_numbers_are_numbers(test: dict[str, Any], words: str):
    condition = {"kind": "custom", "key": "ltv", "test": {"type": "number", **test}}
    assert words in problem_of(group(condition))


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"op": "between", "day": "2026-02-01", "until": "2026-01-01"}, "exchange the two dates"),
        ({"op": "in_last", "days": -1}, "0 or more"),
        ({"op": "in_last", "days": 99_999}, "or less"),
        ({"op": "on", "day": "0001-01-01"}, ""),
        ({"op": "on", "day": "tomorrow"}, ""),
    ],
)
def test_days_are_days_of_a_sensible_time(test: dict[str, Any], words: str):
    condition = {"kind": "field", "field": "created_at", "test": {"type": "moment", **test}}
    assert words in problem_of(group(condition))


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "field", "field": "password", "test": {"type": "text", "op": "is", "value": "x"}},
        {"kind": "tag", "op": "has", "tag": "7"},
        {"kind": "consent", "op": "is", "channel": "fax", "state": "given"},
        {"kind": "sql", "text": "1=1"},
        "not a condition",
        None,
    ],
)
def test_what_can_not_be_asked_is_refused(condition: Any):
    problem_of(group(condition))


CATALOGUE = Catalogue(
    [
        Entry(what="field.city", label="City", group="Contact", kind="text"),
        Entry(what="field.created_at", label="Created", group="Contact", kind="moment"),
        Entry(what="custom.ltv", label="LTV", group="Own", kind="number"),
        Entry(what="tag", label="Tag", group="Tags", kind="tag", options=[(TAG, "VIP")]),
        Entry(what="email.opened", label="Opened", group="E-mail", kind="activity"),
    ],
    campaigns=[],
)


def test_every_rule_survives_the_builder():
    rule = parse_rule(
        {
            "root": group(
                city(),
                {"kind": "custom", "key": "ltv", "test": {"type": "number", "op": "between", "value": 0.1, "upper": 2}},
                group(
                    {"kind": "tag", "op": "has_not", "tag": TAG},
                    {"kind": "email_activity", "op": "did_not", "event": "opened", "days": 30},
                    {"kind": "field", "field": "created_at", "test": {"type": "moment", "op": "in_last", "days": 7}},
                    match="not_all",
                ),
            )
        }
    )
    tree = builder.from_rule(rule, CATALOGUE)
    assert builder.build(tree) == rule
    posted: MultiDict[str, str] = MultiDict()
    for node, parent in _with_parents(tree):
        if parent:
            posted.add("node", node.id)
            posted[f"parent.{node.id}"] = parent
        if node.is_group:
            posted[f"match.{node.id}"] = node.match
        else:
            posted.setlist(f"value.{node.id}", node.value)
            posted.update({f"what.{node.id}": node.what, f"op.{node.id}": node.op, f"more.{node.id}": node.more})
    assert builder.build(builder.from_form(posted, CATALOGUE)) == rule


def _with_parents(node: builder.Node, parent: str = ""):
    yield node, parent
    for child in node.rules:
        yield from _with_parents(child, node.id)


PARTS = ("parent", "match", "what", "op", "value", "more", "was", "name")
keys = st.sampled_from(["node", "do", *(f"{part}.{n}" for part in PARTS for n in ("0", "1", "2", "x", "", "1.1"))])
words = ["0", "1", "2", "x", "", "all", "field.city", "tag", "is", "has", TAG, "email.opened", "-1"]
values = st.sampled_from(words) | st.text(max_size=8)
commands = st.sampled_from(["add:0", "group:1", "remove:0", "remove:1"]) | st.text(max_size=10)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs=st.lists(st.tuples(keys, values), max_size=40), command=commands)
def test_any_posted_form_makes_a_tree_or_a_clear_refusal(pairs: list[tuple[str, str]], command: str):
    tree = builder.from_form(MultiDict(pairs), CATALOGUE)
    builder.apply(tree, command)
    builder.mark(tree)
    problems = builder.problems(tree)
    if problems:
        with pytest.raises(InvalidInput):
            builder.build(tree)
        assert all(problems.values())
    else:
        assert parse_rule(builder.build(tree).stored())
