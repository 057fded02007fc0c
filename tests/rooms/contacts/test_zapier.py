"""Contacts that Zapier delivers: the answer it gets, the contact that comes of it, the page that tells about it."""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import func, select

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, SuppressionReason
from lux.identity import api_keys
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.ledger.models import Fact
from lux.rooms.contacts.incoming import desk
from lux.rooms.contacts.models import Contact, CustomField, FieldType, IncomingDelivery, Lifecycle
from lux.rooms.contacts.pages import zapier
from lux.rooms.contacts.queries import people
from lux.rooms.segments.models import Segment, SegmentMember

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.factories import Firm, Installation

URL = "/api/webhook/zapier-contact"
ADA = {"email": "Ada@Example.com", "name": "Ada Lovelace", "source": "Website newsletter", "consent": True}


@dataclass
class Zap:
    """A Zap of one company."""

    lux: Installation
    firm: Firm
    key: str

    def send(self, body: Any = None, **options: Any) -> TestResponse:
        """Deliver JSON, or whatever the options say."""
        headers = options.pop("headers", {"X-API-Key": self.key})
        if not options:
            options = {"json": body}
        return self.lux.client().post(URL, headers=headers, **options)

    def contacts(self) -> list[Contact]:
        """Return all contacts."""
        with self.lux.db.read(self.firm.id) as session:
            return list(session.scalars(select(Contact).order_by(Contact.id)))

    def tags(self) -> list[str]:
        """Return the tags of the one contact."""
        with self.lux.db.read(self.firm.id) as session:
            found = people.tags_of(session, [self.contacts()[0].id])
            return [tag.name for tags in found.values() for tag in tags]

    def facts(self, *kinds: str) -> list[str]:
        """Return the kinds of all facts, or how often some occur."""
        with self.lux.db.read(self.firm.id) as session:
            found = list(session.scalars(select(Fact.kind).order_by(Fact.id)))
        return [kind for kind in found if kind in kinds] if kinds else found


def key_for(lux: Installation, firm: Firm, scope: Scope = Scope.ZAPIER) -> str:
    """Return a key."""
    with lux.db.begin(firm.id) as session:
        return api_keys.issue(session, name="Zap", scopes=[scope], by=firm.person)[1]


@pytest.fixture
def zap(lux: Installation) -> Zap:
    """Return a Zap with a valid key, on SQLite and PostgreSQL."""
    firm = lux.firm()
    return Zap(lux, firm, key_for(lux, firm))


@pytest.fixture
def small(lux_sqlite: Installation) -> Zap:
    """Return the same on SQLite alone."""
    firm = lux_sqlite.firm()
    return Zap(lux_sqlite, firm, key_for(lux_sqlite, firm))


def test_a_new_contact_is_made_and_a_known_one_is_completed(zap: Zap) -> None:
    answer = zap.send(ADA | {"phone": "+49 30 23125001", "tags": "one, two"})
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["status"] == "created"
    assert answer.json["id"] == str(zap.contacts()[0].public_id)
    assert answer.json["lifecycle"] == "newsletter"
    assert (answer.json["mailable"], answer.json["double_opt_in_needed"]) == (True, False)
    again = zap.send({"email": " ada@example.COM ", "first_name": "", "phone": None, "city": "London", "tags": []})
    assert again.status_code == 200
    assert again.json is not None
    assert again.json["changed"] == ["city"]
    (contact,) = zap.contacts()
    assert (contact.first_name, contact.last_name, contact.phone) == ("Ada", "Lovelace", "+493023125001")
    assert (contact.city, contact.source, contact.lifecycle) == ("London", "Website newsletter", Lifecycle.NEWSLETTER)
    assert zap.tags() == ["one", "two"]
    assert {"contact.created", "contact.updated", "tag.added", "consent.given", "form.submitted"} <= set(zap.facts())


@pytest.mark.parametrize(
    "options",
    [
        {"json": [ADA]},
        {"json": {"data": ADA}},
        {"json": {"data": [ADA]}},
        {"json": {"data": json.dumps(ADA)}},
        {"json": {"contact": ADA}},
        {"json": {"E-Mail": "ada@example.com", "Full Name": "Ada Lovelace", "Source": "newsletter"}},
        {"json": {"emailAddress": "ada@example.com", "firstName": "Ada", "last_name": "Lovelace"}},
        {"data": {"email": "ada@example.com", "name": "Ada Lovelace", "consent": "yes"}},
        {"data": {"data[email]": "ada@example.com", "data[first_name]": "Ada", "data[last_name]": "Lovelace"}},
        {"data": {"contact__email": "ada@example.com", "contact__name": "Ada Lovelace"}},
        {"data": {"email": "ada@example.com", "name": "Lovelace, Ada", "f": (io.BytesIO(b"x"), "x.txt")}},
        {"data": json.dumps(ADA), "content_type": "text/plain"},
        {"data": json.dumps(ADA), "content_type": "application/vnd.api+json"},
        {"data": json.dumps(ADA), "content_type": "application/x-www-form-urlencoded"},
    ],
)
def test_every_shape_that_zapier_sends_is_the_same_contact(small: Zap, options: dict[str, Any]) -> None:
    answer = small.send(**options)
    assert answer.status_code == 201, answer.json
    (contact,) = small.contacts()
    assert (contact.email_key, contact.first_name, contact.last_name) == ("ada@example.com", "Ada", "Lovelace")


def test_the_key_may_stand_in_three_places(small: Zap) -> None:
    identity, _dot, secret = small.key.partition(".")

    def basic(text: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}

    good = [
        {"X-API-Key": small.key},
        {"Authorization": f"Bearer {small.key}"},
        *(basic(text) for text in (f"{small.key}:", f":{small.key}", f"{identity}:{secret}")),
    ]
    assert [small.send(ADA, headers=headers).status_code for headers in good] == [201, 200, 200, 200, 200]


def test_without_a_right_key_nothing_is_said(small: Zap) -> None:
    identity, _dot, secret = small.key.partition(".")
    other = key_for(small.lux, small.firm, Scope.CONTACTS_WRITE)
    bad: list[dict[str, str]] = [
        *({}, {"X-API-Key": ""}, {"X-API-Key": "x"}, {"X-API-Key": f"{identity}.{secret}x"}, {"X-API-Key": secret}),
        *({"Authorization": "Basic !!"}, {"Authorization": "Bearer"}, {"Authorization": f"Digest {small.key}"}),
        *({"X-API-Key": other}, {"X-API-Key": f"{other.partition('.')[0]}.{secret}"}),
    ]
    answers = [small.send(ADA, headers=headers) for headers in bad]
    assert {answer.status_code for answer in answers} == {401}
    said = [{**(answer.json or {}), "request_id": ""} for answer in answers]
    assert all(one == said[0] for one in said)
    assert small.contacts() == []


def test_a_rotated_key_works_beside_the_new_one_and_a_revoked_one_does_not(small: Zap) -> None:
    with small.lux.db.begin(small.firm.id) as session:
        key = api_keys.listing(session)[0]
        new = desk.rotate_key(session, small.firm.person, key.public_id)
    assert small.send(ADA).status_code == 201
    assert small.send(ADA, headers={"X-API-Key": new}).status_code == 200
    for hours, status in ((23.9, 200), (24.1, 401)):
        with time_machine.travel(clock.now() + timedelta(hours=hours)):
            assert small.send(ADA).status_code == status, "the earlier one works for 24 hours"
            assert small.send(ADA, headers={"X-API-Key": new}).status_code == 200
    with small.lux.db.begin(small.firm.id) as session:
        desk.revoke_key(session, small.firm.person, api_keys.listing(session)[0].public_id)
    assert small.send(ADA).status_code == small.send(ADA, headers={"X-API-Key": new}).status_code == 401


def test_all_problems_are_named_at_once(small: Zap) -> None:
    with small.lux.db.begin(small.firm.id) as session:
        session.add(CustomField(key="size", label="Shoe size", type=FieldType.NUMBER))
    answer = small.send(
        {
            "email": "no address",
            "phone": "abc",
            "first_name": "x" * 101,
            "consent": "perhaps",
            "tags": [{"a": 1}],
            "city": ["a", "b"],
            "custom_fields": {"Shoe Size": "big", "hat": "1"},
        }
    )
    assert answer.status_code == 400
    assert answer.json is not None
    fields = {one["field"] for one in answer.json["errors"]}
    assert fields == {"email", "phone", "first_name", "consent", "tags", "city", "custom_fields.size"}
    missing = small.send({"name": "Nobody"})
    assert missing.status_code == 400
    assert missing.json is not None
    assert [one["field"] for one in missing.json["errors"]] == ["email"]
    assert small.contacts() == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": "<contact/>", "content_type": "application/xml"}, 415),
        ({"data": "hello", "content_type": "text/plain"}, 415),
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400),
        ({"data": "NaN", "content_type": "application/json"}, 400),
        ({"data": b"\xff\xfe", "content_type": "application/json"}, 400),
        ({"json": [ADA, ADA]}, 400),
        ({"json": []}, 400),
        ({"json": "x"}, 400),
        ({"json": {"data": None}}, 400),
        ({"json": {"email": "a@b.example", "name": "\ud800"}}, 400),
        ({"json": {"email": "a@b.example", "name": "a\x00b"}}, 400),
        ({"data": {}}, 400),
        ({"data": "x" * (256 * 1024 + 1), "content_type": "application/json"}, 413),
        ({"data": {"email": "x" * (256 * 1024)}}, 413),
    ],
)
def test_what_can_not_be_used_is_refused_and_noted(small: Zap, options: dict[str, Any], status: int) -> None:
    answer = small.send(**options)
    assert answer.status_code == status, answer.json
    assert answer.mimetype == "application/problem+json"
    with small.lux.db.read(small.firm.id) as session:
        row = session.scalars(select(IncomingDelivery)).one()
        assert (row.status, row.outcome, row.contact_public_id) == (status, "refused", None)
    assert small.contacts() == []


def test_too_many_deliveries_of_one_key_wait(small: Zap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zapier, "PER_MINUTE", 2)
    assert [small.send(ADA).status_code for _ in range(2)] == [201, 200]
    answer = small.send(ADA)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    other = key_for(small.lux, small.firm)
    assert small.send(ADA, headers={"X-API-Key": other}).status_code == 200


def test_the_same_delivery_twice_is_one_contact_and_starts_things_once(zap: Zap) -> None:
    assert [zap.send(ADA).status_code for _ in range(3)] == [201, 200, 200]
    assert len(zap.contacts()) == 1
    assert zap.facts("form.submitted", "contact.created", "contact.updated", "consent.given") == [
        "contact.created",
        "consent.given",
        "form.submitted",
    ]
    headers = {"X-API-Key": zap.key, "Idempotency-Key": "run-2"}
    assert [zap.send(ADA, headers=headers).status_code for _ in range(2)] == [200, 200]
    assert len(zap.facts("form.submitted")) == 2


def test_two_deliveries_of_a_new_address_at_once_make_one_contact(zap: Zap) -> None:
    """Both get 2xx; nobody sees an error, nobody is there twice."""
    for turn in range(3):
        email, gate, statuses = f"new{turn}@example.com", threading.Barrier(4), list[int]()

        def deliver(email: str = email, gate: threading.Barrier = gate, found: list[int] = statuses) -> None:
            gate.wait()
            found.append(zap.send({"email": email, "tags": ["at once"], "source": "newsletter"}).status_code)

        threads = [threading.Thread(target=deliver) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200, 200, 200, 201]
        assert [one.email for one in zap.contacts()].count(email) == 1


@pytest.mark.parametrize(
    ("source", "lifecycle", "tags"),
    [
        ("Newsletter footer", "newsletter", ["double opt-in needed"]),
        ("Shop SIGNUP", "newsletter", ["double opt-in needed"]),
        ("New customer", "customer", []),
        ("Order 12", "customer", []),
        ("Webinar May", "lead", ["event lead"]),
        ("Something", "lead", []),
        ("", "lead", []),
    ],
)
def test_the_source_says_where_somebody_stands(small: Zap, source: str, lifecycle: str, tags: list[str]) -> None:
    answer = small.send({"email": "a@example.com", "source": source})
    assert answer.json is not None
    assert (answer.json["lifecycle"], answer.json["tags"], answer.json["mailable"]) == (lifecycle, tags, False)


@pytest.mark.parametrize(
    ("body", "is_mailable", "needs_opt_in"),
    [
        ({"source": "newsletter", "consent": "true"}, True, False),
        ({"source": "newsletter"}, False, True),
        ({"source": "newsletter", "consent": False}, False, True),
        ({"consent": True}, False, True),
        ({"consent": True, "consent_source": "Trade fair form"}, True, False),
        ({"source": "order", "consent": ""}, False, False),
    ],
)
def test_consent_counts_with_its_source_only(
    small: Zap, body: dict[str, Any], is_mailable: bool, needs_opt_in: bool
) -> None:
    answer = small.send({"email": "a@example.com", **body})
    assert answer.json is not None
    assert (answer.json["mailable"], answer.json["double_opt_in_needed"]) == (is_mailable, needs_opt_in)
    assert ("double opt-in needed" in small.tags()) is needs_opt_in
    with small.lux.db.read(small.firm.id) as session:
        standing = consent.status(session, "email", ["a@example.com"])["a@example.com"]
    asked = ConsentState.REQUESTED if needs_opt_in else None  # tests/rooms/newsletter/test_opt_in.py has the rest
    assert standing.state is (ConsentState.GIVEN if is_mailable else asked)
    assert not is_mailable or standing.proof["via"] == "zapier"


@pytest.mark.parametrize("how", ["withdrawn", "suppressed"])
def test_a_no_is_never_undone_by_a_delivery(small: Zap, how: str) -> None:
    with small.lux.db.begin(small.firm.id) as session:
        if how == "withdrawn":
            consent.record(
                session, ConsentEntry(channel="email", address_key="ada@example.com", state=ConsentState.WITHDRAWN)
            )
        else:
            consent.suppress(
                session, channel="email", address_key="ada@example.com", reason=SuppressionReason.COMPLAINED
            )
    answer = small.send(ADA)
    assert answer.json is not None
    assert (answer.json["mailable"], answer.json["double_opt_in_needed"]) == (False, True)


def test_the_mark_goes_when_the_consent_comes(small: Zap) -> None:
    small.send({"email": "ada@example.com", "source": "newsletter"})
    assert small.tags() == ["double opt-in needed"]
    small.send(ADA)
    assert small.tags() == []


def test_a_delivery_lifts_and_never_lowers(small: Zap) -> None:
    small.send({"email": "a@example.com", "source": "order"})
    answer = small.send({"email": "a@example.com", "source": "webinar"})
    assert answer.json is not None
    assert answer.json["lifecycle"] == "customer"


def test_a_contact_in_the_trash_stays_there(small: Zap) -> None:
    small.send(ADA)
    with small.lux.db.begin(small.firm.id) as session:
        session.scalars(select(Contact)).one().trashed_at = func.now()
    assert small.send(ADA).status_code == 409


def test_the_rules_are_edited_on_the_page_in_their_order(small: Zap) -> None:
    with small.lux.db.begin(small.firm.id) as session:
        segment = Segment(name="Fair", name_key="fair", is_dynamic=False)
        session.add(segment)
        session.flush()
        list_id = str(segment.public_id)
    client = small.lux.client(small.firm)
    rules = {
        "version": "0",
        "order_0": "2", "words_0": "newsletter", "lifecycle_0": "newsletter", "tag_0": "", "list_0": "",
        "order_1": "1", "words_1": "fair, expo", "lifecycle_1": "vip", "tag_1": "met", "list_1": list_id,
        "order_2": "3", "words_2": "", "lifecycle_2": "lead", "tag_2": "", "list_2": "",
    }  # fmt: skip
    assert client.post("/settings/integrations/zapier/rules", data=rules).status_code == 303
    assert client.post("/settings/integrations/zapier/rules", data=rules).status_code == 409  # shown before the change
    answer = small.send({"email": "a@example.com", "source": "Newsletter at the Fair"})
    assert answer.json is not None
    assert (answer.json["lifecycle"], answer.json["tags"], answer.json["list"]) == ("vip", ["met"], "Fair")
    with small.lux.db.read(small.firm.id) as session:
        assert session.scalar(select(func.count()).select_from(SegmentMember)) == 1
    bad = client.post("/settings/integrations/zapier/rules", data=rules | {"version": "1", "lifecycle_1": "king"})
    assert bad.status_code == 422
    assert "fair, expo" in bad.get_data(as_text=True)


def test_the_page_shows_a_key_once_and_what_came(small: Zap) -> None:
    client = small.lux.client(small.firm)
    made = client.post("/settings/integrations/zapier/keys", data={"name": "Form"}).get_data(as_text=True)
    found = re.search(r'value="([0-9a-f-]{36}\.[\w-]{20,})"', made)
    assert found is not None
    assert small.send(ADA, headers={"X-API-Key": found[1]}).status_code == 201
    small.send({"email": "secret@nowhere"})
    page = client.get("/settings/integrations/zapier/").get_data(as_text=True)
    assert found[1] not in page
    assert "/api/webhook/zapier-contact" in page
    assert f"/contacts/{small.contacts()[0].public_id}" in page
    assert "secret@nowhere" not in page
    assert client.post("/settings/integrations/zapier/keys", data={"name": ""}).status_code == 422
    viewer = small.lux.client(small.lux.member(small.firm.id, Role.MARKETER))
    assert viewer.get("/settings/integrations/zapier/").status_code == 403


def test_the_page_shows_the_last_twenty_deliveries_with_what_came_of_each(small: Zap) -> None:
    for number in range(21):
        small.send({"email": f"n{number}@example.com" if number % 2 else "broken", "source": "newsletter"})
    page = small.lux.client(small.firm).get("/settings/integrations/zapier/").get_data(as_text=True)
    rows = page[page.index('id="zapier-deliveries"') :]
    assert rows.count("<tr data-row") == 20
    assert "email" in rows
    assert "a mail asks them to confirm" in rows


def test_the_test_runs_the_real_thing_and_leaves_no_contact(zap: Zap) -> None:
    page = zap.lux.client(zap.firm).post("/settings/integrations/zapier/test").get_data(as_text=True)
    assert "double_opt_in_needed" in page
    assert zap.contacts() == []
    assert zap.facts() == []
    with zap.lux.db.read(zap.firm.id) as session:
        row = session.scalars(select(IncomingDelivery)).one()
        assert (row.is_test, row.status, row.contact_public_id) == (True, 201, None)


def test_the_list_of_deliveries_is_pruned(small: Zap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "KEPT", 3)
    for number in range(5):
        small.send({"email": f"a{number}@example.com"})
    with small.lux.db.read(small.firm.id) as session:
        assert session.scalar(select(func.count()).select_from(IncomingDelivery)) == 3
