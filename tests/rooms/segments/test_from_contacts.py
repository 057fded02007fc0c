"""From the list and the page of contacts into segments, through those rooms' own pages."""

from __future__ import annotations

import re

from lux.rooms.contacts.models import Contact
from tests.factories import Installation
from tests.rooms.segments.test_pages import city_rule, make


def test_the_list_of_contacts_leads_here_with_its_selection(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 2)
    client = lux_sqlite.client(firm)
    listed = client.get("/contacts").text
    assert 'formaction="/segments/choose"' in listed
    ids = re.findall(r'name="ids" value="([0-9a-f-]{36})"', listed)
    assert len(ids) == 2
    asked = client.post("/segments/choose", data={"ids": ids, "tag": ""})
    assert asked.status_code == 200
    added = client.post(
        "/segments/add-selected", data={"ids": ids, "segment": "new", "name": "Chosen", "back": "/contacts/"}
    )
    assert client.get(added.headers["Location"]).text.count('<tr class="is-link"') == 2


def test_a_contacts_page_shows_its_segments(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    contact = lux_sqlite.contacts(firm, 1, city="Berlin")[0]
    make(lux_sqlite, firm, "Berliners", city_rule())
    make(lux_sqlite, firm, "Friends")
    with lux_sqlite.db.read(firm.id) as session:
        public_id = session.get_one(Contact, contact).public_id
    shown = lux_sqlite.client(firm).get(f"/contacts/{public_id}").text
    panel = shown[shown.index('id="contact-segments"') :]
    assert "Berliners" in panel
    assert "by its rule" in panel
    assert ">Friends</option>" in panel
    assert f'name="back" value="/contacts/{public_id}"' in panel
