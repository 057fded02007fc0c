"""An import from upload to report: who comes in, who is refused and why, what is kept, what each count says."""

from __future__ import annotations

import datetime as dt
import re
import threading
import time

import pytest

from lux.gate import consent
from lux.gate.consent import ConsentState, SuppressionReason
from lux.identity.access import Role
from lux.kit.jobs import GiveUp
from lux.ledger import facts
from lux.net.storage import store_of
from lux.rooms.contacts.importing import merge, run
from lux.rooms.contacts.importing import tags as tag_module
from lux.rooms.contacts.models import FieldType, Lifecycle
from lux.rooms.contacts.service import permission, removal
from lux.rooms.notifications import service as notices
from tests.rooms.contacts.desk import DECLARED, Desk, chosen, id_in

FILE = """E-mail,Vorname,Last name,Telefon,Company,Country,Tags,Note
ada@example.com,Ada,Lovelace,030 23125 001,Analytical Engines,Germany,vip;fair,first
 Grace@Example.COM ,Grace,Hopper,+44 7700 900123,,uk,,
"""


def test_columns_are_guessed_and_people_come_in(desk):
    entry = desk.import_(FILE)
    assert (entry.state, entry.offset) == ("done", entry.file_size)
    ada, grace = desk.contact("ada@example.com"), desk.contact("grace@example.com")
    assert (ada.first_name, ada.last_name, ada.phone, ada.country) == ("Ada", "Lovelace", "+493023125001", "DE")
    assert ada.organisation == "Analytical Engines"
    assert (grace.email, grace.email_key, grace.phone) == ("Grace@Example.COM", "grace@example.com", "+447700900123")
    assert desk.tags("ada@example.com") == ["fair", "vip"]
    assert entry.counts == {"rows": 2, "created": 2, "not_mailable": 2, "new_tags": 2}
    assert desk.files == [], "the file has done its work"


def test_the_mapping_page_shows_guesses_and_first_rows(desk):
    public_id = id_in(desk.upload(FILE).headers["Location"])
    page = desk.client.get(f"/contacts/imports/{public_id}/map").text
    assert chosen(page) == ["email", "first_name", "last_name", "phone", "organisation", "country", "tags", ""]
    assert "Grace@Example.COM" in page
    again = desk.client.get(f"/contacts/imports/{public_id}/map?encoding=utf-8&delimiter=semicolon&header=no").text
    assert chosen(again) == [""], "read with another delimiter there is one column of everything"
    refused = desk.client.get(f"/contacts/imports/{public_id}/map?delimiter=colon")
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("policy", "now", "outcome"),
    [
        ("fill", ("Old", "+493023125009", "40"), "updated"),
        ("overwrite", ("New", "+493023125009", "41"), "updated"),
        ("skip", ("Old", None, "40"), "unchanged"),
    ],
)
def test_known_contacts_follow_the_policy_and_empty_cells_never_erase(desk, policy, now, outcome):
    field = desk.field("Size")
    desk.person(email="ada@example.com", city="Old", last_name="Lovelace", field_size="40")
    body = f"email,city,phone,last name,{field.label}\nADA@example.com,New,+493023125009,,41\n"
    entry = desk.import_(body, duplicates=policy)
    ada = desk.contact("ada@example.com")
    assert (ada.city, ada.phone, ada.attrs["size"]) == now
    assert (ada.email, ada.last_name) == ("ada@example.com", "Lovelace")
    assert entry.counts[outcome] == 1
    assert len(desk.contacts()) == 1


def test_a_row_that_changes_nothing_is_counted_as_unchanged_and_leaves_no_fact(desk):
    desk.person(email="ada@example.com", city="Old")
    entry = desk.import_("email,city\nada@example.com,Other\n", duplicates="fill")
    assert entry.counts["unchanged"] == 1
    assert desk.facts("contact.updated") == []
    assert desk.contact("ada@example.com").version == 1


def test_every_refused_row_has_its_line_field_and_reason(desk):
    desk.field("Points", FieldType.NUMBER)
    desk.field("Size", FieldType.CHOICE, "S\nM")
    body = (
        "email,phone,country,first name,Points,Size\n"
        "no-at-sign,,,,,\n"
        ",,DE,Nobody,,\n"
        "a@example.com,after six,,,,\n"
        "b@example.com,,Atlantis,,,\n"
        f"c@example.com,,,{'x' * 101},,\n"
        "d@example.com,,,,many,\n"
        "e@example.com,,,,,XL\n"
        "f@example.com,,,\n"
        "g@example.com,,,,,,surplus\n"
        'h@example.com,"open,,,,\n'
        "i@example.com,,,An\x00na,,\n"
        "good@example.com,,,Good,1,s\n"
    )
    entry = desk.import_(body)
    report = desk.report(entry)
    assert [(line, field) for line, _kind, field, _reason in report] == [
        (2, "E-mail"), (3, "E-mail"), (4, "Phone"), (5, "Country"), (6, "First name"), (7, "Points"), (8, "Size"),
        (9, ""), (10, ""), (11, ""), (12, "First name"),
    ]  # fmt: skip
    for (_line, kind, _field, reason), words in zip(
        report,
        ["@-sign", "no e-mail address and no phone", "after six", "Atlantis", "at most 100", "many", "S, M",
         "4 cells", "7 cells", "never closed", "can't be read"],
        strict=True,
    ):  # fmt: skip
        assert kind == "rejected"
        assert words in reason
    assert entry.counts == {"rows": 12, "created": 1, "rejected": 11, "not_mailable": 1}
    assert desk.contact("good@example.com").attrs == {"points": 1, "size": "S"}


def test_the_report_is_a_file_with_the_rows_own_cells_and_no_formula(desk):
    entry = desk.import_('email,first name\nbroken,=1+1\nok@example.com,Ok\nOK@example.com,"a, b"\n')
    answer = desk.client.get(f"/contacts/imports/{entry.public_id}/report.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert len(desk.noted("import.report_downloaded")) == 1
    reader = desk.lux.client(desk.lux.member(desk.firm.id, Role.VIEWER))
    assert reader.get(f"/contacts/imports/{entry.public_id}/report.csv").status_code == 403
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "line,outcome,field,reason,email,first name"
    assert lines[1].startswith("2,not imported,E-mail,")
    assert lines[1].endswith(",broken,'=1+1")
    reason = "Line 3 of this file names the same person; this row was left out."
    assert lines[2] == f'4,repeat,E-mail,{reason},OK@example.com,"a, b"'


def test_a_mended_report_is_imported_like_any_file(desk):
    entry = desk.import_("email,first name\nada-example.com,Ada\nbo@example.com,Bo\n")
    report = desk.client.get(f"/contacts/imports/{entry.public_id}/report.csv").data
    again = desk.import_(report.replace(b",ada-example.com,", b",ada@example.com,"))
    assert again.counts == {"rows": 1, "created": 1, "not_mailable": 1}
    assert desk.contact("ada@example.com").first_name == "Ada"


def test_a_value_can_be_left_out_instead_of_its_row(desk):
    entry = desk.import_("email,phone,country\na@example.com,after six,Atlantis\nbroken,,\n", bad_values="leave_out")
    assert desk.contact("a@example.com").phone is None
    assert entry.counts == {"rows": 2, "created": 1, "gaps": 1, "rejected": 1, "not_mailable": 1}
    assert [(kind, field) for _line, kind, field, _reason in desk.report(entry)] == [
        ("gap", "Country, Phone"),
        ("rejected", "E-mail"),
    ]


def test_repeats_within_the_file_are_found_whatever_the_case_and_however_far_apart(desk, monkeypatch):
    monkeypatch.setattr("lux.rooms.contacts.importing.run.ROWS", {"sqlite": 2, "postgresql": 2, "mysql": 2})
    body = "email,first name\na@example.com,1\nb@example.com,2\nA@Example.com,3\nc@example.com,4\nB@EXAMPLE.COM,5\n"
    entry = desk.import_(body)
    assert [one.first_name for one in desk.contacts()] == ["1", "2", "4"]
    assert entry.counts == {"rows": 5, "created": 3, "duplicates": 2, "not_mailable": 3}
    assert [(line, kind) for line, kind, _field, _reason in desk.report(entry)] == [(4, "duplicate"), (6, "duplicate")]


def test_numbers_alone_make_contacts_and_are_found_again(desk):
    entry = desk.import_("phone,first name\n030 23125 001,Ada\n+49 30 23125001,Again\n", region="DE")
    assert entry.counts == {"rows": 2, "created": 1, "duplicates": 1, "not_mailable": 1}
    entry = desk.import_("phone,city\n030 23125 001,Berlin\n", region="DE")
    assert (entry.counts["updated"], desk.contacts()[0].city) == (1, "Berlin")


def test_the_rows_own_country_tells_how_its_number_is_read(desk):
    desk.import_("email,phone,country\na@example.com,07700 900123,United Kingdom\nb@example.com,030 23125 001,\n",
                 region="DE")  # fmt: skip
    assert desk.contact("a@example.com").phone == "+447700900123"
    assert desk.contact("b@example.com").phone == "+493023125001"


def test_who_is_in_the_trash_stays_there(desk, lux, firm):
    ada = desk.person(email="ada@example.com")
    with lux.db.begin(firm.id) as session:
        removal.trash(session, [ada.id], None)
    entry = desk.import_("email,city\nada@example.com,Berlin\n", duplicates="overwrite")
    assert entry.counts == {"rows": 1, "rejected": 1}
    assert "in the trash" in desk.report(entry)[0][3]
    assert desk.contact("ada@example.com").city == ""


def test_defaults_for_new_contacts_touch_nobody_else(desk):
    desk.person(email="old@example.com", source="web", lifecycle="vip")
    desk.person(email="bare@example.com")
    desk.import_("email\nold@example.com\nbare@example.com\nnew@example.com\n", source="Fair", lifecycle="customer",
                 tags=["fair", "2026"])  # fmt: skip
    new, old, bare = (desk.contact(f"{name}@example.com") for name in ("new", "old", "bare"))
    assert (new.source, new.lifecycle) == ("Fair", Lifecycle.CUSTOMER)
    assert (old.source, old.lifecycle) == ("web", Lifecycle.VIP)
    assert (bare.source, bare.lifecycle) == ("Fair", Lifecycle.LEAD)
    assert desk.tags("old@example.com") == desk.tags("new@example.com") == ["2026", "fair"]


def test_a_declared_consent_is_kept_with_its_proof(desk, firm):
    entry = desk.import_("email\nada@example.com\n", **DECLARED)
    standing = desk.standing("ada@example.com")
    assert standing.is_mailable
    assert (standing.basis, standing.source, standing.wording) == ("opt_in", "people.csv", DECLARED["wording"])
    assert standing.at == dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    assert standing.proof == {
        "file": "people.csv", "line": 2, "import": str(entry.public_id), "by": firm.person.name,
        "declared_on": "2026-01-02",
    }  # fmt: skip
    assert (entry.counts["mailable"], entry.counts["consents"]) == (1, 1)


def test_a_column_says_yes_no_or_nothing(desk):
    body = (
        "email,newsletter,consent date\nyes@example.com,Ja,2.3.2024\nno@example.com,unsubscribed,\n"
        "what@example.com,perhaps,\nempty@example.com,,\n"
    )
    entry = desk.import_(body, consent="column", basis="double_opt_in", wording="Monthly news about coffee",
                         consent_yes="ja, yes", consent_no="unsubscribed, no")  # fmt: skip
    assert entry.counts == {
        "rows": 4, "created": 4, "consents": 1, "blocked": 1, "mailable": 1, "not_mailable": 3
    }  # fmt: skip
    yes, no = desk.standing("yes@example.com"), desk.standing("no@example.com")
    assert (yes.state, yes.basis, yes.at) == (
        ConsentState.GIVEN, "double_opt_in", dt.datetime(2024, 3, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    assert yes.proof["value"] == "Ja"
    assert (no.state, no.suppressed) == (ConsentState.WITHDRAWN, SuppressionReason.IMPORTED)
    assert desk.standing("what@example.com").state is desk.standing("empty@example.com").state is None


def test_a_file_never_overrules_a_no_and_a_no_in_a_file_always_counts(desk, lux, firm):
    with lux.db.begin(firm.id) as session:
        for name in ("left", "stays"):
            permission.consent.record(
                session,
                permission.ConsentEntry(channel="email", address_key=f"{name}@example.com", state=ConsentState.GIVEN),
            )
        permission.consent.withdraw(session, channel="email", address_key="left@example.com", source="link")
    entry = desk.import_("email\nleft@example.com\nstays@example.com\n", **DECLARED)
    assert desk.standing("left@example.com").state is ConsentState.WITHDRAWN
    assert desk.standing("stays@example.com").source == "", "the older yes keeps its proof"
    assert (entry.counts["mailable"], entry.counts["not_mailable"]) == (1, 1)
    desk.import_("email,consent\nstays@example.com,no\n", duplicates="skip", consent="column", basis="opt_in",
                 wording="Monthly news about coffee", consent_yes="yes", consent_no="no")  # fmt: skip
    assert desk.standing("stays@example.com").state is ConsentState.WITHDRAWN


def test_facts_tell_what_happened_and_who_did_it(desk, firm):
    desk.person(email="old@example.com")
    entry = desk.import_("email,city,tags\nold@example.com,Berlin,vip\nnew@example.com,,vip\n", **DECLARED)
    created = desk.facts("contact.created")[-1]
    assert (created.contact_id, created.actor) == (desk.contact("new@example.com").id, f"person:{firm.user_id}")
    assert created.properties == {"import": str(entry.public_id), "line": 3}
    updated = desk.facts("contact.updated")[-1]
    assert updated.properties["fields"] == ["city"]
    assert [fact.properties["tag"] for fact in desk.facts("tag.added")] == ["vip", "vip"]
    assert len(desk.facts("consent.given")) == 2
    with desk.lux.db.read(firm.id) as session:
        assert facts.rolled_up(session, "")[0, "contact.created"][0] == 2


def test_the_person_who_started_it_is_told(desk, lux, firm):
    desk.import_("email\nada@example.com\n")
    with lux.db.read(firm.id) as session:
        assert notices.unread_count(session, firm.user_id) == 1


def test_new_text_fields_are_made_of_columns(desk):
    desk.import_("email,Lieblingsröstung\nada@example.com,hell\n", ["email", "new"])
    assert desk.contact("ada@example.com").attrs == {"lieblingsrostung": "hell"}


def test_a_column_that_is_no_tags_does_not_make_thousands_of_them(desk, monkeypatch):
    monkeypatch.setattr(tag_module, "MOST_NEW", 3)
    monkeypatch.setattr("lux.rooms.contacts.importing.run.ROWS", {"sqlite": 2, "postgresql": 2, "mysql": 2})
    body = "email,tags\n" + "".join(f"u{number}@example.com,text {number}\n" for number in range(6))
    entry = desk.import_(body)
    assert (entry.counts["created"], entry.counts["rejected"]) == (3, 3)
    assert "more than 3 new tags" in desk.report(entry)[0][3]


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        (["first_name", "last_name"], {}, "No column holds"),
        (["email", "email"], {}, "Two columns are chosen for: E-mail"),
        (["email"], {}, "do not fit the file"),
        (["email", "company_id"], {}, "do not fit the file"),
        (["email", ""], DECLARED | {"consent": "column", "consent_yes": "y"}, "no column"),
        (["email", ""], {"consent": "declared"}, "kept as proof"),
        (["email", ""], DECLARED | {"declared_on": "2999-01-01"}, "in the future"),
        (["email", ""], DECLARED | {"basis": ""}, "on what basis"),
        (["email", ""], {"tags": ["x" * 65]}, "at most 64"),
        (["email", ""], {"region": "QQ"}, "country does not exist"),
        (["email", ""], {"state": "done"}, "not known here"),
    ],
)
def test_a_mapping_that_can_not_work_comes_back_with_all_its_answers(lux_sqlite, columns, options, words):
    desk = Desk(lux_sqlite, lux_sqlite.firm())
    public_id = id_in(desk.upload("email,name\nada@example.com,Ada\n").headers["Location"])
    form = {"columns": columns, "lifecycle": "lead", "source": "typed by hand", **options}
    answer = desk.client.post(f"/contacts/imports/{public_id}/map", data=form)
    assert answer.status_code == 422
    assert words in answer.text
    assert "typed by hand" in answer.text
    assert desk.entry(public_id).state == "uploaded"


def test_an_encoding_that_is_not_offered_is_refused(lux_sqlite):
    desk = Desk(lux_sqlite, lux_sqlite.firm())
    public_id = id_in(desk.upload("email\nada@example.com\n").headers["Location"])
    for answer in (
        desk.client.get(f"/contacts/imports/{public_id}/map?encoding=utf-7"),
        desk.client.post(f"/contacts/imports/{public_id}/map", data={"columns": ["email"], "encoding": "utf-7"}),
    ):
        assert answer.status_code == 422
        assert "not offered" in answer.text


def test_what_can_not_be_read_as_a_list_leaves_no_file_behind(lux_sqlite):
    desk = Desk(lux_sqlite, lux_sqlite.firm())
    for body, words in ((b"", "empty"), (b"email,name\n", "no rows"), (b"PK\x03\x04" + bytes(99), "Excel")):
        answer = desk.upload(body)
        assert answer.status_code == 422
        assert words in answer.text
    assert desk.client.post("/contacts/imports/new", data={}).status_code == 422
    assert desk.files == []


def test_an_import_is_cancelled_while_it_waits_and_goes_on_later(desk):
    public_id = desk.start("email\nada@example.com\n")
    assert desk.client.post(f"/contacts/imports/{public_id}/cancel").status_code == 303
    desk.lux.work()
    assert (desk.entry(public_id).state, desk.contacts()) == ("cancelled", [])
    assert "Go on where it stopped" in desk.client.get(f"/contacts/imports/{public_id}").text
    assert desk.client.post(f"/contacts/imports/{public_id}/go-on").status_code == 303
    desk.lux.work()
    assert (desk.entry(public_id).state, len(desk.contacts())) == ("done", 1)
    assert desk.client.post(f"/contacts/imports/{public_id}/cancel").status_code == 409


def test_an_import_is_cancelled_between_two_chunks_and_what_is_in_stays_in(desk, lux, monkeypatch):
    monkeypatch.setattr(run, "ROWS", dict.fromkeys(run.ROWS, 2))
    public_id = desk.start("email\n" + "".join(f"u{number}@example.com\n" for number in range(8)))
    real = run._write_chunk

    def cancel_after_the_first(*arguments):
        place = real(*arguments)
        if len(desk.contacts()) == 2:
            assert desk.client.post(f"/contacts/imports/{public_id}/cancel").status_code == 303
            time.sleep(1.5)  # the keeper hears of it within half a second
        return place

    monkeypatch.setattr(run, "_write_chunk", cancel_after_the_first)
    lux.work()
    entry = desk.entry(public_id)
    assert (entry.state, len(desk.contacts())) == ("cancelled", 2)
    assert entry.counts["rows"] == 2
    desk.client.post(f"/contacts/imports/{public_id}/go-on")
    lux.work()
    assert (desk.entry(public_id).state, len(desk.contacts())) == ("done", 8)


def test_the_bar_tells_how_far_it_is_and_the_page_rests_at_the_end(desk, lux, monkeypatch):
    monkeypatch.setattr(run, "ROWS", dict.fromkeys(run.ROWS, 2))
    public_id = desk.start("email\n" + "".join(f"u{number}@example.com\n" for number in range(8)))
    real, seen = run._write_chunk, []

    def look():
        text = desk.client.get(f"/contacts/imports/{public_id}", headers={"HX-Request": "true"}).text
        bar = re.search(r"<progress[^>]*>", text).group()
        place = [int(re.search(rf'{name}="(\d+)"', bar).group(1)) for name in ("value", "max")]
        polls = re.search(r'id="import-status"[^>]*hx-get="([^"]*)"[^>]*hx-trigger="every 1s"', text)
        return place, polls.group(1) if polls else None, "<html" in text

    def look_after_each(*arguments):
        place = real(*arguments)
        seen.append((place, *look()))
        return place

    monkeypatch.setattr(run, "_write_chunk", look_after_each)
    lux.work()
    size = desk.entry(public_id).file_size
    here = f"/contacts/imports/{public_id}"
    assert [shown for _place, *shown in seen] == [[[place, size], here, False] for place, *_shown in seen]
    assert [place for place, *_shown in seen] == sorted({place for place, *_shown in seen})
    assert 0 < seen[0][0] < size
    assert look() == ([size, size], None, False), "full, and asked no more"


def test_a_fault_in_the_middle_is_tried_again_from_there(desk, lux, monkeypatch):
    monkeypatch.setattr(run, "ROWS", dict.fromkeys(run.ROWS, 2))
    public_id = desk.start("email\n" + "".join(f"u{number}@example.com\n" for number in range(6)))
    real, calls = run.write, []

    def fails_once_after_writing(session, chunk):
        counts = real(session, chunk)
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the cable was pulled")
        return counts

    monkeypatch.setattr(run, "write", fails_once_after_writing)
    with pytest.raises(RuntimeError, match="cable"):
        lux.work()
    entry = desk.entry(public_id)
    assert (entry.state, entry.counts["rows"], len(desk.contacts())) == ("running", 2, 2)
    time.sleep(2.1)  # the longest pause before a second attempt
    lux.work()
    entry = desk.entry(public_id)
    assert (entry.state, entry.counts["created"], len(desk.contacts())) == ("done", 6, 6)


def test_a_contact_made_at_the_same_moment_is_met_and_not_doubled(desk, monkeypatch):
    desk.person(email="ada@example.com", first_name="Ada")
    real, calls = merge.known_contacts, []

    def blind_at_first(session, candidates):
        calls.append(1)
        return {} if len(calls) == 1 else real(session, candidates)

    monkeypatch.setattr(merge, "known_contacts", blind_at_first)
    entry = desk.import_("email,city\nada@example.com,Berlin\nbo@example.com,Rome\n")
    assert entry.counts == {"rows": 2, "created": 1, "updated": 1, "not_mailable": 2}
    assert [(one.email, one.city) for one in desk.contacts()] == [
        ("ada@example.com", "Berlin"),
        ("bo@example.com", "Rome"),
    ]


def test_who_saves_a_contact_while_it_is_imported_loses_nothing_unsaid(desk, monkeypatch):
    ada = desk.person(email="ada@example.com", first_name="Ada")
    real, answers = merge.known_contacts, []

    def save():
        form = {"version": ada.version, "email": "ada@example.com", "first_name": "Augusta", "lifecycle": "lead"}
        answers.append(desk.lux.client(desk.firm).post(f"/contacts/{ada.public_id}/edit", data=form).status_code)

    somebody = threading.Thread(target=save)

    def slow(session, candidates):
        found = real(session, candidates)
        somebody.start()
        somebody.join(1)  # as long as nobody keeps them waiting
        return found

    monkeypatch.setattr(merge, "known_contacts", slow)
    desk.import_("email,city\nada@example.com,Berlin\n", duplicates="overwrite")
    somebody.join()
    now = desk.contact("ada@example.com")
    assert answers == [409], "they are told that the contact changed meanwhile"
    assert (now.first_name, now.city, now.version) == ("Ada", "Berlin", 2)


@pytest.mark.parametrize(
    "migrated_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)  # with SQLite's one writer nobody can speak in between
def test_a_no_that_comes_while_a_file_says_yes_stands(desk, firm, lux, monkeypatch):
    real, calls = consent._said, []

    def somebody_says_no(session, entries):
        found = real(session, entries)
        calls.append(1)
        if len(calls) == 1:
            with lux.db.begin(firm.id) as other:
                consent.withdraw(other, channel="email", address_key="ada@example.com", source="link")
        return found

    monkeypatch.setattr(consent, "_said", somebody_says_no)
    entry = desk.import_("email\nada@example.com\nbo@example.com\n", **DECLARED)
    assert desk.standing("ada@example.com").state is ConsentState.WITHDRAWN
    assert (entry.counts["consents"], entry.counts["mailable"]) == (1, 1)
    assert len(desk.facts("consent.given")) == 1, "only what was written is told"


def test_an_import_whose_file_is_gone_says_so(desk, lux):
    public_id = desk.start("email\nada@example.com\n")
    store_of(lux.settings).delete(desk.entry(public_id).file_key)
    with pytest.raises(GiveUp):
        lux.work()
    entry = desk.entry(public_id)
    assert (entry.state, "gone" in entry.error) == ("failed", True)
    assert "gone" in desk.client.get(f"/contacts/imports/{public_id}").text
    assert desk.client.post(f"/contacts/imports/{public_id}/go-on").status_code == 409


def test_two_imports_of_a_company_run_one_after_the_other(desk):
    first = desk.start("email\na@example.com\nb@example.com\n")
    second = desk.start("email\nb@example.com\nc@example.com\n")
    desk.lux.work()
    assert {desk.entry(one).state for one in (first, second)} == {"done"}
    assert len(desk.contacts()) == 3


def test_a_draft_is_discarded_and_can_not_be_started_twice(desk):
    public_id = id_in(desk.upload(FILE).headers["Location"])
    desk.client.post(f"/contacts/imports/{public_id}/cancel")
    assert desk.entry(public_id).state == "cancelled"
    answer = desk.client.post(
        f"/contacts/imports/{public_id}/map", data={"columns": ["email"] + [""] * 7, "lifecycle": "lead"}
    )
    assert answer.status_code == 409
