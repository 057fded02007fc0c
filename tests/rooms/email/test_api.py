"""Campaigns through the API: a program writes and submits, a person decides, the figures come back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.ledger.models import ApprovalAuditLog
from tests.callers import Caller
from tests.factories import Installation
from tests.rooms.email import campaigns
from tests.rooms.email.campaigns import BODY, ready


@pytest.fixture
def program(lux: Installation) -> Caller:
    return Caller(lux, ready(lux))


def drafted(program: Caller, **more: Any) -> Any:
    sender = program.ask("GET", "/senders").json["data"][0]["id"]
    body = {
        "name": "Autumn",
        "subject": "Hello",
        "format": "html",
        "source": BODY,
        "sender": sender,
        "audience": "everyone",
    }
    return program.post("/campaigns", {**body, **more}, expect=201).json


def test_a_program_submits_and_a_person_says_yes(program: Caller) -> None:
    made = drafted(program)
    assert (made["state"], made["recipients"], made["approval"]) == ("draft", None, None)
    path = f"/campaigns/{made['id']}"
    program.ask("GET", f"{path}/report", expect=409)
    submitted = program.post(f"{path}/submit", {"version": made["version"]}).json
    assert (submitted["state"], submitted["recipients"]) == ("pending", 3)
    waiting = program.ask("GET", f"/approvals/{submitted['approval']}").json
    assert (waiting["state"], waiting["author"], waiting["author_type"]) == ("pending", "API key Web shop", "api_key")
    assert waiting["campaign"] == made["id"]
    assert [one["id"] for one in program.ask("GET", "/approvals?state=pending").json["data"]] == [waiting["id"]]
    campaigns.approve(program.lux, program.firm, made_id(made))
    program.lux.work()
    assert program.ask("GET", path).json["state"] == "sent"
    report = program.ask("GET", f"{path}/report").json
    assert (report["recipients"], report["is_captured"]) == (3, True)
    captured = next(one for one in report["outcome"] if one["key"] == "captured")
    assert (captured["value"], captured["of"]) == (3, 3)
    delivered = next(one for one in report["outcome"] if one["key"] == "delivered")
    assert delivered["value"] is None
    assert delivered["why"]
    first = program.ask("GET", f"{path}/recipients?limit=2").json
    rest = program.ask("GET", first["next"]).json
    assert len(first["data"]) == 2
    assert {one["state"] for one in [*first["data"], *rest["data"]]} == {"captured"}
    assert rest["next"] is None


def test_the_audit_chain_names_the_key(program: Caller) -> None:
    program.post(f"/campaigns/{drafted(program)['id']}/submit", {})
    with program.lux.db.read(program.firm.id) as session:
        row = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.action == "approval.submitted")).one()
        assert (row.actor_type, row.actor_id) == ("api_key", program.key.id)
    assert "API key Web shop" in program.lux.client(program.firm).get("/approvals/audit").text


def test_a_change_voids_the_yes(program: Caller) -> None:
    made = drafted(program)
    path = f"/campaigns/{made['id']}"
    later = (clock.now() + dt.timedelta(days=2)).replace(microsecond=0, second=0)
    program.post(f"{path}/submit", {"send_at": later.isoformat()})
    campaigns.approve(program.lux, program.firm, made_id(made))
    assert program.ask("GET", path).json["state"] == "scheduled"
    changed = program.ask("PATCH", path, json={"subject": "Hello again"}).json
    assert (changed["state"], changed["subject"], changed["name"]) == ("pending", "Hello again", "Autumn")
    assert program.post(f"{path}/withdraw", {}).json["state"] == "draft"


def test_what_keeps_it_from_being_submitted_is_named(program: Caller) -> None:
    made = program.post("/campaigns", {"name": "Empty"}, expect=201).json
    refused = program.post(f"/campaigns/{made['id']}/submit", {}, expect=422).json
    assert {"subject", "sender", "audience"} <= {one["field"] for one in refused["errors"]}
    assert program.ask("GET", f"/campaigns/{made['id']}").json["state"] == "draft"


def test_a_version_that_was_overtaken_is_refused(program: Caller) -> None:
    made = drafted(program)
    path = f"/campaigns/{made['id']}"
    program.ask("PATCH", path, json={"name": "Winter", "version": made["version"]})
    program.post(f"{path}/submit", {"version": made["version"]}, expect=409)
    program.ask("PATCH", path, json={"name": "Spring"}, headers={"If-Match": f'"{made["version"]}"'}, expect=412)


def test_the_hour_that_autumn_repeats_is_refused(lux_sqlite: Installation) -> None:
    """It has two meanings as wall time, which campaigns are planned in: nobody is written to an hour early."""
    program = Caller(lux_sqlite, ready(lux_sqlite))
    made = drafted(program)
    refused = program.post(f"/campaigns/{made['id']}/submit", {"send_at": "2027-10-31T01:30:00Z"}, expect=422)
    assert refused.json["errors"][0]["field"] == "send_at"


def test_a_key_that_reads_does_not_write(lux_sqlite: Installation) -> None:
    firm = ready(lux_sqlite)
    made = drafted(Caller(lux_sqlite, firm))
    reader = Caller(lux_sqlite, firm, Scope.CAMPAIGNS_READ)
    reader.ask("GET", f"/campaigns/{made['id']}")
    assert "campaigns:write" in reader.post(f"/campaigns/{made['id']}/submit", {}, expect=403).json["title"]


def made_id(made: Any) -> Any:
    import uuid

    return uuid.UUID(made["id"])
