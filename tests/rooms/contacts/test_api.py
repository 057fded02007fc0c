"""Contacts through the API: what a program that keeps them in step with its own records needs."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from lux.identity import api_keys
from lux.kit.idempotency import Idempotency
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact, CustomField, FieldType
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import removal
from tests.callers import API, Caller
from tests.factories import Installation


@pytest.fixture
def shop(lux: Installation) -> Caller:
    return Caller(lux, lux.firm())


def ann(shop: Caller, **more: Any) -> Any:
    return shop.post("/contacts", {"email": "Ann@Example.com", "first_name": "Ann", **more}, expect=201).json


def test_a_contact_is_made_read_and_found(shop: Caller) -> None:
    with shop.lux.db.begin(shop.firm.id) as session:
        session.add(CustomField(key="size", label="Size", type=FieldType.NUMBER))
    made = ann(shop, tags=["vip"], fields={"size": 42.5}, country="Germany")
    assert made["country"] == "DE"
    assert made["fields"] == {"size": 42.5}
    assert made["created_at"].endswith("Z")
    assert shop.ask("GET", f"/contacts/{made['id']}").json == made
    for query in ("q=ann", "email=ann@example.COM", "tag=vip", "lifecycle=lead"):
        assert [one["id"] for one in shop.ask("GET", f"/contacts?{query}").json["data"]] == [made["id"]], query
    for query in ("q=bob", "email=bob@example.com", "lifecycle=vip", "trashed=true"):
        assert shop.ask("GET", f"/contacts?{query}").json["data"] == [], query


def test_a_list_is_walked_page_by_page(shop: Caller) -> None:
    shop.lux.contacts(shop.firm, 7)
    path, seen, pages = "/contacts?limit=3&lifecycle=lead", [], 0
    while path:
        found = shop.ask("GET", path).json
        seen += [one["id"] for one in found["data"]]
        path, pages = found["next"], pages + 1
    assert pages == 3
    assert len(set(seen)) == len(seen) == 7


def test_a_program_asks_for_what_changed_since(shop: Caller) -> None:
    start = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
    with time_machine.travel(start, tick=False) as now:
        ids = []
        for number in range(3):
            now.shift(dt.timedelta(minutes=1))
            ids.append(shop.post("/contacts", {"email": f"p{number}@example.com"}, expect=201).json["id"])
        now.shift(dt.timedelta(minutes=1))
        shop.ask("PATCH", f"/contacts/{ids[0]}", json={"city": "Ulm"})
        since = (start + dt.timedelta(minutes=2)).isoformat().replace("+00:00", "Z")
        found = shop.ask("GET", f"/contacts?changed_since={since}").json["data"]
    assert [one["id"] for one in found] == [ids[1], ids[2], ids[0]]


def test_a_change_leaves_the_rest_as_it_is(shop: Caller) -> None:
    made = ann(shop, city="Ulm", tags=["vip"])
    changed = shop.ask("PATCH", f"/contacts/{made['id']}", json={"last_name": "Lee", "first_name": None}).json
    assert (changed["first_name"], changed["last_name"], changed["city"]) == ("", "Lee", "Ulm")
    assert changed["tags"] == ["vip"]
    assert changed["version"] == made["version"] + 1


def test_a_change_leaves_own_fields_of_every_kind_as_they_are(shop: Caller) -> None:
    kinds = {
        "Size": "number",
        "Weight": "number",
        "Member": "boolean",
        "Since": "date",
        "Colour": "choice",
        "Note": "text",
    }
    for label, kind in kinds.items():
        choices = {"choices": ["Red", "Blue"]} if kind == "choice" else {}
        shop.post("/fields", {"label": label, "type": kind, **choices}, expect=201)
    fields = {"size": 42, "weight": 0.0000125, "member": False, "since": "2026-01-31", "colour": "Red", "note": "5"}
    made = ann(shop, fields=fields)
    assert made["fields"] == fields
    assert shop.ask("PATCH", f"/contacts/{made['id']}", json={"city": "Ulm"}).json["fields"] == fields
    assert (
        shop.post("/contacts/bulk", {"contacts": [{"email": "ann@example.com", "city": "Bonn"}]}).json["updated"] == 1
    )
    assert shop.ask("GET", f"/contacts/{made['id']}").json["fields"] == fields


def test_a_change_of_what_others_changed_is_refused(shop: Caller) -> None:
    made = ann(shop)
    path = f"/contacts/{made['id']}"
    first = shop.ask("PATCH", path, json={"city": "Ulm", "version": 1})
    assert first.headers["ETag"] == '"2"'
    assert shop.ask("PATCH", path, json={"city": "Bonn", "version": 1}, expect=409).json["code"] == "version_conflict"
    stale = shop.ask("PATCH", path, json={"city": "Bonn"}, headers={"If-Match": '"1"'}, expect=412)
    assert stale.json["code"] == "precondition_failed"
    shop.ask("PATCH", path, json={"city": "Bonn"}, headers={"If-Match": '"2"'})
    assert shop.ask("GET", path).json["city"] == "Bonn"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"email": "a@example.com", "emil": "x"}, "emil"),
        ({"email": "a@example.com", "country": "Atlantis"}, "country"),
        ({"email": "a@example.com", "fields": {"nope": 1}}, "fields.nope"),
        ({"email": "a@example.com", "first_name": 7}, "first_name"),
        ({"email": "a@example.com", "lifecycle": None}, "lifecycle"),
        ({"first_name": "Ann"}, "email"),
    ],
)
def test_a_refusal_names_the_field(lux_sqlite: Installation, body: dict[str, Any], field: str) -> None:
    shop = Caller(lux_sqlite, lux_sqlite.firm())
    answer = shop.post("/contacts", body, expect=422)
    assert answer.mimetype == "application/problem+json"
    assert [one["field"] for one in answer.json["errors"]] == [field]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400, "invalid_json"),
        ({"data": b'{"email": NaN}', "content_type": "application/json"}, 400, "invalid_json"),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 400, "invalid_json"),
        ({"data": b'"\xff"', "content_type": "application/json"}, 400, "invalid_json"),
        ({"data": b'{"email": "a\\u0000@example.com"}', "content_type": "application/json"}, 422, "invalid_input"),
        ({"data": b'{"email": "\\ud800"}', "content_type": "application/json"}, 422, "invalid_input"),
        ({"data": b"[]", "content_type": "application/json"}, 422, "invalid_input"),
        ({"data": b"email=a", "content_type": "application/x-www-form-urlencoded"}, 415, "wrong_media_type"),
        ({"data": b" " * (17 * 1024 * 1024), "content_type": "application/json"}, 413, "too_large"),
    ],
)
def test_what_is_no_json_is_told_so(lux_sqlite: Installation, sent: dict[str, Any], status: int, code: str) -> None:
    shop = Caller(lux_sqlite, lux_sqlite.firm())
    for headers in ({}, {"Idempotency-Key": "a"}):
        assert shop.ask("POST", "/contacts", expect=status, headers=headers, **sent).json["code"] == code


def test_an_address_and_a_method_that_are_not_there(lux_sqlite: Installation) -> None:
    shop = Caller(lux_sqlite, lux_sqlite.firm())
    assert shop.ask("GET", "/nothing", expect=404).mimetype == "application/problem+json"
    refused = shop.ask("DELETE", "/contacts", expect=405)
    assert {"GET", "POST"} <= set(refused.headers["Allow"].split(", "))
    assert shop.ask("GET", "/contacts?colour=red", expect=422).json["errors"][0]["field"] == "colour"
    assert shop.ask("GET", "/contacts?limit=500", expect=422).json["errors"][0]["field"] == "limit"
    assert shop.ask("GET", "/contacts?cursor=broken", expect=422).json["errors"][0]["field"] == "cursor"


def test_a_key_has_a_share_of_calls(lux_sqlite: Installation) -> None:
    lux_sqlite.settings.__dict__["api_per_minute"] = 2  # frozen, and ten times 600 calls take long
    firm = lux_sqlite.firm()
    shop, other = Caller(lux_sqlite, firm), Caller(lux_sqlite, firm)
    with time_machine.travel(dt.datetime(2026, 11, 23, 9, 0, 15, tzinfo=dt.UTC), tick=False):
        first = shop.ask("GET", "/tags")
        assert first.headers["RateLimit-Policy"] == '"key";q=2;w=60'
        assert first.headers["RateLimit"] == '"key";r=1;t=45'
        shop.ask("GET", "/tags")
        refused = shop.ask("GET", "/tags", expect=429)
        assert refused.headers["Retry-After"] == "45"
        assert refused.json["code"] == "rate_limited"
        other.ask("GET", "/tags")


def test_a_repeated_request_is_done_once(shop: Caller) -> None:
    body, once = {"email": "ann@example.com"}, {"Idempotency-Key": "order-7"}
    first = shop.post("/contacts", body, expect=201, headers=once)
    again = shop.post("/contacts", body, expect=201, headers=once)
    assert again.json == first.json
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    other = shop.post("/contacts", {"email": "bob@example.com"}, expect=422, headers=once)
    assert other.json["errors"][0]["field"] == "Idempotency-Key"


def test_a_refused_request_may_be_mended_under_its_key(shop: Caller) -> None:
    once = {"Idempotency-Key": "order-7"}
    shop.post("/contacts", {"email": "nonsense"}, expect=422, headers=once)
    shop.post("/contacts", {"email": "ann@example.com"}, expect=201, headers=once)


def test_of_the_same_request_at_once_one_makes_the_contact(shop: Caller) -> None:
    statuses: list[int] = []
    gate = threading.Barrier(4)
    sent = {"Authorization": f"Bearer {shop.shown}", "Idempotency-Key": "order-7"}

    def ask() -> None:
        client = shop.lux.client()
        gate.wait()
        answer = client.post(f"{API}/contacts", json={"email": "ann@example.com"}, headers=sent)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    with shop.lux.db.read(shop.firm.id) as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
        assert session.scalar(select(func.count()).where(Fact.kind == "contact.created")) == 1


def test_bad_rows_spoil_no_others(shop: Caller) -> None:
    made = ann(shop)
    rows = [
        {"email": "ann@example.com", "city": "Ulm", "tags": ["vip"]},
        {"email": "nonsense"},
        {"email": "new@example.com"},
        {"emil": "x"},
        {"email": "ann@example.com", "city": "Ulm"},
        {"email": "new@example.com", "lifecycle": "emperor"},
    ]
    found = shop.post("/contacts/bulk", {"contacts": rows}).json
    assert [row["outcome"] for row in found["data"]] == [
        "updated", "refused", "created", "refused", "unchanged", "refused",
    ]  # fmt: skip
    assert found["refused"] == 3
    assert [row["errors"][0]["field"] for row in found["data"] if row["errors"]] == ["email", "emil", "lifecycle"]
    assert shop.ask("GET", f"/contacts/{made['id']}").json["tags"] == ["vip"]
    skipped = shop.post(
        "/contacts/bulk", {"contacts": [{"email": "ann@example.com", "city": "Bonn"}], "on_existing": "skip"}
    )
    assert skipped.json["skipped"] == 1
    assert shop.ask("GET", f"/contacts/{made['id']}").json["city"] == "Ulm"


def test_a_yes_carries_its_proof_and_an_older_yes_beats_no_no(shop: Caller) -> None:
    path = f"/contacts/{ann(shop)['id']}/consents"
    yes = {"channel": "email", "state": "given", "wording": "Yes, news by mail", "source": "checkout",
           "proof": {"ip": "203.0.113.7", "form": "checkout-2"}}  # fmt: skip
    assert shop.post(path, {**yes, "wording": ""}, expect=422).json["errors"][0]["field"] == "wording"
    assert shop.post(path, {**yes, "channel": "sms"}, expect=422).json["errors"][0]["field"] == "channel"
    given = shop.post(path, yes).json["consents"][0]
    assert (given["state"], given["is_mailable"], given["wording"]) == ("given", True, "Yes, news by mail")
    no = shop.post(path, {"channel": "email", "state": "withdrawn", "source": "preference page"}).json["consents"][0]
    assert (no["state"], no["is_mailable"], no["suppressed"]) == ("withdrawn", False, "unsubscribed")
    late = shop.post(path, {**yes, "at": "2020-01-01T00:00:00Z"}, expect=422)
    assert late.json["errors"][0]["field"] == "at"
    told = shop.ask("GET", f"{path.removesuffix('/consents')}/facts").json["data"]
    proof = next(fact for fact in told if fact["kind"] == "consent.given")["properties"]["proof"]
    assert (proof["form"], proof["by"]) == ("checkout-2", "API key Web shop")


def test_trash_and_back(shop: Caller) -> None:
    made = ann(shop)
    assert shop.post(f"/contacts/{made['id']}/trash", {}).json["trashed_at"] is not None
    assert shop.ask("GET", "/contacts").json["data"] == []
    shop.ask("PATCH", f"/contacts/{made['id']}", json={"city": "Ulm"}, expect=409)
    assert shop.post(f"/contacts/{made['id']}/restore", {}).json["trashed_at"] is None


def test_tags_are_added_and_taken_off(shop: Caller) -> None:
    made = ann(shop, tags=["vip"])
    assert shop.post(f"/contacts/{made['id']}/tags", {"tags": ["new", "VIP"]}).json["tags"] == ["new", "vip"]
    assert shop.post(f"/contacts/{made['id']}/tags/remove", {"tags": ["Vip", "none"]}).json["tags"] == ["new"]
    assert {(tag["name"], tag["contacts"]) for tag in shop.ask("GET", "/tags").json["data"]} == {("new", 1), ("vip", 0)}


def test_facts_are_recorded_once_and_unknown_kinds_refused(shop: Caller) -> None:
    made = ann(shop)
    order = {"kind": "order.paid", "email": "ANN@example.com", "dedup_key": "order 7", "value_minor": 4990,
             "currency": "EUR", "at": "2026-01-01T12:00:00+02:00", "properties": {"lines": 2}}  # fmt: skip
    sent = [
        order,
        order,
        {"kind": "custom.quiz", "contact": made["id"]},
        {"kind": "email.opened", "contact": made["id"]},
        {"kind": "custom.x", "email": "nobody@example.com"},
        {**order, "dedup_key": "8", "currency": None},
    ]
    found = shop.post("/facts", {"facts": sent}).json
    assert [one["outcome"] for one in found["data"]] == [
        "recorded", "duplicate", "recorded", "refused", "refused", "refused",
    ]  # fmt: skip
    assert [one["field"] for one in found["data"][3:]] == ["kind", "email", "currency"]
    assert "order.paid" in found["data"][3]["message"]
    assert shop.post("/facts", {"facts": [order]}).json["duplicate"] == 1
    timeline = shop.ask("GET", f"/contacts/{made['id']}/facts").json["data"]
    paid = next(fact for fact in timeline if fact["kind"] == "order.paid")
    assert (paid["at"], paid["value_minor"], paid["currency"]) == ("2026-01-01T10:00:00Z", 4990, "EUR")
    assert (paid["properties"], paid["actor"]) == ({"lines": 2}, "api_key")


def test_an_export_is_taken_by_key_and_by_a_link_that_ends(shop: Caller) -> None:
    ann(shop)
    made = shop.post("/exports", {}, expect=202).json
    shop.ask("GET", f"/exports/{made['id']}/contacts.csv", expect=404)
    shop.lux.work()
    ready = shop.ask("GET", f"/exports/{made['id']}").json
    assert (ready["state"], ready["rows"]) == ("done", 1)
    assert "Ann@Example.com" in shop.ask("GET", f"/exports/{made['id']}/contacts.csv").text
    link = "/" + ready["download_url"].split("/", 3)[3]
    assert "Ann@Example.com" in shop.lux.client().get(link).text
    assert shop.lux.client().get(link[:-3] + "abc").status_code == 404
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=16)):
        assert shop.lux.client().get(link).status_code == 404
    with shop.lux.db.begin(shop.firm.id) as session:
        api_keys.revoke(session, api_keys.get(session, shop.key.public_id), by=shop.firm.person)
    assert shop.lux.client().get(link).status_code == 404


def test_an_erased_person_is_in_no_kept_answer(shop: Caller) -> None:
    """An answer that would be repeated for a day goes with who stands in it; others stay."""
    body, once = {"email": "bob@example.com"}, {"Idempotency-Key": "bob"}
    made = shop.post("/contacts", {"email": "ann@example.com"}, expect=201, headers={"Idempotency-Key": "ann"}).json
    shop.post("/contacts", body, expect=201, headers=once)
    with shop.lux.db.begin(shop.firm.id) as session:
        contact = people.contact_by_public_id(session, uuid.UUID(made["id"]))
        removal.erase(session, contact, shop.firm.person, confirmation="ann@example.com")
    with shop.lux.db.read(shop.firm.id) as session:
        kept = session.scalars(select(Idempotency.body)).all()
    assert len(kept) == 1
    assert "ann@example.com" not in kept[0]
    assert shop.post("/contacts", body, expect=201, headers=once).headers["Idempotent-Replayed"] == "true"


def test_a_tag_is_read_and_goes_when_nobody_carries_it(shop: Caller) -> None:
    made = ann(shop, tags=["vip"])
    [tag] = shop.ask("GET", "/tags").json["data"]
    assert shop.ask("GET", f"/tags/{tag['id']}").json == {**tag, "contacts": 1}
    assert "One contact" in shop.ask("DELETE", f"/tags/{tag['id']}", expect=409).json["title"]
    shop.post(f"/contacts/{made['id']}/tags/remove", {"tags": ["vip"]})
    assert shop.ask("DELETE", f"/tags/{tag['id']}", expect=204).data == b""
    shop.ask("GET", f"/tags/{tag['id']}", expect=404)


def test_a_field_is_read_and_changed_and_keeps_the_choices_that_are_used(shop: Caller) -> None:
    made = shop.post("/fields", {"label": "Colour", "type": "choice", "choices": ["Red", "Blue"]}, expect=201).json
    path = f"/fields/{made['id']}"
    assert shop.ask("GET", path).json == made
    ann(shop, fields={"colour": "red"})
    changed = shop.ask("PATCH", path, json={"label": "Paint"}).json
    assert (changed["key"], changed["label"], changed["choices"]) == ("colour", "Paint", ["Red", "Blue"])
    assert shop.ask("PATCH", path, json={"choices": ["Red", "Green"]}).json["choices"] == ["Red", "Green"]
    assert shop.ask("PATCH", path, json={"choices": ["Green"]}, expect=422).json["errors"][0]["field"] == "choices"


def test_facts_of_a_kind_are_listed_over_all_contacts(shop: Caller) -> None:
    made = ann(shop)
    shop.post("/contacts", {"email": "bob@example.com"}, expect=201)
    at = ["2026-01-03T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"]
    sent = [
        {"kind": "order.paid", "email": email, "at": when, "value_minor": number, "currency": "EUR"}
        for number, (when, email) in enumerate(zip(at, ["ann@example.com", *["bob@example.com"] * 3], strict=True))
    ]
    assert shop.post("/facts", {"facts": sent}).json["recorded"] == 4
    path, seen = "/facts?kind=order.paid&limit=1", []
    while path:
        found = shop.ask("GET", path).json
        seen += found["data"]
        path = found["next"]
    assert [one["value_minor"] for one in seen] == [0, 3, 2, 1]
    assert seen[0]["contact"] == made["id"]
    since = shop.ask("GET", "/facts?kind=order.paid&since=2026-01-02T00:00:00Z").json["data"]
    assert [one["value_minor"] for one in since] == [0, 3, 2]
    assert shop.ask("GET", "/facts", expect=422).json["errors"][0]["field"] == "kind"


def test_exports_are_listed(shop: Caller) -> None:
    for email in ("ann@example.com", "bob@example.com"):
        shop.post("/contacts", {"email": email}, expect=201)
    ids = [shop.post("/exports", {"q": text}, expect=202).json["id"] for text in ("ann", "bob")]
    first = shop.ask("GET", "/exports?limit=1").json
    rest = shop.ask("GET", first["next"]).json
    assert [one["id"] for one in first["data"] + rest["data"]] == ids[::-1]
    assert rest["next"] is None
