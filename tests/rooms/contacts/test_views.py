"""Saved views: the address is the truth, a name leads back to it, and everybody begins with their own."""

from __future__ import annotations

import re

from lux.identity.access import Role
from lux.rooms.contacts.models import Lifecycle
from tests.factories import Firm, Installation


def test_a_view_leads_to_the_address_it_was_saved_from(lux: Installation, firm: Firm):
    lux.contacts(firm, 1, lifecycle=Lifecycle.VIP, first_name="Vera")
    lux.contacts(firm, 1, first_name="Leo")
    client = lux.client(firm)
    form = {"name": "Best", "lifecycle": "vip", "sort": "email", "columns": "email.tags", "is_shared": "1"}
    saved = client.post("/contacts/views", data=form)
    assert saved.status_code == 303
    address = saved.headers["Location"]
    assert {"lifecycle=vip", "sort=email", "columns=email.tags"} <= set(address.partition("?")[2].split("&"))
    shown = client.get(address).text
    assert "Vera" in shown
    assert "Leo" not in shown
    assert "View: Best" in shown
    assert not re.search(r'<th scope="col">\s*Phone', shown), "only the columns of the view"


def test_a_private_view_is_not_seen_by_others_and_a_shared_one_is(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    other = lux.client(lux.member(firm.id, Role.MARKETER))
    client = lux.client(firm)
    client.post("/contacts/views", data={"name": "Only mine", "lifecycle": "vip"})
    client.post("/contacts/views", data={"name": "For all", "lifecycle": "lead", "is_shared": "1"})
    theirs = other.get("/contacts?everybody=1").text
    assert "Only mine" not in theirs
    assert "For all (shared)" in theirs
    stranger = lux.client(lux.firm()).get("/contacts?everybody=1").text
    assert "For all" not in stranger


def test_the_list_begins_with_a_persons_own_view(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    client = lux.client(firm)
    client.post("/contacts/views", data={"name": "Best", "lifecycle": "vip", "is_first": "1"})
    assert client.get("/contacts").headers["Location"].endswith("lifecycle=vip")
    assert client.get("/contacts?everybody=1").status_code == 200
    assert lux.client(lux.member(firm.id, Role.MARKETER)).get("/contacts").status_code == 200
    client.post("/contacts/views/none")
    assert client.get("/contacts").status_code == 200


def test_a_deleted_view_is_nobodys_beginning(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    client = lux.client(firm)
    client.post("/contacts/views", data={"name": "Best", "lifecycle": "vip", "is_first": "1"})
    page = client.get("/contacts?lifecycle=vip").text
    found = re.search(r"/contacts/views/([0-9a-f-]+)/delete", page)
    assert found
    assert lux.client(lux.firm()).post(f"/contacts/views/{found[1]}/delete").status_code == 404
    gone = client.post(f"/contacts/views/{found[1]}/delete")
    assert (gone.status_code, gone.location) == (303, "/contacts?lifecycle=vip"), "it can be saved again at once"
    assert client.get("/contacts").status_code == 200


def test_a_view_without_a_name_is_refused_and_the_list_stands(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    answer = lux.client(firm).post("/contacts/views?lifecycle=vip", data={"name": " ", "lifecycle": "vip"})
    assert answer.status_code == 422
    assert "contact-rows" in answer.text
    viewer = lux.client(lux.member(firm.id, Role.VIEWER))
    assert viewer.post("/contacts/views", data={"name": "X"}).status_code == 403
