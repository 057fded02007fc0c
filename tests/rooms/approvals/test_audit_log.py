"""The audit log's page: plain words, search, copies, verification by the clock, and what people typed."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from lux.identity import api_keys
from lux.identity.access import Role
from lux.identity.scopes import Scope
from lux.kit import jobs
from lux.kit.db import ALL_COMPANIES
from lux.ledger import audit
from lux.ledger.audit import checkpoints, checks
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.approvals.log import reading, watching
from lux.rooms.approvals.log.searching import Wanted
from lux.rooms.notifications.models import Notification
from tests.factories import Firm, Installation, installation
from tests.ledger.tampering import disarm


@pytest.fixture
def lux(db_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation with two companies."""
    made = installation(db_url, tmp_path / "home")
    made.firm("Ours")
    made.firm("Theirs")
    yield made
    made.db.close()


def switched(lux: Installation, firm: Firm, reason: str) -> None:
    """Turn a switch on as a person would."""
    done = lux.client(firm).post("/approvals/toggles", data={"key": "channel_email", "is_on": "true", "reason": reason})
    assert done.status_code < 400, done.text


def numbers(lux: Installation, firm: Firm) -> dict[str, int]:
    """Return the latest row of each action in a company's chain."""
    with lux.db.read(ALL_COMPANIES) as session:
        query = select(ApprovalAuditLog).where(ApprovalAuditLog.company_id == firm.id).order_by(ApprovalAuditLog.seq)
        return {row.action: row.seq for row in session.scalars(query)}


def test_rows_are_read_in_plain_words_and_found(lux: Installation) -> None:
    """By area, action, person, object and day; another company's rows are never among them."""
    ours, theirs = lux.firms
    switched(lux, ours, "Newsletter starts for bob@example.com")
    client = lux.client(ours)
    page = client.get("/approvals/audit").text
    assert f"{ours.person.name} turned on “" in page
    assert "Newsletter starts for bob@example.com" in page
    assert "made the company" in page
    for asked, is_there in {
        "category=stops": True, "category=security": False, "action=toggle.on": True, "action=toggle.off": False,
        f"who=person:{ours.user_id}": True, "who=system": False, "q=channel_email": True, "q=nothing": False,
        "since=2001-01-01&until=2999-01-01": True, "until=2001-01-01": False, "since=2999-01-01": False,
        "since=rubbish&who=%00&category=x": True,
    }.items():  # fmt: skip
        assert ("turned on “" in client.get(f"/approvals/audit?{asked}").text) is is_there, asked
    assert "turned on “" not in lux.client(theirs).get("/approvals/audit").text
    assert "No row fits this" in client.get("/approvals/audit?q=nothing").text
    assert lux.client(lux.member(ours.id, Role.MARKETER)).get("/approvals/audit").status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "sqlite_url",
        pytest.param("pg_url", marks=pytest.mark.postgres),
        pytest.param("mariadb_url", marks=pytest.mark.mariadb),
    ],
)
def test_rows_are_found_by_what_is_read_and_by_the_door(
    request: pytest.FixtureRequest, tmp_path: Path, url: str
) -> None:
    """Words of the sentence, names, ids and typed reasons, each word somewhere; page by page; another's words never."""
    made = installation(request.getfixturevalue(url), tmp_path / "home")
    ours, theirs = made.firm("Ours"), made.firm("Theirs")
    switched(made, ours, "Newsletter starts 100% for Bob")
    switched(made, theirs, "Only theirs knows Zanzibar")
    with made.db.begin(ours.id) as session:
        for number in range(reading.PAGE):
            audit.append(session, ours.id, actor=audit.SYSTEM, action="tag.deleted", object_id=f"tag{number}")
    with made.db.read(ours.id) as session:

        def found(**asked: str) -> list[str]:
            return [one.action for one in reading.search(session, ours.id, Wanted(**asked), before=None, limit=99)]

        for text, action in {
            "turned on": "toggle.on", "NEWSLETTER": "toggle.on", "bob 100%": "toggle.on", "channel_em": "toggle.on",
            f"{ours.person.name.split()[0]} e-mail on newsletter": "toggle.on", "tag49": "tag.deleted",
            "made the company": "company.created",
        }.items():  # fmt: skip
            assert set(found(text=text)) == {action}, text
        for text in ("Zanzibar", "newsletter zanzibar", "1000%", "_oggle", "bob' OR 1=1"):
            assert found(text=text) == [], text
        assert set(found(text="lux itself", action="tag.deleted")) == {"tag.deleted"}
        assert set(found(door="browser")) == {"toggle.on"}
        assert found(door="api") == []
        (switch,) = reading.search(session, ours.id, Wanted(door="browser"), before=None, limit=99)
        assert set(switch.via) == {"door", "session"}
        assert [one.value for one in switch.details if one.label == "From where"] == [
            f"A browser, signed in ({switch.via['session']})"
        ]
        first = reading.search(session, ours.id, Wanted(text="deleted tag"), before=None, limit=30)
        rest = reading.search(session, ours.id, Wanted(text="deleted tag"), before=first[-1].id, limit=30)
        assert len({one.id for one in [*first, *rest]}) == reading.PAGE
    with made.db.begin(ours.id) as session:
        assert audit.forget_text(session, ours.id, ["for Bob"]) == 1
    with made.db.read(ours.id) as session:
        assert reading.search(session, ours.id, Wanted(text="newsletter"), before=None, limit=9) == []
    made.db.close()


def test_a_setting_says_what_it_was(lux: Installation) -> None:
    """Zone, currency and unsend window with before and after; names and addresses only as fields that changed."""
    ours, _theirs = lux.firms
    values = {"name": "Ada's shop", "timezone": "Europe/Paris", "locale": "en", "currency": "USD", "version": "1",
              "unsend_seconds": "90", "postal_address": "Secret lane 1"}  # fmt: skip
    assert lux.client(ours).post("/settings", data=values).status_code == 303
    with lux.db.read(ALL_COMPANIES) as session:
        row = session.get_one(ApprovalAuditLog, (ours.id, numbers(lux, ours)["company.changed"]))
    detail = json.loads(row.detail)
    assert detail["after"] == {"currency": "USD", "timezone": "Europe/Paris", "unsend_seconds": 90}
    assert detail["before"] == {"currency": "EUR", "timezone": "Europe/Berlin", "unsend_seconds": 0}
    assert "Secret lane" not in row.detail
    assert {"name", "postal_address"} <= set(detail["fields"])
    page = lux.client(ours).get("/approvals/audit?via=browser&q=settings").text
    assert "0 → 90" in page
    assert lux.client(ours).get("/approvals/audit?via=nowhere").status_code == 200


def test_owners_remove_what_was_typed_and_the_chain_holds(lux: Installation) -> None:
    """The row stays; whoever is no owner can't, and neither can the owner of another company."""
    ours, theirs = lux.firms
    switched(lux, ours, "asked for by bob@example.com")
    seq = numbers(lux, ours)["toggle.on"]
    path = f"/approvals/audit/{seq}/words"
    assert lux.client(lux.member(ours.id, Role.ADMIN)).post(path).status_code == 403
    assert lux.client(theirs).post(path).status_code == 404
    assert lux.client(ours).post(path).status_code == 303
    assert lux.client(ours).post(path).status_code == 404, "they are gone"
    page = lux.client(ours).get("/approvals/audit").text
    assert "asked for by" not in page
    assert "(removed; its hash stays in the chain)" in page
    assert f"{ours.person.name} removed words from the audit log" in page
    assert checks.verify_all(lux.db, lux.settings, ours.id).holds


def test_an_owner_takes_a_copy(lux: Installation) -> None:
    """Asked for, written by a job, taken: three rows of the chain; the copy holds chain, checkpoint and verifier."""
    ours, theirs = lux.firms
    client = lux.client(ours)
    assert lux.client(lux.member(ours.id, Role.ADMIN)).get("/approvals/audit/copies").status_code == 403
    assert client.post("/approvals/audit/copies", data={"since": "no day"}).status_code == 422
    assert client.post("/approvals/audit/copies", data={"since": ""}).status_code == 303
    lux.work()
    page = client.get("/approvals/audit/copies").text
    path = page.partition('href="/approvals/audit/copies/')[2].partition('"')[0]
    taken = client.get(f"/approvals/audit/copies/{path}")
    assert taken.status_code == 200, page
    with zipfile.ZipFile(io.BytesIO(taken.data)) as archive:
        rows = archive.read(f"chains/{ours.id}.jsonl").decode().splitlines()
        assert {"README.txt", "verify.py", "public-keys.txt", "checkpoints.jsonl"} <= set(archive.namelist())
        assert json.loads(archive.read("checkpoints.jsonl").decode().splitlines()[-1])["seq"] == len(rows)
    assert lux.client(theirs).get(f"/approvals/audit/copies/{path}").status_code == 404
    assert {"audit.export_requested", "audit.exported", "audit.export_downloaded"} <= set(numbers(lux, ours))


def test_a_chain_that_does_not_hold_is_told_and_presses_nothing(lux: Installation) -> None:
    """Health, the page and a notice for owners say so; nothing is stopped by it."""
    ours, theirs = lux.firms
    (unseen,) = watching.AuditHealth().check(lux.db.session(ALL_COMPANIES, read_only=True), ours.id)
    assert unseen.level == "unknown"
    assert lux.client(ours).post("/approvals/audit/verify").status_code == 303
    lux.work()
    assert "rows hold" in lux.client(ours).get("/approvals/audit").text
    disarm(lux.db)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.get_one(ApprovalAuditLog, (ours.id, 2)).action = "toggle.off"
    with lux.db.begin(ALL_COMPANIES) as session:
        jobs.enqueue(session, "approvals.verify_audit", {})
    lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        levels = {firm.id: watching.AuditHealth().check(session, firm.id)[0].level for firm in (ours, theirs)}
        told = session.scalars(select(Notification).where(Notification.kind == "audit.broken")).all()
        found = audit.last_check(session, ours.id)
    assert levels == {ours.id: "bad", theirs.id: "ok"}
    assert [(one.company_id, one.user_id) for one in told] == [(ours.id, ours.user_id)]
    assert found is not None
    assert (found.state, found.seq) == ("broken", 2)
    page = lux.client(ours).get("/approvals/audit").text
    assert "does not hold at row 2" in page
    assert lux.client(ours).get("/approvals/stop").text.count("stop.resumed") == 0


def test_checkpoints_are_made_by_the_clock_and_every_thousand_rows(
    lux: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody hears of them but an owner who wants to; the second of a day is not sent again."""
    ours = lux.firms[0]
    lux.client(ours).post("/notifications/preferences", data={"checkpoints_bell": "1"})
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    for _twice in range(2):
        switched(lux, ours, "why")
        lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        latest = checkpoints.latest(session, ours.id)
        told = session.scalars(select(Notification).where(Notification.kind == watching.SIGNED)).all()
    assert latest is not None
    assert latest.seq == max(numbers(lux, ours).values())
    assert len(checkpoints.read_file(checkpoints.file_of(lux.settings, ours.id))) == 2
    assert [one.user_id for one in told] == [ours.user_id]
    assert '"signature"' in told[0].body


def test_programs_read_the_log_with_a_key_made_for_it(lux: Installation) -> None:
    """Page by page, filtered; a key without the scope may not."""
    ours, _theirs = lux.firms
    switched(lux, ours, "why")
    with lux.db.begin(ours.id) as session:
        later = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
        keys = [
            api_keys.issue(session, name=name, scopes=frozenset({scope}), by=ours.person, expires_at=later)[1]
            for name, scope in (("Auditor", Scope.AUDIT_READ), ("Other", Scope.CONTACTS_READ))
        ]
    client = lux.client()
    heads = [{"Authorization": f"Bearer {key}"} for key in keys]
    assert client.get("/api/v1/audit", headers=heads[1]).status_code == 403
    first = client.get("/api/v1/audit?limit=1", headers=heads[0]).json
    assert first["data"][0]["action"] == "api_key.issued"
    second = client.get(first["next"], headers=heads[0]).json
    assert second["data"][0]["hash"] == first["data"][0]["prev_hash"]
    (row,) = client.get("/api/v1/audit?action=toggle.on", headers=heads[0]).json["data"]
    assert (row["category"], row["object_id"]) == ("stops", "channel_email")
    assert row["via"]["door"] == "browser"
    assert client.get("/api/v1/audit?q=turned&via=browser", headers=heads[0]).json["data"] == [row]
    assert client.get("/api/v1/audit?via=roof", headers=heads[0]).status_code == 422
    assert client.get("/api/v1/audit?since=x", headers=heads[0]).status_code == 422
