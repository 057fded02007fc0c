"""Segments and lists through the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.callers import Caller
from tests.factories import Installation

RULE: dict[str, Any] = {
    "version": 1,
    "root": {
        "kind": "group",
        "match": "all",
        "rules": [{"kind": "field", "field": "city", "test": {"type": "text", "op": "is", "value": "Ulm"}}],
    },
}


GONE = {"kind": "tag", "op": "has", "tag": "00000000-0000-7000-8000-000000000000"}


@pytest.fixture
def program(lux: Installation) -> Caller:
    return Caller(lux, lux.firm())


def person(program: Caller, email: str, **more: str) -> str:
    return str(program.post("/contacts", {"email": email, **more}, expect=201).json["id"])


def test_a_rule_finds_its_contacts(program: Caller) -> None:
    inside = [person(program, f"u{number}@example.com", city="Ulm") for number in range(3)]
    person(program, "b@example.com", city="Bonn")
    made = program.post("/segments", {"name": "From Ulm", "rule": RULE}, expect=201).json
    path = f"/segments/{made['id']}"
    assert made["is_dynamic"]
    size = program.ask("GET", f"{path}/size").json
    assert (size["total"], size["mailable"], size["without_consent"]) == (3, 0, 3)
    first = program.ask("GET", f"{path}/members?limit=2").json
    rest = program.ask("GET", first["next"]).json
    assert {one["id"] for one in [*first["data"], *rest["data"]]} == set(inside)
    program.post(f"{path}/members", {"contacts": inside[:1]}, expect=409)


def test_a_list_takes_and_loses_members(program: Caller) -> None:
    one, two = person(program, "a@example.com"), person(program, "b@example.com")
    made = program.post("/segments", {"name": "Guests"}, expect=201).json
    path = f"/segments/{made['id']}/members"
    assert program.post(path, {"contacts": [one, two]}).json == {"changed": 2}
    assert program.post(path, {"contacts": [one, two]}).json == {"changed": 0}
    assert program.post(f"{path}/remove", {"contacts": [one]}).json == {"changed": 1}
    assert [row["id"] for row in program.ask("GET", path).json["data"]] == [two]


def test_an_unknown_contact_changes_nothing(program: Caller) -> None:
    one = person(program, "a@example.com")
    path = f"/segments/{program.post('/segments', {'name': 'Guests'}, expect=201).json['id']}/members"
    program.post(path, {"contacts": [one, "00000000-0000-7000-8000-000000000000"]}, expect=404)
    assert program.ask("GET", path).json["data"] == []


def test_a_change_leaves_the_rest_and_minds_the_version(program: Caller) -> None:
    made = program.post("/segments", {"name": "From Ulm", "rule": RULE}, expect=201).json
    path = f"/segments/{made['id']}"
    changed = program.ask("PATCH", path, json={"name": "Ulm", "version": 1}).json
    assert (changed["name"], changed["rule"], changed["version"]) == ("Ulm", made["rule"], 2)
    program.ask("PATCH", path, json={"name": "U", "version": 1}, expect=409)
    listed = program.post("/segments", {"name": "Guests"}, expect=201).json
    refused = program.ask("PATCH", f"/segments/{listed['id']}", json={"rule": RULE}, expect=422)
    assert refused.json["errors"][0]["field"] == "rule"


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"version": 2, "root": RULE["root"]},
        {"version": 1, "root": {"kind": "group", "match": "all", "rules": []}},
        {"version": 1, "root": {"kind": "group", "match": "all", "rules": [GONE]}},
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_is_refused(lux_sqlite: Installation, rule: dict[str, Any]) -> None:
    program = Caller(lux_sqlite, lux_sqlite.firm())
    assert program.post("/segments", {"name": "R", "rule": rule}, expect=422).json["errors"]
    assert program.ask("GET", "/segments").json["data"] == []


def test_lists_and_segments_are_walked_by_name_and_told_apart(program: Caller) -> None:
    for name in ("Bonn", "ärzte", "Guests", "guests of honour"):
        program.post("/segments", {"name": name}, expect=201)
    program.post("/segments", {"name": "From Ulm", "rule": RULE}, expect=201)
    path, seen = "/segments?limit=2", []
    while path:
        found = program.ask("GET", path).json
        assert len(found["data"]) <= 2
        seen += [one["name"] for one in found["data"]]
        path = found["next"]
    assert sorted(seen) == ["Bonn", "From Ulm", "Guests", "guests of honour", "ärzte"]
    lists = {"Guests", "guests of honour"}
    for query, names in (
        ("is_dynamic=true", {"From Ulm"}),
        ("q=guests&is_dynamic=false", lists),
        ("trashed=true", set()),
    ):
        assert {one["name"] for one in program.ask("GET", f"/segments?{query}").json["data"]} == set(names), query


def test_a_list_goes_into_the_trash_and_back_unless_a_rule_asks_for_it(program: Caller) -> None:
    listed = program.post("/segments", {"name": "Guests"}, expect=201).json
    assert program.post(f"/segments/{listed['id']}/trash", {}).json["trashed_at"] is not None
    assert [one["id"] for one in program.ask("GET", "/segments?trashed=true").json["data"]] == [listed["id"]]
    assert program.post(f"/segments/{listed['id']}/restore", {}).json["trashed_at"] is None
    asks = {"kind": "segment", "op": "in", "segment": listed["id"]}
    rule = {"version": 1, "root": {"kind": "group", "match": "all", "rules": [asks]}}
    program.post("/segments", {"name": "Invited", "rule": rule}, expect=201)
    assert "“Invited”" in program.post(f"/segments/{listed['id']}/trash", {}, expect=409).json["title"]
