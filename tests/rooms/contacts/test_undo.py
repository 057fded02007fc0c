"""A whole import taken back: what it did goes, what people did since stays and is listed, and nobody is lost."""

from __future__ import annotations

import csv
import datetime as dt
import html
import random

import pytest
from sqlalchemy import delete, select, update

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, SuppressionReason
from lux.kit import clock
from lux.kit.jobs import Job
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts.models import Contact, ContactImport, ContactTag, ContactWord, FieldType, ImportedContact
from lux.rooms.contacts.service import removal, tagging, undoing
from tests.rooms.contacts.desk import DECLARED

FILE = "email,first name,city,tags\nada@example.com,Ada,London,fair\nbo@example.com,Bo,Chicago,\n"


def undo(desk, entry, number=None):
    """Undo an import by its page; returns the import."""
    page = f"/contacts/imports/{entry.public_id}/undo"
    if number is None:
        number = total(desk, entry)
    answer = desk.client.post(page, data={"confirmation": str(number)})
    assert answer.status_code == 303, answer.text
    desk.lux.work()
    return desk.entry(str(entry.public_id))


def total(desk, entry):
    with desk.lux.db.read(desk.firm.id) as session:
        query = select(ImportedContact.effect).where(ImportedContact.import_id == entry.id)
        return sum(bool(effect) for effect in session.scalars(query))


def snapshot(desk):
    """Return all that undo should give back, by address."""
    with desk.lux.db.read(desk.firm.id) as session:
        names = ("first_name", "last_name", "city", "phone", "source", "lifecycle", "attrs")
        people = {one.email_key: one for one in session.scalars(select(Contact).where(Contact.trashed_at.is_(None)))}
        tags = {(row.contact_id, row.tag_id) for row in session.scalars(select(ContactTag))}
        words = {(row.contact_id, row.word) for row in session.scalars(select(ContactWord))}
        return {
            key: ({name: getattr(one, name) for name in names},
                  sorted(tag for who, tag in tags if who == one.id),
                  sorted(word for who, word in words if who == one.id))
            for key, one in people.items()
        }  # fmt: skip


def test_everything_goes_back_and_the_page_said_so_before(desk):
    field = desk.field("Size", FieldType.NUMBER)
    desk.person(email="ada@example.com", first_name="Augusta", city="Ockham", field_size="3")
    before = snapshot(desk)
    head = f"email,first name,city,tags,{field.label}\n"
    body = head + "ADA@example.com,Ada,London,fair,9\nbo@example.com,Bo,Chicago,fair,1\n"
    entry = desk.import_(body, duplicates="overwrite", **DECLARED)
    assert snapshot(desk) != before
    page = html.unescape(desk.client.get(f"/contacts/imports/{entry.public_id}/undo").text)
    assert "type the number of contacts: 2" in page
    undone = undo(desk, entry)
    assert snapshot(desk) == before
    assert undone.undo_state == "done"
    assert undone.undo["counts"] == {
        "contacts": 2, "trashed": 1, "restored": 1, "tags": 2, "consents": 2
    }  # fmt: skip
    assert "This import was undone" in desk.client.get(f"/contacts/imports/{entry.public_id}").text
    trashed = desk.contact("bo@example.com")
    assert trashed.trashed_at is not None, "in the trash, from where people can take it"


def test_consents_are_withdrawn_with_their_proof_and_the_reason(desk):
    entry = desk.import_(FILE, **DECLARED)
    undo(desk, entry)
    standing = desk.standing("ada@example.com")
    assert (standing.state, standing.source, standing.wording) == (
        ConsentState.WITHDRAWN, "import undone", DECLARED["wording"]
    )  # fmt: skip
    assert standing.proof["file"] == "people.csv"
    assert standing.suppressed is None


def test_a_consent_they_had_before_stays(desk):
    desk.import_("email\nada@example.com\n", **DECLARED)
    entry = desk.import_(FILE, **DECLARED)
    undo(desk, entry)
    assert desk.standing("ada@example.com").is_mailable


def test_the_same_file_can_come_again_after_its_undo(desk):
    entry = desk.import_(FILE.replace("London", "Paris"), **DECLARED)
    undo(desk, entry)
    again = desk.import_(FILE, **DECLARED)
    assert again.counts.get("rejected", 0) == 0
    assert [one.trashed_at for one in desk.contacts()] == [None, None]
    assert desk.contact("ada@example.com").city == "London"
    assert desk.standing("ada@example.com").is_mailable
    undo(desk, again)
    assert snapshot(desk) == {}


def test_what_people_changed_since_stays_and_is_listed(desk):
    desk.person(email="ada@example.com", first_name="Augusta", city="Ockham")
    entry = desk.import_(FILE, duplicates="overwrite")
    with desk.lux.db.begin(desk.firm.id) as session:
        session.execute(update(Contact).where(Contact.email_key == "ada@example.com").values(city="Paris", version=9))
        session.execute(update(Contact).where(Contact.email_key == "bo@example.com").values(city="Memphis", version=9))
    undone = undo(desk, entry)
    ada, bo = desk.contact("ada@example.com"), desk.contact("bo@example.com")
    assert (ada.first_name, ada.city) == ("Augusta", "Paris"), "one field goes back, the other is theirs"
    assert (bo.trashed_at, bo.city) == (None, "Memphis")
    assert undone.undo["counts"]["kept"] == 2
    page = html.unescape(desk.client.get(f"/contacts/imports/{entry.public_id}").text)
    assert "2 contacts were not undone as a whole" in page
    assert page.count("Somebody changed it since") == 2


def test_everything_that_the_undo_left_comes_as_a_file(desk):
    people = [f"p{number:02}@example.com" for number in range(60)]
    entry = desk.import_("email,first_name\n" + "".join(f"{one},=Ada\n" for one in people))
    with desk.lux.db.begin(desk.firm.id) as session:
        session.execute(update(Contact).values(city="Paris", version=9))
    undo(desk, entry)
    page = html.unescape(desk.client.get(f"/contacts/imports/{entry.public_id}").text)
    assert "The first 50 are shown." in page
    path = f"/contacts/imports/{entry.public_id}/undo/left.csv"
    assert path in page
    rows = list(csv.DictReader(desk.client.get(path).get_data(as_text=True).removeprefix("\ufeff").splitlines()))
    assert [row["E-mail"] for row in rows] == people
    assert {row["Why"] for row in rows} == {"Somebody changed it since"}
    assert rows[0]["First name"] == "'=Ada", "safe to open in a spreadsheet"
    shown = desk.contact("p00@example.com")
    assert rows[0]["Contact"].endswith(f"/contacts/{shown.public_id}")
    assert desk.lux.client(desk.lux.firm("Theirs")).get(path).status_code == 404
    assert [one.split("rows")[1][:5] for one in desk.noted("import.left_downloaded")] == ['": 60']


def test_who_was_written_to_or_tagged_since_is_not_put_into_the_trash(desk):
    entry = desk.import_(FILE)
    ada, bo = desk.contact("ada@example.com"), desk.contact("bo@example.com")
    with desk.lux.db.begin(desk.firm.id) as session:
        facts.record(session, NewFact(kind="email.sent", contact_id=ada.id, subject=("campaign", 1)))
        session.add(ContactTag(tag_id=tagging.ensure(session, ["later"])[0].id, contact_id=bo.id,
                               added_at=clock.now() + dt.timedelta(seconds=5)))  # fmt: skip
    page = html.unescape(desk.client.get(f"/contacts/imports/{entry.public_id}/undo").text)
    assert "What can’t be undone" in page
    undo(desk, entry)
    assert [one.trashed_at for one in desk.contacts()] == [None, None]
    assert desk.tags("ada@example.com") == [], "the tag of the import goes"
    page = html.unescape(desk.client.get(f"/contacts/imports/{entry.public_id}").text)
    assert "A message went there since" in page


def test_blocks_are_lifted_only_if_they_came_with_the_file(desk):
    with desk.lux.db.begin(desk.firm.id) as session:
        consent.suppress(session, channel="email", address_key="old@example.com", reason=SuppressionReason.COMPLAINED)
    body = "email,Unsubscribed\nold@example.com,yes\nnew@example.com,yes\nsaid@example.com,yes\n"
    entry = desk.import_(body, ["email", "unsubscribed"])
    assert all(desk.standing(f"{name}@example.com").suppressed for name in ("old", "new", "said"))
    with desk.lux.db.begin(desk.firm.id) as session:
        said = ConsentEntry(
            channel="email", address_key="said@example.com", state=ConsentState.WITHDRAWN, source="link"
        )
        consent.record(session, said)
    undo(desk, entry)
    assert desk.standing("old@example.com").suppressed is SuppressionReason.COMPLAINED
    assert desk.standing("new@example.com").suppressed is None
    assert desk.standing("said@example.com").suppressed is not None, "they said no themselves since"


def test_a_second_undo_a_wrong_number_and_a_running_import_are_refused_with_the_fix(desk):
    public_id = desk.start(FILE)
    answer = desk.client.post(f"/contacts/imports/{public_id}/undo", data={"confirmation": "2"})
    assert answer.status_code == 409
    assert "Cancel it first" in answer.text
    desk.lux.work()
    entry = desk.entry(public_id)
    wrong = desk.client.post(f"/contacts/imports/{public_id}/undo", data={"confirmation": "3"})
    assert wrong.status_code == 422
    assert "Type 2 exactly" in wrong.text
    assert len(snapshot(desk)) == 2
    undo(desk, entry)
    again = desk.client.post(f"/contacts/imports/{public_id}/undo", data={"confirmation": "2"})
    assert again.status_code == 409
    assert "undone already" in again.text


def test_an_import_of_more_than_thirty_days_ago_stays(desk):
    entry = desk.import_(FILE)
    with desk.lux.db.begin(desk.firm.id) as session:
        session.execute(update(ContactImport).values(created_at=clock.now() - dt.timedelta(days=31)))
    assert desk.client.get(f"/contacts/imports/{entry.public_id}/undo").status_code == 409
    assert "Undo this import" not in desk.client.get(f"/contacts/imports/{entry.public_id}").text


def test_a_cancelled_import_is_undone_as_far_as_it_came_and_does_not_go_on(desk, monkeypatch):
    monkeypatch.setattr("lux.rooms.contacts.importing.run.ROWS", {"sqlite": 1, "postgresql": 1, "mysql": 1})
    public_id = desk.start(FILE)
    with desk.lux.db.begin(desk.firm.id) as session:
        session.execute(update(ContactImport).values(state="cancelled"))
        session.execute(delete(Job))
    assert desk.client.get(f"/contacts/imports/{public_id}/undo").status_code == 200
    undo(desk, desk.entry(public_id), 0)
    assert desk.client.post(f"/contacts/imports/{public_id}/go-on").status_code == 409


def test_an_undo_that_is_interrupted_goes_on_and_does_nothing_twice(desk, monkeypatch):
    monkeypatch.setattr(undoing, "ROWS", {"sqlite": 7, "postgresql": 7, "mysql": 7})
    body = "email,tags\n" + "".join(f"user{number}@example.com,fair\n" for number in range(40))
    entry = desk.import_(body, **DECLARED)
    steps, real = [], undoing._step

    def fail_at_third(*given):
        steps.append(1)
        if len(steps) == 3:
            raise RuntimeError("the lights went out")
        return real(*given)

    monkeypatch.setattr(undoing, "_step", fail_at_third)
    assert desk.client.post(f"/contacts/imports/{entry.public_id}/undo", data={"confirmation": "40"}).status_code == 303
    with pytest.raises(RuntimeError, match="lights"):
        desk.lux.work()
    with desk.lux.db.begin(desk.firm.id) as session:
        session.execute(update(Job).values(due_at=clock.now()))
    desk.lux.work()
    undone = desk.entry(str(entry.public_id))
    assert undone.undo_state == "done"
    assert undone.undo["counts"] == {"contacts": 40, "trashed": 40, "tags": 40, "consents": 40}
    with desk.lux.db.read(desk.firm.id) as session:
        kinds = [fact.kind for fact in desk.facts()]
        assert kinds.count("tag.removed") == 40
        assert session.scalars(select(Contact.id).where(Contact.trashed_at.is_(None))).all() == []


def test_a_restored_contact_is_theirs_again(desk):
    entry = desk.import_(FILE)
    undo(desk, entry)
    with desk.lux.db.begin(desk.firm.id) as session:
        removal.restore(session, [desk.contact("ada@example.com").id], None)
    again = desk.import_("email,city\nada@example.com,Rome\n")
    assert again.counts["unchanged"] == 1
    assert desk.contact("ada@example.com").city == "London"


@pytest.mark.parametrize("seed", range(3))
def test_any_import_undone_at_once_leaves_what_was_there(desk, seed):
    chance = random.Random(seed)
    field = desk.field("Size", FieldType.NUMBER)
    for number in range(12):
        filled = {"city": f"City {number}"} if chance.random() < 0.5 else {}
        filled |= {"field_size": str(number)} if chance.random() < 0.5 else {}
        desk.person(email=f"user{number}@example.com", first_name=f"First {number}", **filled)
    before = snapshot(desk)
    lines = [f"email,first name,city,tags,{field.label},lifecycle"]
    for number in chance.sample(range(30), 25):
        cells = [f"USER{number}@example.com"] + [
            chance.choice(["", value]) for value in (f"New {number}", "Elsewhere", "a;b", str(number + 100), "vip")
        ]
        lines.append(",".join(cells))
    policy = chance.choice(["fill", "overwrite", "skip"])
    entry = desk.import_("\n".join(lines) + "\n", duplicates=policy, **DECLARED)
    undo(desk, entry)
    assert snapshot(desk) == before
