"""Many contacts in one call of the API: the same as one after another, in a number of statements that does not grow."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState
from lux.gate.parties import Consent
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact, ContactWord, CustomField, FieldType
from tests.callers import Caller
from tests.factories import Installation

OWN = ("created_at", "updated_at", "id", "consents")  # what two companies can't share


@pytest.fixture
def shop(lux: Installation) -> Caller:
    return caller(lux)


def caller(lux: Installation) -> Caller:
    lux.settings.__dict__["api_per_minute"] = 100_000  # frozen, and these tests are about something else
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        session.add(CustomField(key="size", label="Size", type=FieldType.NUMBER))
        session.add(CustomField(key="colour", label="Colour", type=FieldType.CHOICE, choices=["Red", "Blue"]))
    return Caller(lux, firm)


def send(shop: Caller, rows: list[dict[str, Any]], **more: Any) -> Any:
    return shop.post("/contacts/bulk", {"contacts": rows, **more}).json


def one_by_one(shop: Caller, rows: list[dict[str, Any]]) -> list[str]:
    """Do what the bulk call promises, with the calls for single contacts; returns the outcomes."""
    return [_alone(shop, dict(row)) for row in rows]


def _alone(shop: Caller, row: dict[str, Any]) -> str:
    email, tags = row.get("email"), row.pop("tags", [])
    found = shop.ask("GET", "/contacts", query_string={"email": email}).json["data"] if email else []
    client, sent = shop.client, {"Authorization": f"Bearer {shop.shown}"}
    if not found:
        answer = client.post("/api/v1/contacts", json={**row, "tags": tags}, headers=sent)
        return "created" if answer.status_code == 201 else "refused"
    path = f"/api/v1/contacts/{found[0]['id']}"
    row.pop("email")
    answer = client.patch(path, json=row, headers=sent)
    if answer.status_code != 200:
        return "refused"
    after = client.post(f"{path}/tags", json={"tags": tags}, headers=sent).json if tags else answer.json
    is_new = after["version"] != found[0]["version"] or after["tags"] != found[0]["tags"]
    return "updated" if is_new else "unchanged"


def everything(shop: Caller, prefix: str) -> list[Any]:
    """Return the contacts of a run with their tags, words and facts, without what differs from company to company."""
    found = []
    for one in shop.ask("GET", f"/contacts?limit=200&q={prefix}").json["data"]:
        told = shop.ask("GET", f"/contacts/{one['id']}/facts?limit=200").json["data"]
        # of one call, the tags come after the fields
        said = sorted((fact["kind"], sorted(map(str, fact["properties"].items()))) for fact in told)
        found.append(({key: value for key, value in one.items() if key not in OWN}, said))
    with shop.lux.db.read(shop.firm.id) as session:
        words = select(Contact.email, ContactWord.word).join(ContactWord, ContactWord.contact_id == Contact.id)
        words = words.where(Contact.email_key.startswith(prefix))
        known = sorted((str(email), word) for email, word in session.execute(words))
    return [sorted(found, key=str), known]


def row() -> st.SearchStrategy[dict[str, Any]]:
    """Rows about few people, so that most of them meet; some can't be used."""
    text = st.sampled_from(["", "Ann", "Bo Lee", None])
    return st.fixed_dictionaries(
        {"email": st.sampled_from(["ann@example.com", "ANN@example.com", "bo@example.com", "cy@exämple.com"])},
        optional={
            "first_name": text,
            "city": text,
            "phone": st.sampled_from(["+4930123456", "030 123456", None, "12"]),
            "country": st.sampled_from(["DE", "Germany", "Atlantis"]),
            "lifecycle": st.sampled_from(["lead", "vip", None]),
            "fields": st.sampled_from([{"size": 42}, {"size": None}, {"colour": "red"}, {"colour": "x"}, {"no": 1}]),
            "tags": st.lists(st.sampled_from(["vip", "VIP", "new"]), max_size=3),
        },
    )


def test_many_at_once_are_the_same_as_one_after_another(lux: Installation) -> None:
    """Outcomes, contacts, tags, facts with their versions, and search words, over random rows about few people."""
    at_once, in_turn, runs = caller(lux), caller(lux), itertools.count()

    @settings(max_examples=20, deadline=None, phases=[Phase.generate])  # each try is many calls: no shrinking
    @given(rows=st.lists(row(), min_size=1, max_size=6))
    def check(rows: list[dict[str, Any]]) -> None:
        run = next(runs)
        rows = [{**one, "email": f"{run}-{one['email']}"} for one in rows]
        assert [one["outcome"] for one in send(at_once, rows)["data"]] == one_by_one(in_turn, rows)
        assert everything(at_once, f"{run}-") == everything(in_turn, f"{run}-")

    check()


def test_a_row_that_names_what_is_there_already_changes_no_more(shop: Caller) -> None:
    rows = [{"email": "ann@example.com", "city": "Ulm", "tags": ["vip"]}]
    assert send(shop, rows)["created"] == 1
    assert send(shop, rows)["unchanged"] == 1
    assert send(shop, [{"email": "ann@example.com"}])["unchanged"] == 1
    assert send(shop, [{"email": "ann@example.com", "city": None}])["updated"] == 1
    assert shop.ask("GET", "/contacts?email=ann@example.com").json["data"][0]["city"] == ""


def test_the_first_row_that_brings_a_tag_has_changed_somebody(shop: Caller) -> None:
    rows = [{"email": "ann@example.com", "tags": tags} for tags in (["a"], ["A"], ["b"], ["a", "b"])]
    found = send(shop, rows)
    assert [one["outcome"] for one in found["data"]] == ["created", "unchanged", "updated", "unchanged"]
    assert len({one["id"] for one in found["data"]}) == 1


def test_refusals_name_field_and_fix(shop: Caller) -> None:
    found = send(shop, [{"email": "a@example.com", "fields": {"no": 1}}, {"email": "nonsense"}, {"city": "Ulm"}])
    assert [one["errors"][0]["field"] for one in found["data"]] == ["fields.no", "email", "email"]
    assert found["data"][0]["errors"][0]["fix"] == "GET /api/v1/fields names them all."
    assert found["refused"] == 3
    with shop.lux.db.read(shop.firm.id) as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 0


def test_somebody_in_the_trash_is_refused_and_may_be_skipped(shop: Caller) -> None:
    [made] = send(shop, [{"email": "ann@example.com"}])["data"]
    shop.post(f"/contacts/{made['id']}/trash", {})
    rows = [{"email": "ann@example.com", "city": "Ulm", "tags": ["vip"]}, {"email": "bo@example.com"}]
    found = send(shop, rows)
    assert [(one["outcome"], one["code"]) for one in found["data"]] == [("refused", "wrong_state"), ("created", None)]
    assert shop.ask("GET", "/tags").json["data"] == [], "a refused row makes no tag"
    assert [one["outcome"] for one in send(shop, rows, on_existing="skip")["data"]] == ["skipped", "skipped"]


def test_people_without_an_address_are_new_each_time(shop: Caller) -> None:
    found = send(shop, [{"phone": "+4930123456"}, {"phone": "+4930123456"}])
    assert found["created"] == 2


def test_what_an_address_said_before_is_known_to_be_theirs(shop: Caller) -> None:
    said = ConsentEntry(channel="email", address_key="ann@example.com", state=ConsentState.WITHDRAWN, source="letter")
    with shop.lux.db.begin(shop.firm.id) as session:
        consent.record_many(session, [said], actor="system")
    [made] = send(shop, [{"email": "Ann@example.com"}])["data"]
    with shop.lux.db.read(shop.firm.id) as session:
        whose = session.scalar(select(Consent.contact_id))
        assert whose == session.scalar(select(Contact.id).where(Contact.email_key == "ann@example.com"))
    [shown] = shop.ask("GET", f"/contacts/{made['id']}").json["consents"]
    assert (shown["state"], shown["is_mailable"]) == ("withdrawn", False)


def test_the_number_of_statements_does_not_grow_with_the_rows(shop: Caller) -> None:
    """Rows of 20 and of 400 new people, then the same changed: set-based, whatever the machine's load."""
    counted: list[int] = []
    send(shop, [{"email": "first@example.com", "tags": [f"t{number}" for number in range(5)]}])
    for size in (20, 400):
        rows = [{"email": f"{size}-{n}@example.com", "first_name": "Ann", "tags": [f"t{n % 5}"]} for n in range(size)]
        for more in ({}, {"first_name": "Bo", "phone": "+4930123456"}):
            with Statements(shop) as statements:
                found = send(shop, [{**one, **more} for one in rows])
            assert found["refused"] == 0
            counted.append(statements.count)
    assert counted[2:] == counted[:2]
    assert max(counted) < 60


def test_of_two_calls_at_once_each_person_is_made_once(shop: Caller) -> None:
    """Both name the same new people, in opposite order; a loser of the race changes whom the winner made."""
    addresses = [f"p{number}@example.com" for number in range(60)]
    race(shop, [addresses, addresses[::-1], addresses])


def race(shop: Caller, lists: list[list[str]]) -> None:
    """Send the lists at the same moment; every address is one contact afterwards, made by one row."""
    gate, answers = threading.Barrier(len(lists)), list[Any]()

    def ask(number: int, addresses: list[str]) -> None:
        sent, client = {"Authorization": f"Bearer {shop.shown}"}, shop.lux.client()
        rows = [{"email": address, "city": f"City {number}", "tags": [f"t{number}", "all"]} for address in addresses]
        gate.wait()
        answers.append(client.post("/api/v1/contacts/bulk", json={"contacts": rows}, headers=sent))

    threads = [threading.Thread(target=ask, args=pair) for pair in enumerate(lists)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * len(lists), [answer.text for answer in answers]
    outcomes = Counter(row["outcome"] for answer in answers for row in answer.json["data"])
    count = len(set(lists[0]))
    assert outcomes == {"created": count, "updated": (len(lists) - 1) * count}
    with shop.lux.db.read(shop.firm.id) as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == count
        assert session.scalar(select(func.count()).where(Fact.kind == "contact.created")) == count
        versions = set(session.scalars(select(Contact.version)))
    assert versions == {len(lists)}


class Statements:
    """Counts the statements that reach the database."""

    def __init__(self, shop: Caller) -> None:
        self.count, self._engine = 0, shop.lux.db.engine

    def _note(self, *_: object) -> None:
        self.count += 1

    def __enter__(self) -> Statements:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)
