"""One contact: made once, changed without losing another's change, tagged, mailed by consent only, erased for good."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from lux.gate import consent
from lux.gate.consent import ConsentState, SuppressionReason
from lux.identity.access import Role
from lux.identity.models import User
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ledger import audit, facts
from lux.ledger.models import ApprovalAuditLog, Fact, Rollup
from lux.ports import contributions as ports
from lux.ports.contributions import Contributions
from lux.rooms.contacts.models import (
    Contact,
    ContactTag,
    ContactWord,
    FieldType,
    ImportedContact,
    ImportRejection,
    Lifecycle,
)
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import exports, touch
from tests.rooms.contacts.desk import DECLARED, Desk, id_in

FORM = {"email": "ada@example.com", "first_name": "Ada", "lifecycle": "customer"}


def path(contact, rest=""):
    return f"/contacts/{contact.public_id}{rest}"


def test_a_contact_is_made_with_all_its_fields(desk):
    desk.field("Shoe size", FieldType.NUMBER)
    desk.field("Likes tea", FieldType.BOOLEAN)
    answer = desk.client.post(
        "/contacts/new",
        data=FORM
        | {"phone": "030 23125 001", "country": "DE", "language": "German", "timezone": "Europe/Berlin",
           "organisation": " Engines\tLtd ", "field_shoe_size": "38.5", "field_likes_tea": "yes"},
    )  # fmt: skip
    assert answer.status_code == 303
    ada = desk.contact("ada@example.com")
    assert (ada.phone, ada.language, ada.organisation, ada.lifecycle) == (
        "+493023125001", "de", "Engines Ltd", Lifecycle.CUSTOMER,
    )  # fmt: skip
    assert ada.attrs == {"shoe_size": 38.5, "likes_tea": True}
    page = desk.client.get(path(ada)).text
    for words in ("Ada", "+493023125001", "Germany", "38.5", "Yes", "Customer", "Contact created", "Never asked"):
        assert words in page


def test_every_problem_is_named_at_once_and_nothing_typed_is_lost(desk):
    desk.field("Shoe size", FieldType.NUMBER)
    data = {"email": "no-at-sign", "phone": "after six", "country": "Atlantis", "language": "klingonisch",
            "first_name": "typed by hand", "field_shoe_size": "big", "lifecycle": "lead"}  # fmt: skip
    answer = desk.client.post("/contacts/new", data=data)
    assert answer.status_code == 422
    for words in ("no-at-sign", "after six", "Atlantis", "klingonisch", "“big” is not a number", "typed by hand"):
        assert words in answer.text
    answer = desk.client.post("/contacts/new", data={"first_name": "Ada", "lifecycle": "lead"})
    assert (answer.status_code, "Enter an e-mail address or a phone number" in answer.text) == (422, True)
    assert desk.contacts() == []


def test_nobody_is_there_twice_and_the_form_links_to_who_is(desk):
    ada = desk.person(email="Ada@Example.com", first_name="Ada", last_name="Lovelace")
    answer = desk.client.post("/contacts/new", data=FORM | {"email": " ADA@example.COM"})
    assert answer.status_code == 422
    assert "belongs to Ada Lovelace already" in answer.text
    assert path(ada) in answer.text
    grace = desk.person(email="grace@example.com")
    answer = desk.client.post(path(grace, "/edit"), data=FORM | {"version": 1})
    assert (answer.status_code, path(ada) in answer.text) == (422, True)
    desk.client.post(path(ada, "/trash"))
    assert "in the trash" in desk.client.post("/contacts/new", data=FORM).text


@pytest.mark.parametrize(
    "name", ["company_id", "id", "public_id", "email_key", "trashed_at", "import_id", "attrs", "created_at"]
)
def test_no_column_can_be_written_that_the_form_does_not_show(lux_sqlite, name):
    desk = Desk(lux_sqlite, lux_sqlite.firm())
    ada = desk.person(email="ada@example.com")
    answer = desk.client.post(path(ada, "/edit"), data=FORM | {"version": 1, name: "7"})
    assert answer.status_code == 422
    assert "not known here" in answer.text
    assert desk.contact("ada@example.com").version == 1


def test_of_two_people_who_save_at_once_nobody_loses_anything(desk):
    ada = desk.person(email="ada@example.com", first_name="Ada", city="Berlin")
    first = desk.client.post(path(ada, "/edit"), data=FORM | {"city": "London", "version": 1})
    assert first.status_code == 303
    mine = FORM | {"city": "Paris", "first_name": "Augusta", "version": 1}
    second = desk.client.post(path(ada, "/edit"), data=mine)
    assert second.status_code == 409
    assert "Somebody changed this contact" in second.text
    assert "Now it reads “London”" in second.text
    assert 'value="Paris"' in second.text
    assert "Now it reads “Ada”" not in second.text, "only what others changed is marked"
    assert desk.contact("ada@example.com").city == "London"
    version = re.search(r'name="version" value="(\d+)"', second.text).group(1)
    again = desk.client.post(path(ada, "/edit"), data=mine | {"version": version})
    assert again.status_code == 303
    now = desk.contact("ada@example.com")
    assert (now.city, now.first_name, now.version) == ("Paris", "Augusta", 3)


def test_a_mistake_does_not_advance_the_version(desk):
    ada = desk.person(email="ada@example.com")
    desk.client.post(path(ada, "/edit"), data=FORM | {"city": "London", "version": 1})
    refused = desk.client.post(path(ada, "/edit"), data=FORM | {"email": "broken", "version": 1})
    assert refused.status_code == 422
    assert 'name="version" value="1"' in refused.text


def test_saving_what_was_there_changes_nothing(desk):
    ada = desk.person(email="ada@example.com", city="Berlin")
    desk.client.post(path(ada, "/edit"), data={"email": "ada@example.com", "city": "Berlin", "version": 1})
    assert desk.contact("ada@example.com").version == 1
    assert desk.facts("contact.updated") == []


def test_a_field_that_is_emptied_by_hand_is_empty(desk):
    desk.field("Shoe size", FieldType.NUMBER)
    ada = desk.person(email="ada@example.com", city="Berlin", field_shoe_size="38")
    desk.client.post(path(ada, "/edit"), data={"email": "ada@example.com", "version": 1})
    now = desk.contact("ada@example.com")
    assert (now.city, now.attrs) == ("", {})
    assert desk.facts("contact.updated")[0].properties["fields"] == ["city", "field_shoe_size"]


def test_tags_are_made_put_on_and_taken_off(desk):
    ada = desk.person(email="ada@example.com")
    desk.client.post(path(ada, "/tags"), data={"tags": ["Pioneer", "vip", "VIP "]})
    assert desk.tags("ada@example.com") == ["Pioneer", "vip"] or desk.tags("ada@example.com") == ["Pioneer", "VIP"]
    desk.client.post(path(ada, "/tags"), data={"tags": ["pioneer"]})
    assert desk.tags("ada@example.com") == ["Pioneer"]
    desk.client.post(path(ada, "/tags"), data={})
    assert desk.tags("ada@example.com") == []
    assert [fact.kind for fact in desk.facts() if fact.kind.startswith("tag.")] == [
        "tag.added", "tag.added", "tag.removed", "tag.removed",
    ]  # fmt: skip
    refused = desk.client.post(path(ada, "/tags"), data={"tags": ["x" * 65]})
    assert refused.status_code == 422


GIVEN = {
    "channel": "email",
    "basis": "opt_in",
    "how": "Paper form at the fair",
    "wording": "News about coffee, monthly",
}


def test_consent_is_given_with_proof_withdrawn_with_a_reason_and_a_block_is_lifted(desk, firm, lux):
    ada = desk.person(email="ada@example.com", phone="+49 30 23125 001")
    assert desk.client.post(path(ada, "/consent"), data=GIVEN).status_code == 303
    standing = desk.standing("ada@example.com")
    assert standing.is_mailable
    assert (standing.basis, standing.source, standing.wording) == ("opt_in", GIVEN["how"], GIVEN["wording"])
    assert standing.proof["by"] == firm.person.name
    assert standing.proof["ip"] == "127.0.0.1"
    page = desk.client.get(path(ada)).text
    for words in ("Given", GIVEN["how"], GIVEN["wording"], "127.0.0.1", "Consent to e-mail given"):
        assert words in page
    answer = desk.client.post(path(ada, "/withdraw"), data={"channel": "email", "reason": "Asked on the phone"})
    assert answer.status_code == 303
    standing = desk.standing("ada@example.com")
    assert (standing.state, standing.suppressed) == (ConsentState.WITHDRAWN, SuppressionReason.UNSUBSCRIBED)
    assert "Asked on the phone" in desk.client.get(path(ada)).text
    answer = desk.client.post(path(ada, "/release"), data={"channel": "email", "reason": "She wrote again"})
    assert answer.status_code == 303
    assert desk.standing("ada@example.com").suppressed is None
    assert not desk.standing("ada@example.com").is_mailable, "a lifted block is no consent"
    with lux.db.read(firm.id) as session:
        row = session.scalars(
            select(ApprovalAuditLog).where(ApprovalAuditLog.company_id == firm.id).order_by(ApprovalAuditLog.seq.desc())
        ).first()
        [words] = audit.words_of(session, firm.id, [json.loads(row.detail)]).values()
        assert (row.action, "She wrote again" in words) == ("suppression.released", True)
        assert audit.verify(session, firm.id)[1] is None
    sms = GIVEN | {"channel": "sms", "day": "2026-01-02"}
    assert desk.client.post(path(ada, "/consent"), data=sms).status_code == 303
    assert desk.standing("+493023125001", "sms").at == dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def test_consent_without_proof_or_address_or_after_a_later_no_is_refused(desk):
    ada = desk.person(email="ada@example.com")
    for change, words in (
        ({"wording": ""}, "too short"),
        ({"how": "x"}, "too short"),
        ({"channel": "sms"}, "no phone number"),
        ({"day": "2999-01-01"}, "future"),
        ({"basis": "because"}, "does not exist"),
    ):
        answer = desk.client.post(path(ada, "/consent"), data=GIVEN | {"wording": "typed by hand"} | change)
        assert (answer.status_code, words in answer.text) == (422, True), change
    desk.client.post(path(ada, "/withdraw"), data={"channel": "email", "reason": "Asked on the phone"})
    old = desk.client.post(path(ada, "/consent"), data=GIVEN | {"day": "2020-01-01"})
    assert (old.status_code, "after that day" in old.text) == (422, True)
    assert desk.standing("ada@example.com").state is ConsentState.WITHDRAWN


@pytest.mark.parametrize("verb", ["new", "edit"])
def test_of_two_who_enter_an_address_at_once_the_second_is_told_and_loses_nothing(desk, monkeypatch, verb):
    desk.person(email="ada@example.com", first_name="Ada")
    bo = desk.person(email="bo@example.com")
    real, calls = people.contact_by_email, []

    def blind_at_first(session, key):
        calls.append(key)
        return None if len(calls) == 1 else real(session, key)  # it looked a moment before

    monkeypatch.setattr(people, "contact_by_email", blind_at_first)
    form = FORM | {"first_name": "Augusta", "version": 1}
    answer = desk.client.post("/contacts/new" if verb == "new" else path(bo, "/edit"), data=form)
    assert answer.status_code == 422
    assert "This address belongs to Ada already." in answer.text
    assert 'value="Augusta"' in answer.text


@pytest.mark.parametrize(
    ("zone", "moment", "days"),
    [
        ("Pacific/Auckland", "2026-11-30T19:00:00+00:00", ("2026-12-01", "2026-12-02")),  # there it is 8 in the morning
        ("America/New_York", "2026-12-01T01:00:00+00:00", ("2026-11-30", "2026-12-01")),  # ... 8 in the evening
    ],
)
def test_today_is_the_day_where_the_person_is(lux_sqlite, time_machine, zone, moment, days):
    today, tomorrow = days
    now = dt.datetime.fromisoformat(moment)
    time_machine.move_to(now, tick=False)
    desk = Desk(lux_sqlite, lux_sqlite.firm())
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        session.get_one(User, desk.firm.user_id).timezone = zone
    ada = desk.person(email="ada@example.com")
    late = desk.client.post(path(ada, "/consent"), data=GIVEN | {"day": tomorrow})
    assert (late.status_code, "future" in late.text) == (422, True)
    assert desk.client.post(path(ada, "/consent"), data=GIVEN | {"day": today}).status_code == 303
    assert desk.standing("ada@example.com").at == now, "a yes of today was said now"
    body = f"email,consent,consent date\nbo@example.com,yes,{today}\nci@example.com,yes,{tomorrow}\n"
    entry = desk.import_(body, consent="column", basis="opt_in", wording="Signed up on the site", consent_yes="yes")
    assert [(line, reason) for line, _kind, _field, reason in desk.report(entry)] == [(3, "This day is in the future.")]
    refused = desk.start("email\ndi@example.com\n", **DECLARED | {"declared_on": today})
    lux_sqlite.work()
    assert desk.entry(refused).counts["consents"] == 1
    said = desk.standing("bo@example.com").at
    assert said is not None
    assert said <= now


def test_a_new_address_has_no_consent_yet_and_an_older_statement_finds_its_person(desk, lux, firm):
    ada = desk.person(email="ada@example.com")
    desk.client.post(path(ada, "/consent"), data=GIVEN)
    with lux.db.begin(firm.id) as session:
        entry = consent.ConsentEntry(channel="email", address_key="countess@example.com", state=ConsentState.GIVEN)
        consent.record(session, entry)
    desk.client.post(path(ada, "/edit"), data={"email": "new@example.com", "version": 1})
    assert desk.standing("new@example.com").state is None
    desk.client.post(path(ada, "/edit"), data={"email": "countess@example.com", "version": 2})
    assert desk.standing("countess@example.com").is_mailable


def test_the_timeline_tells_what_happened_and_goes_back_page_by_page(desk, lux, firm):
    ada = desk.person(email="ada@example.com")
    with lux.db.begin(firm.id) as session:
        facts.record_many(
            session,
            [facts.NewFact(kind="email.opened", contact_id=ada.id, channel="email", human="yes") for _ in range(30)],
        )
    page = desk.client.get(path(ada)).text
    assert page.count("Mail opened") == 20
    assert "Contact created" not in page
    older = re.search(r'href="([^"]*before=\d+)"', page).group(1)
    part = desk.client.get(older, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert (part.count("Mail opened"), "Contact created" in part) == (10, True)
    assert f"by {firm.person.name}" in part


def test_the_trash_keeps_everything_and_gives_it_back(desk):
    ada = desk.person(email="ada@example.com")
    desk.client.post(path(ada, "/trash"))
    assert desk.contact("ada@example.com").trashed_at is not None
    page = desk.client.get(path(ada)).text
    assert "in the trash" in page
    assert path(ada, "/edit") not in page
    assert desk.client.post(path(ada, "/edit"), data=FORM | {"version": 1}).status_code == 409
    desk.client.post(path(ada, "/restore"))
    assert desk.contact("ada@example.com").trashed_at is None


@dataclass
class Remembering:
    """An eraser of another room."""

    asked: list[tuple[int, int, str | None]] = field(default_factory=list)

    def erase(self, session, company_id, contact_id, address_key):
        assert session.get(Contact, contact_id) is not None, "others go first: their rows point at the contact"
        self.asked.append((company_id, contact_id, address_key))
        return 5


def test_a_person_is_erased_for_good_and_the_counts_stay_true(desk, lux, firm):
    other = Remembering()
    assert desk.client, "the application installs what the rooms contribute"
    ports.install(ports.installed().merged(Contributions(erasers=(other,))))
    entry = desk.import_(
        "email,phone,name,tags\nAda@Example.com,,Ada L,vip\nbroken,,,\nADA@example.com,,A,\n", **DECLARED
    )
    ada = desk.contact("ada@example.com")
    desk.client.post(path(ada, "/edit"), data={"email": "Ada@Example.com", "phone": "+493023125001", "version": 1})
    desk.client.post(path(ada, "/withdraw"), data={"channel": "email", "reason": "Asked on the phone"})
    with lux.db.read(firm.id) as session:
        before = session.scalar(select(func.count(Fact.id)))
        totals = session.scalar(select(func.sum(Rollup.total)))
    wrong = desk.client.post(path(ada, "/erase"), data={"confirmation": "yes"})
    assert (wrong.status_code, "Type Ada@Example.com exactly" in wrong.text) == (422, True)
    assert desk.client.post(path(ada, "/erase"), data={"confirmation": "Ada@Example.com"}).status_code == 303
    assert other.asked == [(firm.id, ada.id, "ada@example.com")]
    assert desk.client.get(path(ada)).status_code == 404
    with lux.db.read(firm.id) as session:
        for model in (Contact, ContactWord, ContactTag, ImportedContact):
            assert session.scalar(select(func.count()).select_from(model)) == 0
        refused = session.scalars(select(ImportRejection.cells).where(ImportRejection.import_id == entry.id)).all()
        assert [cells[0] for cells in refused] == ["broken"], "the repeat that names her went too"
        left = session.scalars(select(Fact).order_by(Fact.id)).all()
        assert {fact.contact_id for fact in left} == {None}
        assert not any(fact.properties for fact in left)
        assert len(left) == before + 1
        assert left[-1].kind == "contact.erased"
        assert session.scalar(select(func.sum(Rollup.total))) == totals + 1
        assert consent.status(session, "email", ["ada@example.com"])["ada@example.com"].state is None
        chain = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.action == "contact.erased")).one()
        assert (chain.object_id, "ada" in chain.detail.casefold()) == (str(ada.public_id), False)
    assert desk.standing("ada@example.com").suppressed is SuppressionReason.UNSUBSCRIBED, "nobody writes there again"


def test_erasing_one_person_keeps_what_another_said_from_the_same_number(desk, lux, firm):
    ada = desk.person(email="ada@example.com", phone="+493023125001")
    bo = desk.person(email="bo@example.com", phone="+493023125001")
    yes = {"channel": "sms", "basis": "opt_in", "how": "form", "wording": "May we write you short messages?"}
    assert desk.client.post(path(bo, "/consent"), data=yes).status_code == 303
    assert desk.client.post(path(ada, "/erase"), data={"confirmation": "ada@example.com"}).status_code == 303
    kept = desk.standing("+493023125001", "sms")
    assert (kept.state, kept.wording) == (ConsentState.GIVEN, "May we write you short messages?")
    assert desk.client.post(path(bo, "/erase"), data={"confirmation": "bo@example.com"}).status_code == 303
    assert desk.standing("+493023125001", "sms").state is None


def test_no_file_that_may_name_an_erased_person_stays(desk, lux):
    ada = desk.person(email="ada@example.com")
    desk.client.post("/contacts/exports")
    lux.work()
    page = desk.client.get("/contacts/exports").text
    place = re.search(r"/contacts/exports/[0-9a-f-]+/contacts.csv", page).group()
    draft = id_in(desk.upload("email\nada@example.com\n").headers["Location"])
    stopped = desk.start("email\nada@example.com\n")
    desk.client.post(f"/contacts/imports/{stopped}/cancel")
    assert len(desk.files) == 3
    assert desk.client.post(path(ada, "/erase"), data={"confirmation": "ada@example.com"}).status_code == 303
    assert desk.client.get(place).status_code == 404, "also before the job has run"
    lux.work()
    assert desk.files == []
    assert "Export again" in desk.client.get("/contacts/exports").text
    for public_id in (draft, stopped):
        shown = desk.client.get(f"/contacts/imports/{public_id}").text
        assert ("Upload it again" in shown, "Go on where it stopped" in shown) == (True, False)
        assert desk.client.get(f"/contacts/imports/{public_id}/map").status_code == 303
        assert desk.client.post(f"/contacts/imports/{public_id}/go-on").status_code == 409
    desk.clean_up()


def test_an_export_that_runs_while_somebody_is_erased_leaves_no_file(desk, lux, monkeypatch):
    ada = desk.person(email="ada@example.com")
    desk.client.post("/contacts/exports")
    real = exports._rows

    def erased_meanwhile(session, contacts, fields):
        rows = list(real(session, contacts, fields))
        answer = lux.client(desk.firm).post(path(ada, "/erase"), data={"confirmation": "ada@example.com"})
        assert answer.status_code == 303
        return iter(rows)

    monkeypatch.setattr(exports, "_rows", erased_meanwhile)
    lux.work()
    assert desk.files == []
    assert "Expired" in desk.client.get("/contacts/exports").text


def test_nobody_is_erased_while_an_import_could_bring_them_back(desk):
    ada = desk.person(email="ada@example.com")
    desk.start("email\nada@example.com\n")
    answer = desk.client.post(path(ada, "/erase"), data={"confirmation": "ada@example.com"})
    assert (answer.status_code, "may bring this person back" in answer.text) == (409, True)
    assert desk.contact("ada@example.com")


def test_activity_only_moves_forward(desk, lux, firm):
    ada = desk.person(email="ada@example.com")
    late, early = clock.now(), clock.now() - dt.timedelta(days=3)
    for moment in (late, early):
        with lux.db.begin(firm.id) as session:
            touch(session, [ada.id, ada.id], moment)
    assert desk.contact("ada@example.com").last_activity_at == late


@pytest.mark.parametrize(
    ("method", "rest"),
    [("get", "/new"), ("post", "/new"), ("get", "/imports/new"), ("post", "/selection"), ("post", "/tags"),
     ("post", "/fields"), ("get", "/exports"), ("post", "/exports")],
)  # fmt: skip
def test_who_may_only_look_changes_nothing(lux_sqlite, method, rest):
    viewer = lux_sqlite.firm(role=Role.VIEWER)
    client = lux_sqlite.client(viewer)
    assert getattr(client, method)(f"/contacts{rest}").status_code == 403
    assert client.get("/contacts").status_code == 200


def test_a_marketer_neither_erases_nor_lifts_blocks_nor_shapes_fields(lux_sqlite):
    desk = Desk(lux_sqlite, lux_sqlite.firm(role=Role.MARKETER))
    ada = desk.person(email="ada@example.com")
    for rest in ("/erase", "/release"):
        assert desk.client.post(path(ada, rest), data={}).status_code == 403
    assert desk.client.post("/contacts/fields", data={}).status_code == 403
    page = desk.client.get(path(ada)).text
    assert "Erase for good" not in page
    assert path(ada, "/edit") in page
