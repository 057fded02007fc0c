"""Exports: exactly who was chosen, no formula, a week's life, a trace of who asked and who took."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from sqlalchemy import select, update

from lux.kit import clock
from lux.ledger.models import ApprovalAuditLog
from lux.net.storage import store_of
from lux.rooms.contacts.models import ContactExport, ContactImport, FieldType, ImportedContact, ImportRejection
from lux.rooms.contacts.service import exports
from tests.rooms.contacts.desk import DECLARED, Desk, id_in


def made(desk, address="", **form):
    """Ask for an export and return its rows as a spreadsheet would read them."""
    assert desk.client.post(f"/contacts/exports{address}", data=form).status_code == 303
    desk.lux.work()
    place = latest(desk)
    answer = desk.client.get(place)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=contacts-")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in answer.data
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def latest(desk):
    page = desk.client.get("/contacts/exports").text
    return f"/contacts/exports/{id_in(page.split('/contacts/exports/')[1])}/contacts.csv"


def actions(desk):
    with desk.lux.db.read(desk.firm.id) as session:
        query = select(ApprovalAuditLog.action).where(ApprovalAuditLog.company_id == desk.firm.id)
        return [one for one in session.scalars(query.order_by(ApprovalAuditLog.seq)) if "export" in one]


def test_the_file_holds_everything_that_is_known(desk, monkeypatch):
    monkeypatch.setattr(exports, "_PAGE", 2)
    desk.field("Shoe size", FieldType.NUMBER)
    desk.field("Likes tea", FieldType.BOOLEAN)
    desk.import_("email,first name,phone,tags,Shoe size,Likes tea\n"
                 "ada@example.com,Ada,+493023125001,vip;fair,38.5,yes\nbo@example.com,,,,,\nci@example.com,,,,-3,no\n",
                 **DECLARED)  # fmt: skip
    rows = made(desk)
    assert [row["email"] for row in rows] == ["ada@example.com", "bo@example.com", "ci@example.com"]
    ada = rows[0]
    assert (ada["first_name"], ada["phone"], ada["tags"]) == ("Ada", "'+493023125001", "fair, vip")
    assert (ada["shoe_size"], ada["likes_tea"], rows[2]["shoe_size"]) == ("38.5", "yes", "'-3")
    assert (ada["consent"], ada["consent_date"], ada["suppressed"]) == ("given", "2026-01-02", "")
    assert actions(desk) == ["contacts.export_requested", "contacts.export_downloaded"]


def test_what_one_company_exports_another_imports_without_a_loss(lux, desk):
    other = Desk(lux, lux.firm("Second"))
    for one in (desk, other):
        one.field("Shoe size", FieldType.NUMBER)
        one.field("Likes tea", FieldType.BOOLEAN)
        one.field("Since", FieldType.DATE)
        one.field("Colour", FieldType.CHOICE, "red\nblue")
        one.field("Note")
    desk.import_(
        "email,phone,first name,last name,company,website,street,zip,city,state,country,timezone,language,source,"
        "lifecycle,tags,Shoe size,Likes tea,Since,Colour,Note,consent,consent date\n"
        "ada@example.com,+493023125001,Ada,=Lovelace,Engines,https://example.com,Main 1,12345,Berlin,BE,DE,"
        'Europe/Berlin,en,fair,customer,vip;fair,38.5,yes,2020-02-29,red,"a ""b"", c",yes,2024-01-02\n'
        "bo@example.com,,,,,,,,,,,,,,,,,no,,,,no,2024-01-03\nci@example.com,,,,,,,,,,,,,,,,,,,,,,\n",
        consent="column", basis="opt_in", wording="Signed up at the fair", consent_yes="yes", consent_no="no",
    )  # fmt: skip
    rows = made(desk)
    text = desk.client.get(latest(desk)).data
    entry = other.import_(text, consent="column", basis="opt_in", wording="Signed up at the fair",
                          consent_yes="given", consent_no="withdrawn", lifecycle="lead")  # fmt: skip
    assert (entry.counts["created"], entry.counts.get("rejected", 0)) == (3, 0)
    again = made(other)
    moments = {"created_at", "last_activity_at"}
    plain = [[{k: v for k, v in row.items() if k not in moments} for row in part] for part in (rows, again)]
    assert plain[1] == plain[0]
    assert rows[0]["consent_date"] == "2024-01-02"


def test_no_cell_is_a_formula_and_the_way_back_gives_the_same(desk):
    nasty = ["=1+1", "+1", "-1", "@SUM(A1)", "'=x", "\uff1d1", '=HYPERLINK("http://x")', "fine", "o'neil", "'quoted"]
    for number, name in enumerate(nasty):
        desk.person(email=f"u{number}@example.com", first_name=name, organisation=name)
    assert desk.client.post("/contacts/exports").status_code == 303
    desk.lux.work()
    body = desk.client.get(latest(desk)).data
    for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))):
        assert not [cell for cell in row if cell[:1] in {"=", "+", "-", "@", "\uff1d"}]
    other = type(desk)(desk.lux, desk.lux.firm())
    other.import_(body)
    assert [one.first_name for one in other.contacts()] == nasty
    assert [one.organisation for one in other.contacts()] == nasty


def test_an_export_holds_exactly_the_list_it_was_asked_on(desk):
    for name, stage in (("ada", "vip"), ("adam", "lead"), ("bo", "vip")):
        desk.person(email=f"{name}@example.com", lifecycle=stage)
    trashed = desk.person(email="adele@example.com", lifecycle="vip")
    desk.client.post(f"/contacts/{trashed.public_id}/trash")
    assert [row["email"] for row in made(desk, "?q=ad&lifecycle=vip")] == ["ada@example.com"]
    refused = desk.client.post("/contacts/exports?q=nobody")
    assert (refused.status_code, "nothing to export" in refused.text) == (422, True)
    assert desk.client.post("/contacts/exports?tag=gone").status_code == 422


def test_a_selection_is_exported_without_the_others(desk):
    ids = [str(desk.person(email=f"{name}@example.com").public_id) for name in ("ada", "bo", "ci")]
    desk.client.post("/contacts/selection?q=zzz", data={"ids": [ids[0], ids[2]], "action": "export"})
    desk.lux.work()
    rows = list(csv.DictReader(io.StringIO(desk.client.get(latest(desk)).data.decode("utf-8-sig"))))
    assert [row["email"] for row in rows] == ["ada@example.com", "ci@example.com"]


def test_what_has_had_its_time_is_removed_and_nothing_else(desk, lux, firm, time_machine):
    now = clock.now()
    desk.person(email="ada@example.com")
    made(desk)
    entry = desk.import_("email\nbo@example.com\nbroken\n")
    draft = id_in(desk.upload("email\nci@example.com\n").headers["Location"])
    desk.clean_up()
    assert len(desk.files) == 2, "an export and a draft"
    stray = "imports/00000000-0000-7000-8000-000000000000.csv"
    with store_of(lux.settings).open_write(stray) as file:
        file.write(b"from a request that failed")
    time_machine.move_to(now + dt.timedelta(days=8))
    desk.clean_up()
    desk.clean_up()
    assert desk.files == []
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(ContactExport.state)).all() == ["expired"]
        assert [str(one) for one in session.scalars(select(ContactImport.public_id))] == [str(entry.public_id)]
        assert draft != str(entry.public_id)
        assert len(session.scalars(select(ImportRejection)).all()) == 1
    time_machine.move_to(now + dt.timedelta(days=31))
    desk.clean_up()
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(ImportRejection)).all() == []
        assert session.scalars(select(ImportedContact)).all() == []
    assert len(desk.contacts()) == 2


def test_an_expired_file_is_not_handed_out(desk, lux, firm):
    desk.person(email="ada@example.com")
    made(desk)
    with lux.db.begin(firm.id) as session:
        session.execute(update(ContactExport).values(expires_at=clock.now() - dt.timedelta(seconds=1)))
    answer = desk.client.get(latest(desk))
    assert (answer.status_code, "kept for a week" in answer.text) == (404, True)


def test_an_export_that_fails_says_so_and_leaves_no_half_file(desk, lux, monkeypatch):
    desk.person(email="ada@example.com")
    desk.client.post("/contacts/exports")

    def broken(*_arguments):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(exports, "_page", broken)
    with pytest.raises(RuntimeError, match="disk is full"):
        lux.work()
    assert desk.files == []
    assert "Running" in desk.client.get("/contacts/exports").text, "it is tried again"
