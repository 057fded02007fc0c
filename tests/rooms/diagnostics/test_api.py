"""Programs read a company's errors and health in plain words, and decide about errors."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from lux.identity import api_keys
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.diagnostics.models import GroupState
from tests.rooms.diagnostics.conftest import captured, groups, make_job, ours, raised

READ, WRITE = Scope.ERRORS_READ, Scope.ERRORS_WRITE


def key(lux, firm, *scopes):
    with lux.db.begin(firm.id) as session:
        return {"Authorization": f"Bearer {api_keys.issue(session, name='Watch', scopes=scopes, by=firm.person)[1]}"}


def test_errors_are_listed_in_pages_without_internals(lux):
    firm, other = lux.firm(), lux.firm()
    for number in range(3):
        captured(lux, raised(type(f"Trouble{number}", (ValueError,), {})("hidden")), company_id=firm.id)
    captured(lux, ours(1), company_id=other.id)
    client, sent = lux.client(), key(lux, firm, READ)
    first = client.get("/api/v1/errors?limit=2", headers=sent)
    second = client.get(first.json["next"], headers=sent)
    ids = [one["id"] for one in first.json["data"] + second.json["data"]]
    assert ids == [str(group.public_id) for group in groups(lux)[2::-1]]
    assert second.json["next"] is None
    one = first.json["data"][0]
    assert (one["title"], one["count"], one["state"]) == ("A page could not be shown.", 1, "open")
    assert one["fingerprint"].startswith("v1:")
    assert one["touched"]
    assert one["fix"]
    assert "hidden" not in first.text
    assert "Trouble" not in first.text
    assert client.get("/api/v1/errors?q=nowhere", headers=sent).json["data"] == []


def test_occurrences_carry_the_code_that_people_saw(lux):
    firm = lux.firm()
    for number in range(3):
        captured(lux, ours(number), company_id=firm.id, request_id=f"r{number}")
    path, sent = f"/api/v1/errors/{groups(lux)[0].public_id}/occurrences?limit=2", key(lux, firm, READ)
    first = lux.client().get(path, headers=sent).json
    rest = lux.client().get(first["next"], headers=sent).json
    assert [one["request_id"] for one in first["data"] + rest["data"]] == ["r2", "r1", "r0"]


def test_a_program_decides_in_its_own_name(lux):
    firm = lux.firm()
    captured(lux, ours(1), company_id=firm.id)
    client, sent = lux.client(), key(lux, firm, WRITE)
    path = f"/api/v1/errors/{groups(lux)[0].public_id}"
    assert client.post(f"{path}/resolve", headers=sent, json={"note": "New key."}).json["state"] == "resolved"
    shown = lux.client(firm).get(f"/diagnostics/errors/{groups(lux)[0].public_id}").text
    assert "API key “Watch”" in shown
    ignored = client.post(f"{path}/ignore", headers=sent, json={"more": 5}).json
    assert (ignored["state"], ignored["ignored_to_count"]) == ("ignored", 6)
    assert client.post(f"{path}/reopen", headers=sent).json["state"] == "open"
    with lux.db.read(ALL_COMPANIES) as session:
        rows = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.action.startswith("error."))).all()
    assert {row.actor_type for row in rows} == {"api_key"}
    assert len(rows) == 3


def test_a_moment_that_is_over_is_refused_by_name(lux_sqlite):
    firm = lux_sqlite.firm()
    captured(lux_sqlite, ours(1), company_id=firm.id)
    over = (clock.now() - timedelta(minutes=1)).isoformat()
    path = f"/api/v1/errors/{groups(lux_sqlite)[0].public_id}/ignore"
    answer = lux_sqlite.client().post(path, headers=key(lux_sqlite, firm, WRITE), json={"until": over})
    assert answer.status_code in {400, 422}
    assert "until" in answer.text
    assert groups(lux_sqlite)[0].state is GroupState.OPEN


def test_reading_is_not_deciding(lux_sqlite):
    firm = lux_sqlite.firm()
    captured(lux_sqlite, ours(1), company_id=firm.id)
    path = f"/api/v1/errors/{groups(lux_sqlite)[0].public_id}/reopen"
    answer = lux_sqlite.client().post(path, headers=key(lux_sqlite, firm, READ))
    assert (answer.status_code, answer.json["code"]) == (403, "scope_missing")


def test_health_is_the_companys_own(lux):
    firm, other = lux.firm(), lux.firm()
    make_job(lux, other.id, due_at=clock.now() - timedelta(minutes=9))
    found = lux.client().get("/api/v1/health", headers=key(lux, firm, READ)).json
    assert found["level"] in {"ok", "warn", "bad", "unknown"}
    jobs = [one for one in found["findings"] if one["key"] == "jobs"]
    assert [one["level"] for one in jobs] == ["ok"], "another company's late job is not ours"
    assert not [one for one in found["findings"] if one["key"] in {"database", "disk", "workers"}]
