"""Tags and the company's own fields: named once, changed without breaking values, deleted after typing."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from lux.kit import clock, jobs
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.jobs import Job
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.contacts.models import FieldType
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import fields, tagging


def test_a_tag_is_made_renamed_and_deleted_with_its_name_typed(desk, lux, firm):
    assert desk.client.post("/contacts/tags", data={"name": "Fair"}).status_code == 303
    assert desk.client.post("/contacts/tags", data={"name": "Other"}).status_code == 303
    twin = desk.client.post("/contacts/tags", data={"name": " fAIR "})
    assert (twin.status_code, "There is a tag “Fair” already" in twin.text) == (422, True)
    tag = desk.tag("fair")
    ada = desk.person(email="ada@example.com")
    desk.client.post(f"/contacts/{ada.public_id}/tags", data={"tags": ["Fair"]})
    taken = desk.client.post(f"/contacts/tags/{tag.public_id}/rename", data={"name": "other"})
    assert (taken.status_code, "already" in taken.text) == (422, True)
    desk.client.post(f"/contacts/tags/{tag.public_id}/rename", data={"name": "Fair 2026"})
    assert desk.tags("ada@example.com") == ["Fair 2026"]
    page = desk.client.get("/contacts/tags").text
    assert "Fair 2026" in page
    wrong = desk.client.post(f"/contacts/tags/{tag.public_id}/delete", data={"confirmation": "Fair"})
    assert (wrong.status_code, "Type Fair 2026 exactly" in wrong.text) == (422, True)
    answer = desk.client.post(f"/contacts/tags/{tag.public_id}/delete", data={"confirmation": "Fair 2026"})
    assert answer.status_code == 303
    assert "1 contact had it" in desk.client.get("/contacts/tags").text
    assert desk.tags("ada@example.com") == []
    with lux.db.read(firm.id) as session:
        row = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.action == "tag.deleted")).one()
        assert '"contacts": 1' in row.detail
    assert desk.client.post(f"/contacts/tags/{tag.public_id}/rename", data={"name": "x"}).status_code == 404


def test_tagging_many_is_recorded_once_per_contact(desk, lux, firm):
    ids = [desk.person(email=f"u{number}@example.com").id for number in range(3)]
    with lux.db.begin(firm.id) as session:
        tag = tagging.create(session, "vip")
        assert tagging.add_tag(session, ids[:2], tag, None) == 2
        assert tagging.add_tag(session, ids, tag, None) == 1
        assert tagging.remove_tag(session, ids, tag, None) == 3
        assert tagging.remove_tag(session, ids, tag, None) == 0
    assert len(desk.facts("tag.added")) == len(desk.facts("tag.removed")) == 3


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Shoe size", "shoe_size"),
        ("  Größe (EU) ", "grosse_eu"),
        ("E-mail", "e_mail"),
        ("First name", "first_name_2"),
        ("2nd address", "field_2nd_address"),
        ("年齢", "field"),
        ("x" * 90, "x" * 48),
    ],
)
def test_keys_follow_from_labels_and_never_hide_a_standard_field(label, key):
    assert fields.free_key(label, set()) == key


def test_keys_are_numbered_when_labels_fold_together():
    assert fields.free_key("Size?", {"size", "size_2"}) == "size_3"


def test_a_field_is_made_and_its_choices_are_kept_safe(desk):
    refused = desk.client.post("/contacts/fields", data={"label": "Roast", "type": "choice", "choices": "light"})
    assert (refused.status_code, "at least two" in refused.text, "light" in refused.text) == (422, True, True)
    desk.client.post("/contacts/fields", data={"label": "Roast", "type": "choice", "choices": "light\nDark\nlight\n"})
    twin = desk.client.post("/contacts/fields", data={"label": "roast", "type": "text"})
    assert (twin.status_code, "of this name already" in twin.text) == (422, True)
    desk.person(email="ada@example.com", field_roast="dark")
    assert desk.contact("ada@example.com").attrs == {"roast": "Dark"}
    page = desk.client.get("/contacts/fields").text
    assert "{{ fields.roast }}" in page
    with desk.lux.db.read(desk.firm.id) as session:
        field = fields.tables.custom_fields(session)[0]
    place = f"/contacts/fields/{field.public_id}"
    used = desk.client.post(place, data={"label": "Roast", "choices": "light\nmedium"})
    assert (used.status_code, "“Dark” can&#39;t be taken away" in used.text) == (422, True)
    desk.client.post(place, data={"label": "Favourite roast", "choices": "Dark\nmedium"})
    assert "Favourite roast" in desk.client.get("/contacts/fields").text
    assert desk.client.post(place, data={"label": "x", "type": "text"}).status_code == 422, "the type stays"


def test_a_deleted_field_takes_its_values_along_and_may_come_again_empty(desk, lux, firm, monkeypatch):
    monkeypatch.setattr(fields, "_CHUNK", 2)
    field = desk.field("Shoe size", FieldType.NUMBER)
    desk.field("Note")
    for number in range(5):
        desk.person(email=f"u{number}@example.com", field_shoe_size=str(38 + number), field_note="kept")
    place = f"/contacts/fields/{field.public_id}"
    assert "5 contacts have a value in it." in desk.client.get(place).text
    wrong = desk.client.post(f"{place}/delete", data={"confirmation": "yes"})
    assert (wrong.status_code, "Type Shoe size exactly" in wrong.text) == (422, True)
    assert desk.client.post(f"{place}/delete", data={"confirmation": "Shoe size"}).status_code == 303
    with lux.db.begin(firm.id) as session, pytest.raises(WrongState, match="cleared away"):
        fields.create(session, "Shoe size", FieldType.TEXT)
    lux.work()
    assert [one.attrs for one in desk.contacts()] == [{"note": "kept"}] * 5
    assert desk.field("Shoe size").key == "shoe_size"


def test_of_two_who_make_a_field_at_once_the_second_is_told(desk, monkeypatch):
    desk.field("Shoe size")
    monkeypatch.setattr(tables, "custom_fields", lambda _session: [])  # it looked a moment before
    with pytest.raises(InvalidInput, match="at the same moment"):
        desk.field("Shoe-size")


@pytest.mark.parametrize("label", ["Tags", "Consent", "consent date", "E-Mail", "First name", "Created at", "City"])
def test_a_field_does_not_take_the_name_of_a_column_that_is_there(desk, label):
    with pytest.raises(InvalidInput, match="every contact has already"):
        desk.field(label)
    shoe = desk.field("Shoe size")
    answer = desk.client.post(f"/contacts/fields/{shoe.public_id}", data={"label": label, "choices": ""})
    assert (answer.status_code, "every contact has already" in answer.text) == (422, True)


def test_an_import_that_was_cancelled_on_the_jobs_page_blocks_nothing(desk, lux, firm, time_machine):
    field = desk.field("Shoe size")
    public_id = desk.start("email,Shoe size\nada@example.com,38\n")
    with lux.db.read(firm.id) as session:
        job = session.get_one(Job, desk.entry(public_id).job_id)
    assert desk.client.post(f"/diagnostics/jobs/{job.public_id}/cancel").status_code == 303
    assert "The import was cancelled" in desk.client.get(f"/contacts/imports/{public_id}").text
    path = f"/contacts/fields/{field.public_id}/delete"
    assert desk.client.post(path, data={"confirmation": "Shoe size"}).status_code == 303
    time_machine.move_to(clock.now() + dt.timedelta(days=31))
    desk.clean_up()
    entry = desk.entry(public_id)
    assert (entry.state, entry.finished_at is not None, desk.files) == ("cancelled", True, [])


def test_an_import_whose_job_was_ended_elsewhere_is_cancelled_for_good_or_goes_on(desk, lux, firm):
    public_id = desk.start("email\nada@example.com\n")
    with lux.db.begin(firm.id) as session:
        job_id = session.scalar(select(Job.public_id).where(Job.id == desk.entry(public_id).job_id))
        jobs.cancel(session, desk.entry(public_id).job_id)
    assert desk.client.post(f"/contacts/imports/{public_id}/cancel").status_code == 303
    assert desk.entry(public_id).state == "cancelled"
    assert desk.client.post(f"/diagnostics/jobs/{job_id}/retry").status_code == 303
    lux.work()
    assert (desk.entry(public_id).state, len(desk.contacts())) == ("done", 1)


def test_a_field_is_not_deleted_under_a_running_import(desk):
    field = desk.field("Shoe size")
    desk.start("email,Shoe size\nada@example.com,38\n")
    answer = desk.client.post(f"/contacts/fields/{field.public_id}/delete", data={"confirmation": "Shoe size"})
    assert answer.status_code == 409
    desk.lux.work()
    assert desk.contact("ada@example.com").attrs == {"shoe_size": "38"}
