"""One search over every room: what a role may see, this company alone, nearly spelled names, and a room that fails."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from lux.identity.access import Role
from lux.rooms.contacts.contributions import ContactSearch
from lux.rooms.search import service
from tests.factories import Firm, Installation
from tests.full_company import filled


@pytest.fixture(autouse=True)
def all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, every room is asked."""
    monkeypatch.setattr("lux.rooms.search.pages.SECONDS", 60)


def groups(lux: Installation, firm: Firm, text: str) -> dict[str, list[dict[str, Any]]]:
    answer = lux.client(firm).get("/search/suggest", query_string={"q": text})
    assert answer.status_code == 200
    return {one["label"]: one["items"] for one in answer.json["groups"]}


def test_everything_a_company_has_is_found_by_its_name(lux: Installation):
    firm = filled(lux)
    found = groups(lux, firm, "secret")
    assert set(found) == {"Campaigns", "Segments", "Templates", "Pictures", "Blocks", "Imports", "Approvals"}
    assert found["Campaigns"][0]["state"]["label"] in {"Captured", "Waits for a yes", "Draft"}
    client = lux.client(firm)
    for items in found.values():
        assert [client.get(item["url"]).status_code for item in items] == [200] * len(items)


def test_a_contact_is_found_by_address_name_and_number(lux: Installation):
    firm = lux.firm()
    entered = {"email": "grace@example.com", "first_name": "Grace", "last_name": "Hopper", "phone": "+4930123456"}
    assert lux.client(firm).post("/contacts/new", data=entered).status_code == 303
    for text in ("grace@ex", "hopp", "Grace Ho", "+49301"):
        assert [item["label"] for item in groups(lux, firm, text)["Contacts"]] == ["Grace Hopper"]


def test_another_companys_records_are_not_found(lux: Installation):
    filled(lux)
    assert groups(lux, lux.firm(), "secret") == {}


def test_a_room_is_asked_only_for_those_who_may_see_it(lux_sqlite: Installation):
    owner = lux_sqlite.firm()
    name = owner.person.email[:6]
    assert "Members" in groups(lux_sqlite, owner, name)
    assert "Members" not in groups(lux_sqlite, lux_sqlite.member(owner.id, Role.MARKETER), name)


def test_a_slip_is_forgiven_when_nothing_is_called_so(lux_sqlite: Installation):
    firm = filled(lux_sqlite)
    assert [item["label"] for item in groups(lux_sqlite, firm, "secrte seg")["Segments"]] == ["Secret segment"]
    page = lux_sqlite.client(firm).get("/search?q=sectet").text
    assert "Nothing is called “sectet”" in page
    assert "Secret template" in page
    assert groups(lux_sqlite, firm, "secure") == {} or "Segments" in groups(lux_sqlite, firm, "secure")
    assert groups(lux_sqlite, firm, "section") == {}


def test_a_room_that_fails_leaves_the_others_standing(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch):
    firm = filled(lux_sqlite)

    def fails(*_args: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the disk is gone"))

    monkeypatch.setattr(ContactSearch, "search", fails)
    answer = lux_sqlite.client(firm).get("/search/suggest?q=secret").json
    assert answer["missing"] == ["Contacts"]
    assert "Campaigns" in {one["label"] for one in answer["groups"]}
    page = lux_sqlite.client(firm).get("/search?q=secret").text
    assert "Contacts could not be asked in time" in page
    assert "Secret campaign" in page


def test_rooms_are_not_asked_beyond_the_time(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch):
    firm = filled(lux_sqlite)
    monkeypatch.setattr("lux.rooms.search.pages.SECONDS", -1)
    answer = lux_sqlite.client(firm).get("/search/suggest?q=secret").json
    assert answer["groups"] == []
    assert "Campaigns" in answer["missing"]


def test_the_page_works_without_a_script(lux_sqlite: Installation):
    firm = filled(lux_sqlite)
    client = lux_sqlite.client(firm)
    page = client.get("/search?q=secret").text
    for label in ("Secret campaign 1", "Secret segment", "Secret template", "Secret picture", "Secret block"):
        assert label in page
    assert "Import contacts" in client.get("/search?q=import").text, "actions are found as well"
    assert "Write what you look for." in client.get("/search").text
    assert "Write at least 2 letters." in client.get("/search?q=s").text
    assert "Nothing is called “zzzzz”." in client.get("/search?q=zzzzz").text


def test_actions_follow_the_role(lux_sqlite: Installation):
    owner = lux_sqlite.firm()
    viewer, marketer = lux_sqlite.member(owner.id, Role.VIEWER), lux_sqlite.member(owner.id, Role.MARKETER)

    def offered(firm: Firm) -> str:
        return lux_sqlite.client(firm).get("/").text.partition("data-palette-items")[2]

    assert "Invite a member…" in offered(owner)
    assert "New campaign" in offered(marketer)
    assert "Invite a member…" not in offered(marketer)
    for label in ("New campaign", "Import contacts", "Stop everything…", "Invite a member…"):
        assert label not in offered(viewer)
    assert "Switch company…" in offered(viewer)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "%", "_", "\\", "\ud800", "' OR 1=1 --", "x" * 5000, "\u202eevil"])
def test_odd_texts_find_nothing_and_break_nothing(lux: Installation, text: str):
    firm = lux.firm()
    client = lux.client(firm)
    query = {"q": text.encode("utf-8", "surrogatepass")}
    assert client.get("/search/suggest", query_string=query).json["missing"] == []
    assert client.get("/search", query_string=query).status_code == 200


@pytest.mark.parametrize(
    ("text", "label", "is_alike"),
    [
        ("campagin", "Spring campaign", True),
        ("newslettr", "Newsletter July", True),
        ("newsl", "Newsletter", True),
        ("summer", "Sunday", False),
        ("apple", "Orange", False),
    ],
)
def test_likeness_is_that_of_the_nearest_word(text: str, label: str, is_alike: bool):
    assert (service.likeness(text, (label,)) >= 0.75) is is_alike
