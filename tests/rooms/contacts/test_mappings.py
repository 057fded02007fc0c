"""Mappings are kept: the same headings in any order are offered as they were answered, and can be changed."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import select

from lux.rooms.contacts.models import ImportMapping
from tests.rooms.contacts.desk import DECLARED, Desk, chosen, id_in

BODY = "email,Given,Shop no\nada@example.com,Ada,7\n"
OTHER_ORDER = "Shop no,email,Given\n8,bo@example.com,Bo\n"
COLUMNS = ["email", "first_name", "last_name"]


def page_of(desk, body, query=""):
    public_id = id_in(desk.upload(body).headers["Location"])
    return public_id, html.unescape(desk.client.get(f"/contacts/imports/{public_id}/map{query}").text)


def kept(desk):
    with desk.lux.db.read(desk.firm.id) as session:
        return list(session.scalars(select(ImportMapping).order_by(ImportMapping.name_key)))


def test_the_last_answers_are_offered_for_the_same_headings_in_any_order(desk):
    desk.import_(BODY, COLUMNS, **DECLARED, duplicates="overwrite", source="Till")
    _public_id, page = page_of(desk, OTHER_ORDER)
    assert chosen(page) == ["last_name", "email", "first_name"]
    assert "Filled in as with “people.csv”" in page
    assert 'value="Till"' in page
    assert DECLARED["wording"] in page
    assert re.search(r'value="declared"[^>]*checked', page)


def test_the_offer_can_be_changed_and_the_guess_is_one_choice_away(desk):
    desk.import_(BODY, COLUMNS)
    public_id, _page = page_of(desk, OTHER_ORDER)
    guessed = html.unescape(desk.client.get(f"/contacts/imports/{public_id}/map?mapping=guess").text)
    assert chosen(guessed) == ["", "email", ""]
    assert "Filled in as with" not in guessed


def test_other_headings_are_guessed_as_ever(desk):
    desk.import_(BODY, COLUMNS)
    _public_id, page = page_of(desk, "email,Given,Shop\nada@example.com,Ada,7\n")
    assert chosen(page) == ["email", "", ""]


def test_a_named_mapping_is_offered_renamed_and_deleted(desk):
    desk.import_(BODY, COLUMNS, save_as="Till export")
    desk.import_("email,Given,Shop no\nbo@example.com,Bo,8\n", ["email", "", ""])
    assert [one.name for one in kept(desk)] == ["", "Till export"]
    public_id, page = page_of(desk, OTHER_ORDER)
    assert chosen(page) == ["", "email", ""], "the last answers come first"
    named = kept(desk)[1].public_id
    page = desk.client.get(f"/contacts/imports/{public_id}/map?mapping={named}").text
    assert chosen(page) == ["last_name", "email", "first_name"]
    assert desk.client.post(f"/contacts/imports/mappings/{named}/rename", data={"name": "Shops"}).status_code == 303
    assert "Shops" in desk.client.get("/contacts/imports/mappings").text
    assert desk.client.post(f"/contacts/imports/mappings/{named}/rename", data={"name": " "}).status_code == 422
    assert desk.client.post(f"/contacts/imports/mappings/{named}/delete").status_code == 303
    assert [one.name for one in kept(desk)] == [""]


def test_a_deleted_field_is_left_out_of_what_is_offered(desk):
    field = desk.field("Shoe size")
    desk.import_(BODY, ["email", "", f"field:{field.key}"])
    with desk.lux.db.begin(desk.firm.id) as session:
        session.delete(session.merge(field))
    _public_id, page = page_of(desk, BODY)
    assert chosen(page) == ["email", "", ""]


def test_a_report_of_refused_rows_is_mapped_like_its_file(desk):
    entry = desk.import_("email,Given,Shop no\nada-example.com,Ada,7\nbo@example.com,Bo,8\n", COLUMNS, **DECLARED)
    report = desk.client.get(f"/contacts/imports/{entry.public_id}/report.csv").data
    mended = report.replace(b",ada-example.com,", b",ada@example.com,")
    public_id, page = page_of(desk, mended)
    assert chosen(page) == ["", "", "", "", *COLUMNS]
    form = {"columns": chosen(page), **DECLARED}
    assert desk.client.post(f"/contacts/imports/{public_id}/map", data=form).status_code == 303
    desk.lux.work()
    assert sorted((one.email, one.first_name) for one in desk.contacts()) == [
        ("ada@example.com", "Ada"), ("bo@example.com", "Bo"),
    ]  # fmt: skip
    assert desk.entry(public_id).counts.get("rejected", 0) == 0


def test_a_report_is_recognised_even_when_a_field_is_called_reason(desk):
    desk.field("Reason")
    entry = desk.import_("email,first name\nada-example.com,Ada\n")
    report = desk.client.get(f"/contacts/imports/{entry.public_id}/report.csv").data
    _public_id, page = page_of(desk, report)
    assert chosen(page)[:4] == ["", "", "", ""]


@pytest.mark.parametrize("verb", ["rename", "delete"])
def test_another_company_has_no_part_in_it(lux, desk, verb):
    desk.import_(BODY, COLUMNS, save_as="Till export")
    other = Desk(lux, lux.firm("Second"))
    named = kept(desk)[1].public_id
    assert other.client.post(f"/contacts/imports/mappings/{named}/{verb}", data={"name": "x"}).status_code == 404
    _public_id, page = page_of(other, BODY)
    assert chosen(page) == ["email", "", ""]
