"""What the contacts offer to other rooms: merge data, names, search, the set-up step; and the example file."""

from __future__ import annotations

from lux.ports.contributions import installed
from lux.rooms.contacts import queries
from lux.rooms.contacts.contributions import ContactSearch, ImportStep
from lux.rooms.contacts.models import FieldType
from tests.house.sources import ROOT
from tests.rooms.contacts.desk import chosen, id_in


def test_merge_data_is_what_was_asked_for_as_plain_values(desk, lux, firm):
    desk.field("Shoe size", FieldType.NUMBER)
    desk.field("Member", FieldType.BOOLEAN)
    ada = desk.person(email="Ada@Example.com", first_name="Ada", last_name="L", country="DE", field_shoe_size="38.5")
    bo = desk.person(phone="+49 30 23125 001")
    wanted = frozenset(
        {"first_name", "name", "country_name", "email", "fields.shoe_size", "fields.member", "fields.gone", "nonsense"}
    )
    with lux.db.read(firm.id) as session:
        found = queries.merge_rows(session, firm.id, [ada.id, bo.id, 999], wanted)
        everything = queries.merge_rows(session, firm.id, [ada.id], frozenset({"fields"}))
        names = [name for name, _label in queries.merge_names(session)]
    assert found[ada.id] == {
        "first_name": "Ada", "name": "Ada L", "country_name": "Germany", "email": "Ada@Example.com",
        "fields": {"shoe_size": 38.5, "member": ""},
    }  # fmt: skip
    assert found[bo.id]["name"] == found[bo.id]["email"] == ""
    assert set(found) == {ada.id, bo.id}
    assert everything[ada.id] == {"fields": {"shoe_size": 38.5, "member": ""}}
    assert set(queries.MERGE_FIELDS) < set(names)
    assert {"fields.shoe_size", "fields.member"} < set(names)


def test_a_company_without_contacts_has_a_step_to_go(desk, lux, firm):
    with lux.db.read(firm.id) as session:
        step = ImportStep().step(session, firm.id)
        assert (step.is_done, step.url) == (False, "/contacts/imports/new")
    desk.person(email="ada@example.com")
    with lux.db.read(firm.id) as session:
        assert ImportStep().step(session, firm.id).is_done


def test_contacts_are_found_from_everywhere(desk, lux, firm):
    ada = desk.person(email="ada@example.com", first_name="Ada", last_name="Lovelace")
    assert desk.client.get("/contacts").status_code == 200
    assert any(isinstance(one, ContactSearch) for one in installed().search)
    with lux.db.read(firm.id) as session:
        hits = ContactSearch().search(session, firm.id, "love", 5)
        assert ContactSearch().search(session, firm.id, "l", 5) == ()
    assert [(hit.label, hit.detail) for hit in hits] == [("Ada Lovelace", "ada@example.com")]
    assert desk.client.get(hits[0].url).status_code == 200
    assert hits[0].url.endswith(str(ada.public_id))


def test_the_example_of_a_fair_comes_in_as_its_visitors_filled_it_in(desk):
    body = (ROOT / "examples" / "fair-visitors.csv").read_bytes()
    desk.field("Budget", FieldType.NUMBER)
    public_id = id_in(desk.upload(body, "fair-visitors.csv").headers["Location"])
    page = desk.client.get(f"/contacts/imports/{public_id}/map").text
    assert chosen(page) == ["full_name", "email", "phone", "organisation", "postal_code", "city", "country", "tags",
                            "consent", "consent_at", "field:budget", ""]  # fmt: skip
    entry = desk.import_(body, region="DE", decimal=",", consent="column", basis="opt_in", consent_yes="ja",
                         consent_no="nein", wording="Ich möchte den Newsletter der Messe bekommen.")  # fmt: skip
    counts = entry.counts
    assert entry.state == "done"
    assert (counts["rows"], counts["duplicates"], counts["rejected"]) == (252, 2, 12)
    assert counts["created"] == 252 - 14
    assert counts["mailable"] + counts["not_mailable"] == counts["created"]
    assert 100 < counts["mailable"] < counts["created"]
    with_note = [one for one in desk.contacts() if one.organisation.startswith("=HYPERLINK")]
    assert len(with_note) == 1
