"""Why somebody is in a segment, and how segments overlap."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from lux.kit import clock
from lux.kit.db import Database
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts.models import Contact
from lux.rooms.segments import service
from lux.rooms.segments.models import Segment, SegmentMember
from tests.factories import Firm, Installation
from tests.rooms.segments.conftest import make_company


def make(lux: Installation, firm: Firm, name: str, *rules: dict[str, Any], match: str = "all") -> str:
    root = {"kind": "group", "match": match, "rules": list(rules)}
    with lux.db.begin(firm.id) as session:
        row = Segment(name=name, name_key=name.casefold(), rule={"version": 1, "root": root})
        session.add(row)
        session.flush()
        return str(row.public_id)


def asks(segment: str, op: str = "in") -> dict[str, Any]:
    return {"kind": "segment", "op": op, "segment": segment}


def key_of(lux: Installation, firm: Firm, contact_id: int) -> uuid.UUID:
    with lux.db.read(firm.id) as session:
        return session.scalars(select(Contact.public_id).where(Contact.id == contact_id)).one()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


CITY = {"kind": "field", "field": "city", "test": {"type": "text", "op": "is", "value": "Berlin"}}
SPENT = {
    "kind": "orders",
    "measure": "total",
    "currency": "EUR",
    "test": {"type": "number", "op": "greater", "value": 200},
}
VISITED = {"kind": "fact", "op": "did_not", "event": "page.viewed"}


def test_each_condition_is_answered_with_what_decided_it(lux: Installation):
    firm = lux.firm()
    contact = lux.contacts(firm, 1, city="Bonn", email="ada@example.com", first_name="Ada")[0]
    with lux.db.begin(firm.id) as session:
        facts.record(session, NewFact(kind="order.paid", contact_id=contact, value_minor=25_050, currency="EUR"))
        facts.record(session, NewFact(kind="order.paid", contact_id=contact, value_minor=90_000, currency="USD"))
        facts.record(session, NewFact(kind="page.viewed", contact_id=contact))
    segment = make(lux, firm, "Good", CITY, SPENT, VISITED)
    client = lux.client(firm)
    found = client.get(f"/segments/{segment}/why?q=ada").text
    link = re.search(r'href="([^"]+contact=[^"]+)"', found)
    assert link, "the contact is found by name"
    text = words(client.get(link[1]).text)
    assert "is not in this segment" in text
    assert "false E-mail" not in text
    assert re.search(r"false City is “Berlin” Theirs: Bonn", text), text
    assert re.search(r"true Total spent > 200 EUR Theirs: 250.5 EUR · 1 event · \w", text), text
    assert re.search(r"false Not: Viewed a page 1 event · ", text), text


def test_a_segment_that_is_asked_for_opens_down_to_what_decided_it(lux: Installation):
    firm = lux.firm()
    contact = lux.contacts(firm, 1, city="Bonn", email="ada@example.com")[0]
    with lux.db.begin(firm.id) as session:
        kept = Segment(name="By hand", name_key="by hand", is_dynamic=False)
        session.add(kept)
        session.flush()
        session.add(SegmentMember(segment_id=kept.id, contact_id=contact))
        listed = str(kept.public_id)
    inner = make(lux, firm, "Inner", CITY)
    middle = make(lux, firm, "Middle", asks(inner), asks(listed), match="any")
    outer = make(lux, firm, "Outer", asks(middle, "not_in"), asks(inner, "not_in"))
    page = lux.client(firm).get(f"/segments/{outer}/why?contact={key_of(lux, firm, contact)}").text
    text = words(page)
    assert "is not in this segment" in text
    reasons = re.findall(r"<summary>(.*?)</summary>", page)
    assert [unescape(one) for one in reasons] == [
        "Why they are in “Middle”",
        "Why they are not in “Inner”",
        "Why they are in “By hand”",
        "Why they are not in “Inner”",
    ]
    assert re.search(r"false City is “Berlin” Theirs: Bonn", text), "two segments down"
    assert "A list kept by hand: they were put on it." in text
    assert f"/segments/{inner}/why?contact={key_of(lux, firm, contact)}" in page


def test_in_the_trash_the_conditions_still_tell_the_truth(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    contact = lux.contacts(firm, 1, city="Berlin")[0]
    segment = make(lux, firm, "Berliners", CITY)
    with lux.db.begin(firm.id) as session:
        session.execute(update(Contact).where(Contact.id == contact).values(trashed_at=clock.now()))
    text = words(lux.client(firm).get(f"/segments/{segment}/why?contact={key_of(lux, firm, contact)}").text)
    assert "contacts there are in no segment" in text
    assert "true City is “Berlin” Theirs: Berlin" in text


def test_the_contacts_page_leads_to_the_reason(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    contact = lux.contacts(firm, 1, city="Berlin")[0]
    inside, outside = make(lux, firm, "Berliners", CITY), make(lux, firm, "Others", CITY, match="none")
    key = key_of(lux, firm, contact)
    shown = lux.client(firm).get(f"/contacts/{key}").text
    for segment in (inside, outside):
        assert f"/segments/{segment}/why?contact={key}" in shown
    assert "is in this segment" in words(lux.client(firm).get(f"/segments/{inside}/why?contact={key}").text)


def test_a_broken_segment_is_never_explained_away_and_strangers_are_not_found(lux_sqlite: Installation):
    lux, firm, theirs = lux_sqlite, lux_sqlite.firm(), lux_sqlite.firm()
    mine, foreign = lux.contacts(firm, 1)[0], lux.contacts(theirs, 1)[0]
    gone = {"kind": "tag", "op": "has", "tag": str(uuid.uuid4()), "name": "Gone"}
    broken, whole = make(lux, firm, "Broken", gone), make(lux, firm, "Whole", CITY)
    client = lux.client(firm)
    shown = words(client.get(f"/segments/{broken}/why?contact={key_of(lux, firm, mine)}").text)
    assert "The tag “Gone” was deleted." in shown
    assert client.get(f"/segments/{whole}/why?contact={key_of(lux, theirs, foreign)}").status_code == 404
    assert lux.client(theirs).get(f"/segments/{whole}/why").status_code == 404


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(members=st.lists(st.frozensets(st.integers(0, 3)), min_size=1, max_size=8), number=st.integers(2, 4))
def test_parts_are_what_counting_by_hand_finds(db: Database, members: list[frozenset[int]], number: int):
    company = make_company(db)
    with db.begin(company) as session:
        rows = [Segment(name=f"S{n}", name_key=f"s{n}", is_dynamic=False) for n in range(number)]
        contacts = [Contact(first_name=str(n)) for n in range(len(members))]
        session.add_all([*rows, *contacts])
        session.flush()
        for contact, inside in zip(contacts, members, strict=True):
            session.add_all(SegmentMember(segment_id=rows[n].id, contact_id=contact.id) for n in inside if n < number)
        session.flush()
        found = service.overlap(session, rows)
    by_hand = [frozenset(n for n in inside if n < number) for inside in members]
    assert [count for _row, count in found.sizes] == [sum(n in inside for inside in by_hand) for n in range(number)]
    assert found.union == sum(bool(inside) for inside in by_hand)
    parts = {frozenset(int(row.name[1]) for row in part.segments): part.count for part in found.parts}
    assert parts == {inside: by_hand.count(inside) for inside in by_hand if inside}
    assert all(
        count == sum({int(a.name[1]), int(b.name[1])} <= inside for inside in by_hand) for a, b, count in found.shared
    )


@pytest.mark.parametrize("chosen", [1, 5])
def test_two_to_four_segments_are_compared(lux_sqlite: Installation, chosen: int):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    lux.contacts(firm, 2, city="Berlin")
    keys = [make(lux, firm, f"S{n}", CITY, match="all" if n % 2 else "none") for n in range(5)]
    client = lux.client(firm)
    query = "&".join(f"segment={key}" for key in keys[:chosen])
    assert "Choose two to four segments." in client.get(f"/segments/overlap?{query}").text
    text = words(client.get(f"/segments/overlap?segment={keys[1]}&segment={keys[3]}").text)
    assert "S1 and S3 2" in text
