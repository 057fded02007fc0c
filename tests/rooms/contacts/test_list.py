"""The list: found by any beginning, filtered, in either order, paged by key, counted as exactly as is said."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, SuppressionReason
from lux.kit.errors import InvalidInput
from lux.rooms.contacts.models import Contact, Lifecycle
from lux.rooms.contacts.queries import listing
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service import removal, tagging
from lux.ui.paging import encode_cursor


def names(desk, text="", **wanted):
    """Return the first names of who is found, by first name."""
    sort, code = wanted.pop("sort", "-created"), wanted.pop("calling_code", "49")
    with desk.lux.db.read(desk.firm.id) as session:
        found = listing.page(session, ContactFilter(text=text, **wanted), sort=sort, calling_code=code)
        return sorted(row.contact.first_name for row in found.rows)


def walk(desk, sort, limit, **wanted):
    """Return the ids page by page, to the end and back again."""
    there, back, cursor = [], [], None
    with desk.lux.db.read(desk.firm.id) as session:
        while True:
            found = listing.page(session, ContactFilter(**wanted), sort=sort, cursor=cursor, limit=limit)
            there.append([row.contact.id for row in found.rows])
            if found.next_cursor is None:
                break
            cursor = found.next_cursor
        back.append(there[-1])
        while found.previous_cursor is not None:
            found = listing.page(session, ContactFilter(**wanted), sort=sort, cursor=found.previous_cursor, limit=limit)
            back.append([row.contact.id for row in found.rows])
    return there, back[::-1]


@pytest.fixture
def people(desk):
    desk.person(email="ada.l@example.com", first_name="Ada", last_name="Lovelace", organisation="Engines & Söhne")
    desk.person(
        email="grace@navy.example.com", first_name="Grace", last_name="Brewster Hopper", phone="+49 30 23125 001"
    )
    desk.person(email="j.mueller@example.com", first_name="Jürgen", last_name="Müller-Lüdenscheidt")
    desk.person(phone="+44 7700 900123", first_name="Joan", last_name="O'Neil")
    return desk


FOUND = [
    ("", ["Ada", "Grace", "Joan", "Jürgen"]),
    ("love", ["Ada"]),
    ("ADA", ["Ada"]),
    ("ada.l", ["Ada"]),
    ("ada.l@EX", ["Ada"]),
    ("grace@navy", ["Grace"]),
    ("hop gra", ["Grace"]),
    ("gra love", []),
    ("jur", ["Jürgen"]),
    ("JÜRGEN mull", ["Jürgen"]),
    ("Müller-Lüd", ["Jürgen"]),
    ("soh", ["Ada"]),
    ("o'neil", ["Joan"]),
    ("j", ["Joan", "Jürgen"]),
    ("030 231", ["Grace"]),
    ("+49 30", ["Grace"]),
    ("004930", ["Grace"]),
    ("+447700", ["Joan"]),
    ("ovelace", []),
    ("xyz", []),
    ("%", []),
    ("_", []),
    ("@", []),
]


def test_search_by_any_beginning(people):
    assert [(text, names(people, text)) for text, _found in FOUND] == FOUND


def test_a_changed_name_is_found_and_the_old_one_is_not(people, lux, firm):
    ada = people.contact("ada.l@example.com")
    answer = people.client.post(
        f"/contacts/{ada.public_id}/edit", data={"email": "ada.l@example.com", "first_name": "Augusta", "version": 1}
    )
    assert answer.status_code == 303
    assert (names(people, "aug"), names(people, "love")) == (["Augusta"], [])


def test_filters_by_tag_stage_consent_and_trash(people, lux, firm):
    ada, grace = people.contact("ada.l@example.com"), people.contact("grace@navy.example.com")
    with lux.db.begin(firm.id) as session:
        tag = tagging.create(session, "VIP")
        tagging.add_tag(session, [ada.id, grace.id], tag, None)
        session.execute(update(Contact).where(Contact.id == ada.id).values(lifecycle=Lifecycle.VIP))
        for key, state in (("ada.l@example.com", ConsentState.GIVEN), ("grace@navy.example.com", ConsentState.GIVEN)):
            consent.record(session, ConsentEntry(channel="email", address_key=key, state=state))
        consent.suppress(
            session, channel="email", address_key="grace@navy.example.com", reason=SuppressionReason.BOUNCED
        )
        removal.trash(session, [people.contact("j.mueller@example.com").id], None)
    assert names(people, tag=str(tag.public_id)) == ["Ada", "Grace"]
    assert names(people, lifecycle="vip") == ["Ada"]
    assert names(people, consent="mailable") == ["Ada"]
    assert names(people, consent="given") == ["Ada", "Grace"]
    assert names(people, consent="suppressed") == ["Grace"]
    assert names(people, consent="none") == ["Joan"]
    assert names(people, is_trash=True) == ["Jürgen"]
    assert names(people, "grace", tag=str(tag.public_id), consent="given") == ["Grace"]
    for wrong in ({"tag": "nonsense"}, {"lifecycle": "king"}, {"consent": "maybe"}, {"sort": "password"}):
        with pytest.raises(InvalidInput):
            names(people, **wrong)


@pytest.mark.parametrize("sort", ["created", "-created", "email", "-email", "activity", "-activity"])
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_pages_hold_everybody_once_in_order_and_back(desk, lux, firm, sort, limit):
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with lux.db.begin(firm.id) as session:
        for number in range(11):
            email = f"u{number % 7}-{number}@example.com" if number % 4 else None
            session.add(
                Contact(
                    email=email,
                    email_key=email,
                    phone=None if email else f"+4930000{number}",
                    created_at=moment + dt.timedelta(hours=number // 3),  # several at the same moment
                    last_activity_at=moment + dt.timedelta(days=number % 3) if number % 2 else None,
                )
            )
    there, back = walk(desk, sort, limit)
    assert there == back
    ids = [one for page in there for one in page]
    assert len(ids) == len(set(ids)) == 11
    with lux.db.read(firm.id) as session:
        rows = {row.id: row for row in session.scalars(select(Contact))}
    name = {"created": "created_at", "email": "email_key", "activity": "last_activity_at"}[sort.lstrip("-")]
    values = [getattr(rows[one], name) for one in ids]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert values == known + [None] * (11 - len(known)), "who has no value comes last"


def test_a_page_link_that_was_tampered_with_is_named(desk):
    desk.person(email="ada@example.com")
    for cursor in (
        "nonsense",
        encode_cursor("n", 0, "2026-01-01T00:00:00", 1),
        encode_cursor("n", 0, 7, 1),
        encode_cursor("x", 0, "2026-01-01T00:00:00+00:00", 1),
        encode_cursor("n", 5, None, 1),
        encode_cursor("n", 0, None, None),
    ):
        answer = desk.client.get(f"/contacts?cursor={cursor}")
        assert answer.status_code == 422
        assert "damaged" in answer.text


def test_a_long_list_is_counted_on_request_only(desk, lux, monkeypatch):
    monkeypatch.setattr(listing, "COUNT_CAP", 3)
    monkeypatch.setattr("lux.rooms.contacts.pages.lists.COUNT_CAP", 3)
    for number in range(5):
        desk.person(email=f"u{number}@example.com")
    page = desk.client.get("/contacts").text
    assert "5 of more than 3" in page
    assert "Count exactly" in page
    exact = desk.client.get("/contacts/count").text
    assert "5 of 5" in exact
    assert "Count exactly" not in exact


def test_the_default_list_walks_an_index_and_sorts_nothing(lux_sqlite):
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 3)
    seen: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT") and "FROM contact " in statement:
            seen.append((statement, parameters))

    event.listen(lux_sqlite.db.engine, "before_cursor_execute", note)
    with lux_sqlite.db.read(firm.id) as session:
        for sort in ("-created", "created", "email", "-activity"):
            first = listing.page(session, ContactFilter(), sort=sort, limit=1)
            listing.page(session, ContactFilter(), sort=sort, limit=1, cursor=first.next_cursor)
        listing.page(session, ContactFilter(lifecycle="lead"), sort="-created", limit=1)
        listing.page(session, ContactFilter(is_trash=True), sort="-trashed", limit=1)
    event.remove(lux_sqlite.db.engine, "before_cursor_execute", note)
    assert len(seen) >= 8
    with lux_sqlite.db.engine.connect() as connection:
        for statement, parameters in seen:
            plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all()
            words = " | ".join(str(row[-1]) for row in plan)
            assert "TEMP B-TREE" not in words, f"{words}: {statement}"
            assert "SCAN contact" not in words, words


def test_the_list_is_a_page_and_a_fragment(people):
    whole = people.client.get("/contacts?q=love").text
    part = people.client.get("/contacts?q=love", headers={"HX-Request": "true"}).text
    assert "<html" in whole
    assert "<html" not in part
    assert 'id="contact-rows"' in part
    assert "Lovelace" in part


def test_empty_states(desk):
    assert "Nobody is here yet." in desk.client.get("/contacts").text
    desk.person(email="ada@example.com")
    assert "Nobody fits this." in desk.client.get("/contacts?q=zzz").text


@given(st.text(max_size=20))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_searched_for(lux_sqlite, text):
    firm = lux_sqlite.firms[0] if lux_sqlite.firms else lux_sqlite.firm()
    with lux_sqlite.db.read(firm.id) as session:
        listing.page(session, ContactFilter(text=text), calling_code="49")


def test_the_selection_is_tagged_trashed_restored_and_exported(people, lux, firm):
    ids = [str(people.contact(name).public_id) for name in ("ada.l@example.com", "grace@navy.example.com")]

    def post(**data):
        return people.client.post("/contacts/selection?q=a&lifecycle=all", data={"ids": ids, **data})

    assert post(action="tag", tag="Pioneers").headers["Location"] == "/contacts?q=a"
    assert people.tags("ada.l@example.com") == ["Pioneers"]
    assert post(action="untag", tag="pioneers").status_code == 303
    assert people.tags("ada.l@example.com") == []
    assert post(action="untag", tag="nobody has it").status_code == 422
    assert post(action="trash").status_code == 303
    assert names(people) == ["Joan", "Jürgen"]
    assert post(action="restore").status_code == 303
    assert len(names(people)) == 4
    assert post(action="export").headers["Location"] == "/contacts/exports"
    assert post(action="erase").status_code == 422
    assert people.client.post("/contacts/selection", data={"action": "trash"}).status_code == 422
