"""Segments in a browser without scripts, and the fragments htmx asks for."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from lux.identity.access import Role
from lux.rooms.contacts.models import Contact, Tag
from lux.rooms.segments import queries, service
from lux.rooms.segments.rules import parse_rule
from lux.rooms.segments.service import Draft
from tests.factories import Firm, Installation

HTMX = {"HX-Request": "true"}
CITY = {
    "version": "1", "kind": "dynamic", "match.0": "all", "node": "1", "parent.1": "0", "was.1": "field.city",
    "what.1": "field.city", "op.1": "is", "value.1": "Berlin",
}  # fmt: skip


def make(lux: Installation, firm: Firm, name: str = "Berliners", rule: dict[str, Any] | None = None) -> uuid.UUID:
    with lux.db.begin(firm.id) as session:
        parsed = parse_rule({"root": rule}) if rule else None
        return service.create(session, firm.id, Draft(name=name, rule=parsed), author=firm.person).public_id


def city_rule(city: str = "Berlin") -> dict[str, Any]:
    test = {"type": "text", "op": "is", "value": city}
    return {"kind": "group", "match": "all", "rules": [{"kind": "field", "field": "city", "test": test}]}


def public_ids(lux: Installation, firm: Firm, ids: list[int]) -> list[str]:
    with lux.db.read(firm.id) as session:
        return [str(session.get_one(Contact, number).public_id) for number in ids]


def test_a_rule_is_built_saved_and_shown_without_a_script(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 2, city="Berlin")
    lux.contacts(firm, 1, city="Hamburg")
    client = lux.client(firm)
    assert client.get("/segments/new").status_code == 200
    answer = client.post("/segments/new", data={"name": "Berliners", **CITY})
    assert answer.status_code == 303, answer.text
    shown = client.get(answer.headers["Location"]).text
    assert "City is “Berlin”" in shown
    assert len(re.findall(r"<tr class=\"is-link\"", shown)) == 2
    assert "Berliners" in client.get("/segments/").text


def test_the_builder_adds_and_removes_conditions_by_plain_buttons(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    shown = client.post("/segments/builder", data={"name": "Mine", **CITY, "do": "add:0"})
    assert shown.status_code == 200
    assert 'value="Mine"' in shown.text, "what was typed beside the rule stays"
    assert shown.text.count('name="node"') == 2
    assert 'name="what.2"' in shown.text
    grouped = client.post("/segments/builder", data={**CITY, "do": "group:0"})
    assert grouped.text.count('name="node"') == 3
    assert 'name="match.2"' in grouped.text
    removed = client.post("/segments/builder", data={**CITY, "do": "remove:1"})
    assert 'name="node"' not in removed.text


def test_htmx_gets_the_builder_alone(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    shown = client.post("/segments/builder", data={**CITY, "do": "add:0"}, headers=HTMX)
    assert shown.status_code == 200
    assert shown.text.lstrip().startswith("<div")
    assert 'id="f-rule"' in shown.text
    assert "<html" not in shown.text


def test_another_subject_brings_its_own_comparison(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    data = {**CITY, "what.1": "field.created_at"}
    shown = client.post("/segments/builder", data=data, headers=HTMX).text
    assert 'value="in_last"' in shown
    assert 'value="Berlin"' not in shown


def test_the_count_is_live(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 3, city="Berlin")
    lux.contacts(firm, 1, city="Berlin", with_consent=False)
    client = lux.client(firm)
    shown = client.post("/segments/preview", data=CITY, headers=HTMX).text
    assert re.search(r"stat-value\">4<", shown)
    assert "3 of 4" in shown
    unfinished = client.post("/segments/preview", data={**CITY, "value.1": ""}, headers=HTMX).text
    assert "Complete the conditions" in unfinished


def test_an_unfinished_rule_is_refused_with_the_place_and_nothing_is_lost(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    answer = client.post("/segments/new", data={"name": "Mine", **CITY, "value.1": ""})
    assert answer.status_code == 422
    assert "Enter the text to compare with." in answer.text
    assert 'value="Mine"' in answer.text
    assert 'aria-describedby="rule-1-error"' in answer.text


def test_a_taken_name_is_refused_and_the_rule_stays(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    make(lux_sqlite, firm, "Berliners")
    answer = lux_sqlite.client(firm).post("/segments/new", data={"name": "BERLINERS", **CITY})
    assert answer.status_code == 422
    assert "Another segment has this name." in answer.text
    assert 'value="Berlin"' in answer.text


def test_two_people_do_not_overwrite_each_other(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm, rule=city_rule())
    client = lux_sqlite.client(firm)
    first = client.post(f"/segments/{public_id}/edit", data={"name": "One", **CITY})
    assert first.status_code == 303
    second = client.post(f"/segments/{public_id}/edit", data={"name": "Two", **CITY})
    assert second.status_code == 409
    assert 'value="Two"' in second.text
    assert "One" in client.get(f"/segments/{public_id}").text


def test_a_deleted_tag_breaks_the_segment_by_name(lux: Installation):
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        tag = Tag(name="Fair 2026", name_key="fair 2026")
        session.add(tag)
        session.flush()
        condition = {"kind": "tag", "op": "has_not", "tag": str(tag.public_id)}
    public_id = make(lux, firm, "Visitors", {"kind": "group", "match": "all", "rules": [condition]})
    with lux.db.begin(firm.id) as session:
        session.delete(session.get_one(Tag, tag.id))
    client = lux.client(firm)
    shown = client.get(f"/segments/{public_id}").text
    assert "The tag “Fair 2026” was deleted." in shown
    assert "Broken" in client.get("/segments/").text
    assert "Broken" in client.get(f"/segments/{public_id}/size", headers=HTMX).text
    editor = client.get(f"/segments/{public_id}/edit").text
    assert "Fair 2026 (deleted)" in editor


def test_pasted_addresses_join_and_the_others_are_told(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 1, email="ada@example.com")
    lux.contacts(firm, 1, email="bob@example.com")
    public_id = make(lux, firm, "Friends")
    client = lux.client(firm)
    pasted = "Ada <ADA@example.com>, nobody@example.com\nbob@example.com; not-an-address"
    shown = client.post(f"/segments/{public_id}/members", data={"addresses": pasted})
    assert shown.status_code == 200
    assert "2 contacts were added." in shown.text
    assert "nobody@example.com" in shown.text
    assert "not-an-address" in shown.text
    again = client.post(f"/segments/{public_id}/members", data={"addresses": "ada@example.com"})
    assert again.status_code == 303
    with lux.db.read(firm.id) as session:
        segment = queries.segment(session, firm.id, public_id)
        assert queries.size(session, service.select_segment(session, segment)).total == 2


def test_members_are_removed_by_hand(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    ids = lux_sqlite.contacts(firm, 3)
    chosen = public_ids(lux_sqlite, firm, ids)
    client = lux_sqlite.client(firm)
    answer = client.post("/segments/add-selected", data={"ids": chosen, "segment": "new", "name": "Friends"})
    assert answer.status_code == 303
    page = answer.headers["Location"]
    client.post(f"{page}/members/remove", data={"ids": chosen[:2]})
    assert client.get(page).text.count('<tr class="is-link"') == 1


def test_the_selection_of_the_contact_list_is_asked_where_to(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    chosen = public_ids(lux_sqlite, firm, lux_sqlite.contacts(firm, 2))
    client = lux_sqlite.client(firm)
    shown = client.post("/segments/choose", data={"ids": chosen, "back": "/contacts/"}).text
    assert all(f'value="{one}"' in shown for one in chosen)
    refused = client.post("/segments/add-selected", data={"ids": chosen, "segment": "new", "name": ""})
    assert refused.status_code == 422
    assert all(f'value="{one}"' in refused.text for one in chosen), "the selection is not lost"
    nobody = client.post("/segments/choose", data={})
    assert "No contact was chosen." in nobody.text


def test_the_contact_panel_joins_and_leaves(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    contact = public_ids(lux_sqlite, firm, lux_sqlite.contacts(firm, 1))[0]
    public_id = make(lux_sqlite, firm, "Friends")
    client = lux_sqlite.client(firm)
    data = {"contact": contact, "segment": str(public_id), "back": "/contacts/x"}
    joined = client.post("/segments/join", data=data, headers=HTMX).text
    assert "Friends" in joined
    assert "by hand" in joined
    left = client.post("/segments/leave", data=data)
    assert left.status_code == 303
    assert left.headers["Location"] == "/contacts/x"
    outside = client.post("/segments/leave", data={**data, "back": "https://evil.example/"})
    assert outside.headers["Location"] == "/segments/"


def test_trash_and_back(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm, rule=city_rule())
    client = lux_sqlite.client(firm)
    client.post(f"/segments/{public_id}/trash")
    assert "Berliners" not in client.get("/segments/", headers=HTMX).text
    assert "Berliners" in client.get("/segments/?state=trash").text
    assert client.get(f"/segments/{public_id}").status_code == 200
    client.post(f"/segments/{public_id}/restore")
    assert "Berliners" in client.get("/segments/", headers=HTMX).text


def test_a_copy_has_the_same_members(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm, "Friends")
    ids = lux_sqlite.contacts(firm, 2)
    with lux_sqlite.db.begin(firm.id) as session:
        service.add_contacts(session, queries.segment(session, firm.id, public_id), ids)
    answer = lux_sqlite.client(firm).post(f"/segments/{public_id}/duplicate")
    twin = uuid.UUID(answer.headers["Location"].split("/")[2])
    with lux_sqlite.db.read(firm.id) as session:
        copy = queries.segment(session, firm.id, twin)
        assert copy.name == "Friends (copy)"
        assert set(session.scalars(service.select_segment(session, copy))) == set(ids)


@pytest.mark.parametrize("path", ["", "/size", "/edit"])
def test_another_company_sees_nothing(lux_sqlite: Installation, path: str):
    mine, theirs = lux_sqlite.firm(), lux_sqlite.firm()
    public_id = make(lux_sqlite, theirs, rule=city_rule())
    client = lux_sqlite.client(mine)
    assert client.get(f"/segments/{public_id}{path}", headers=HTMX).status_code == 404
    for verb in ("trash", "restore", "duplicate", "members", "members/remove", "edit"):
        assert client.post(f"/segments/{public_id}/{verb}", data={}).status_code == 404, verb
    assert "Berliners" not in client.get("/segments/").text


def test_a_viewer_looks_but_changes_nothing(lux_sqlite: Installation):
    owner = lux_sqlite.firm()
    public_id = make(lux_sqlite, owner, rule=city_rule())
    viewer = lux_sqlite.member(owner.id, Role.VIEWER)
    client = lux_sqlite.client(viewer)
    shown = client.get(f"/segments/{public_id}")
    assert shown.status_code == 200
    assert f"/segments/{public_id}/trash" not in shown.text
    assert client.post(f"/segments/{public_id}/trash").status_code == 403
    assert client.get("/segments/new").status_code == 403


def test_in_a_large_company_the_page_comes_first_and_the_count_follows(
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lux.rooms.contacts.queries.people.LARGE", 1)
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 3, city="Berlin")
    public_id = make(lux_sqlite, firm, rule=city_rule())
    client = lux_sqlite.client(firm)
    shown = client.get(f"/segments/{public_id}").text
    assert "stat-value" not in shown
    assert f'hx-get="/segments/{public_id}/size?tile=1"' in shown
    tile = client.get(f"/segments/{public_id}/size?tile=1", headers=HTMX).text
    assert 'stat-value">3<' in tile
    without_script = client.get(f"/segments/{public_id}/size?tile=1")
    assert 'stat-value">3<' in client.get(without_script.headers["Location"]).text
    waiting = client.post("/segments/builder", data=CITY, headers=HTMX).text
    assert 'hx-trigger="load, input' in waiting
    assert 'stat-value">3<' in client.post("/segments/builder", data={**CITY, "do": "count"}).text
