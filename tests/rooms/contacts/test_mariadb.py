"""The set-based statements have words of their own for MariaDB: one walk through all of them there."""

from __future__ import annotations

import pytest

from tests.callers import Caller
from tests.factories import installation
from tests.rooms.contacts.desk import DECLARED, Desk
from tests.rooms.contacts.odd_files import sheet
from tests.rooms.contacts.test_bulk_upsert import race


@pytest.fixture
def desk(mariadb_url, tmp_path):
    lux = installation(mariadb_url, tmp_path / "home")
    yield Desk(lux, lux.firm())
    lux.db.close()


def test_contacts_come_in_are_changed_found_erased_and_go_out(desk):
    rows = "".join(f"u{number}@example.com,Jürgen,a;b\n" for number in range(300))
    body = f"email,first name,tags\n{rows}U5@example.com,again,\nbroken,,\n"
    first = desk.import_(body, **DECLARED)
    assert first.counts == {
        "rows": 302, "created": 300, "duplicates": 1, "rejected": 1, "new_tags": 2, "consents": 300, "mailable": 300,
    }  # fmt: skip
    second = desk.import_(body.replace("Jürgen", "Max"), duplicates="overwrite")
    assert (second.counts["updated"], second.counts["mailable"]) == (300, 300)
    for address, shown in (("", 50), ("?q=max", 50), ("?q=jur", 0), ("?q=u5@", 1), ("?sort=-email", 50),
                           ("?consent=withdrawn", 0), ("?consent=given&sort=activity", 50)):  # fmt: skip
        assert desk.client.get(f"/contacts{address}").text.count("data-row") == shown, address
    contact = desk.contact("u7@example.com")
    answer = desk.client.post(f"/contacts/{contact.public_id}/erase", data={"confirmation": "u7@example.com"})
    assert answer.status_code == 303
    assert desk.client.post("/contacts/exports").status_code == 303
    desk.lux.work()
    assert "299" in desk.client.get("/contacts/exports").text


def test_a_workbook_comes_in_and_its_import_is_undone(desk):
    first = desk.import_("email,first name\nada@example.com,Augusta\n")
    body = sheet(["email", "first name", "tags"], ["ada@example.com", "Ada", "fair"], ["bo@example.com", "Bo", "fair"])
    entry = desk.import_(body, duplicates="overwrite", **DECLARED)
    assert desk.client.get(f"/contacts/imports/{entry.public_id}/undo").status_code == 200
    answer = desk.client.post(f"/contacts/imports/{entry.public_id}/undo", data={"confirmation": "2"})
    assert answer.status_code == 303
    desk.lux.work()
    assert desk.entry(str(entry.public_id)).undo["counts"] == {
        "contacts": 2, "trashed": 1, "restored": 1, "tags": 2, "consents": 2,
    }  # fmt: skip
    assert (desk.contact("ada@example.com").first_name, first.state) == ("Augusta", "done")


def test_a_bulk_call_makes_changes_and_tags_and_two_at_once_make_everybody_once(desk):
    shop = Caller(desk.lux, desk.firm)
    rows = [{"email": "ann@example.com", "first_name": "Jürgen", "tags": ["Käufer"]}, {"phone": "+4930123456"},
            {"email": "ANN@example.com", "city": "Ulm", "tags": ["käufer", "new"]}, {"email": "nonsense"}]  # fmt: skip
    found = shop.post("/contacts/bulk", {"contacts": rows}).json
    assert [one["outcome"] for one in found["data"]] == ["created", "created", "updated", "refused"]
    [ann] = shop.ask("GET", "/contacts?q=jur").json["data"] or shop.ask("GET", "/contacts?q=jürgen").json["data"]
    assert (ann["city"], ann["tags"], ann["version"]) == ("Ulm", ["Käufer", "new"], 2)
    other = Caller(desk.lux, desk.lux.firm())
    addresses = [f"p{number}@example.com" for number in range(40)]
    race(other, [addresses, addresses[::-1], addresses])
