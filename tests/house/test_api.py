"""The API as a whole: closed without a key, bounded by scopes and company, no way to what only people may do."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Rule

from lux.gate import reads, stop, toggles
from lux.gate.service import ApprovalService
from lux.identity import api_keys
from lux.identity.access import Right
from lux.identity.api_keys import Program, Scope
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Forbidden
from lux.ui import wrong_keys
from lux.ui.access import rule_of
from lux.ui.api import Operation
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.house.test_routes import dump, identifiers, path_of, rules
from tests.rooms.content.test_media import picture

CONTACT = {"email": "somebody@example.com"}
BODIES: dict[str, dict[str, Any]] = {
    "create_contact": CONTACT,
    "change_contact": {"city": "Bonn"},
    "add_tags": {"tags": ["x"]},
    "remove_tags": {"tags": ["Secret tag"]},
    "record_consent": {"channel": "email", "state": "withdrawn", "source": "test"},
    "upsert_contacts": {"contacts": [CONTACT]},
    "create_tag": {"name": "A tag"},
    "rename_tag": {"name": "Another"},
    "create_field": {"label": "Colour", "type": "text"},
    "change_field": {"label": "Another"},
    "add_facts": {"facts": [{"kind": "custom.test", "email": "somebody@example.com"}]},
    "create_segment": {"name": "A list"},
    "change_segment": {"name": "Another"},
    "add_members": {"contacts": ["00000000-0000-7000-8000-000000000000"]},
    "remove_members": {"contacts": ["00000000-0000-7000-8000-000000000000"]},
    "subscribe_hook": {"target_url": "https://hooks.example/x", "event": "contact.created"},
    "create_campaign": {"name": "A campaign"},
    "report_complaint": {"email": "somebody@example.com"},
    "change_campaign": {"name": "Another"},
    "repeat_campaign": {
        "every": "day",
        "until": (clock.now() + timedelta(days=30)).date().isoformat(),
        "most": 3,
        "most_recipients": 10,
        "most_messages": 30,
    },
    "describe_media": {"alt": "Another"},
    "resolve_error": {"note": "Mended"},
    "ignore_error": {"more": 3},
}


def operations(lux: Installation) -> Iterator[tuple[Rule, Operation]]:
    """Yield every route that takes a key, with what it declares."""
    for rule in rules(lux):
        found = getattr(lux.app.view_functions[rule.endpoint], "lux_operation", None)
        if found is not None:
            yield rule, found


def headers(lux: Installation, firm: Firm, *scopes: Scope) -> dict[str, str]:
    """Make a key and return the header that carries it."""
    with lux.db.begin(firm.id) as session:
        shown = api_keys.issue(session, name="Test", scopes=scopes or list(Scope), by=firm.person)[1]
    return {"Authorization": f"Bearer {shown}"}


def call(client: FlaskClient, rule: Rule, one: Operation, ids: dict[str, str], **more: Any) -> Any:
    """Call an operation with a body that fits it."""
    if one.file is not None:
        more["data"] = {one.file: (io.BytesIO(picture()), "a.png"), **BODIES.get(one.name, {})}
    elif one.body is not None:
        more["json"] = BODIES.get(one.name, {})
    return client.open(path_of(rule, ids=ids), method=one.method, **more)


def test_there_is_an_api(lux_sqlite: Installation) -> None:
    """The tests below ask something: every room's operations are found, each with a rule and a body that fits."""
    found = list(operations(lux_sqlite))
    assert len(found) >= 35
    for rule, one in found:
        access = rule_of(lux_sqlite.app.view_functions[rule.endpoint])
        assert access is not None
        assert access.scope is one.scope
        assert not access.checks_csrf
        assert one.name in BODIES or one.body is None or not one.body.model_json_schema().get("required"), one.name


def test_nothing_opens_without_a_key(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, a wrong one, another scheme, and an owner's signed-in browser: 401, and how to ask."""
    monkeypatch.setattr(wrong_keys, "PER_MINUTE", 1000)  # tests/ui/test_wrong_keys.py holds the limit itself
    lux = lux_sqlite
    firm = lux.firm()
    for rule, one in operations(lux):
        for client, sent in (
            (lux.client(), {}),
            (lux.client(), {"Authorization": "Bearer wrong.wrong"}),
            (lux.client(), {"Authorization": "Basic dTpw"}),
            (lux.client(firm), {}),
        ):
            answer = call(client, rule, one, {}, headers=sent)
            assert answer.status_code == 401, f"{one.name} → {answer.status_code}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.mimetype == "application/problem+json"


def test_a_key_without_the_scope_is_told_which_one_is_missing(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    client = lux.client()
    keys = {scope: headers(lux, firm, *(other for other in Scope if other is not scope)) for scope in Scope}
    before = dump_of_records(lux, firm)
    for rule, one in operations(lux):
        answer = call(client, rule, one, {}, headers=keys[one.scope])
        assert answer.status_code == 403, f"{one.name} → {answer.status_code}"
        assert answer.json["code"] == "scope_missing"
        assert one.scope.value in answer.json["title"]
    assert dump_of_records(lux, firm) == before


def test_another_companys_records_are_not_there(lux_sqlite: Installation) -> None:
    """Every operation with every id of a full company, by a key of another one: 404, and no row is changed."""
    lux = lux_sqlite
    lux.settings = lux.settings.model_copy(update={"api_per_minute": 100_000})  # all of them within the minute
    full, other = filled(lux), lux.firm()
    client, ids = lux.client(), identifiers(lux, full)["uuid"]
    before, asked = dump(lux, full), 0
    for rule, one in operations(lux):
        if "uuid" not in rule.rule:
            continue
        sent = headers(lux, other)  # a key has so many calls a minute
        with lux.db.begin(ALL_COMPANIES) as session:
            session.execute(text("DELETE FROM rate_window"))  # many ids, one key
        for value in ids:
            answer = call(client, rule, one, {"uuid": value}, headers=sent)
            assert answer.status_code == 404, f"{one.method} {rule.rule} {value} → {answer.status_code} {answer.text}"
            asked += 1
    assert asked > 100
    assert dump(lux, full) == before


def test_foreign_ids_in_bodies_and_queries_are_not_there(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    full, other = filled(lux), lux.firm()
    sent, client = headers(lux, other), lux.client()
    own = client.post("/api/v1/segments", headers=sent, json={"name": "Mine"}).json["id"]
    made = client.post("/api/v1/campaigns", headers=sent, json={"name": "Mine"}).json["id"]
    before = dump(lux, full)
    for value in identifiers(lux, full)["uuid"]:
        added = client.post(f"/api/v1/segments/{own}/members", headers=sent, json={"contacts": [value]})
        assert added.status_code == 404
        told = client.post("/api/v1/facts", headers=sent, json={"facts": [{"kind": "custom.x", "contact": value}]})
        assert told.json["recorded"] == 0
        assert client.get(f"/api/v1/contacts?tag={value}", headers=sent).status_code == 422
        for change in ({"audience": f"segment:{value}"}, {"sender": value}):
            assert client.patch(f"/api/v1/campaigns/{made}", headers=sent, json=change).status_code in {404, 422}
        rule = {
            "version": 1,
            "root": {"kind": "group", "match": "all", "rules": [{"kind": "tag", "op": "has", "tag": value}]},
        }
        assert client.post("/api/v1/segments", headers=sent, json={"name": "R", "rule": rule}).status_code == 422
    assert dump(lux, full) == before


def test_no_key_does_what_only_a_person_may(lux_sqlite: Installation) -> None:
    """With all scopes it sees and edits, and the gate refuses its yes, its switch and its resume."""
    lux = lux_sqlite
    firm = filled(lux)
    holder = program(lux, firm)
    assert {right for right in Right if holder.has(right)} == {Right.VIEW, Right.EDIT}
    with lux.db.begin(firm.id) as session:
        item = next(one for one in reads.items(session) if one.state is reads.ItemState.PENDING)
        with pytest.raises(Forbidden):
            ApprovalService(session).approve(holder, item.public_id, shown_hash=item.content_hash)
        with pytest.raises(Forbidden):
            ApprovalService(session).reject(holder, item.public_id, shown_hash=item.content_hash, reason="no")
        with pytest.raises(Forbidden):
            toggles.set_toggle(session, holder, "channel_email", is_on=True, reason="why not")
        with pytest.raises(Forbidden):
            stop.press(session, company_id=firm.id, by=holder, reason="stop")
        with pytest.raises(Forbidden):
            stop.resume(session, company_id=firm.id, by=holder, reason="go on")
        with pytest.raises(Forbidden):
            api_keys.issue(session, name="Another", scopes=[Scope.EXPORTS], by=holder)


def test_no_operation_leads_to_a_decision_a_switch_or_a_secret(lux_sqlite: Installation) -> None:
    """What a key can ask for is a closed list; these words stand in no path of it."""
    for rule, one in operations(lux_sqlite):
        words = ("approve", "reject", "decide", "resume", "toggle", "stop", "secret", "vault", "key", "account")
        if (rule.rule, one.name) == ("/api/v1/toggles", "list_toggles"):
            assert rule.methods is not None
            assert rule.methods <= {"GET", "HEAD", "OPTIONS"}, "switches are read, and no more"
            continue
        assert not any(word in rule.rule.removeprefix("/api/v1/approvals") for word in words), one.name


def test_a_key_without_a_write_scope_edits_nothing(lux_sqlite: Installation) -> None:
    holder = program(lux_sqlite, lux_sqlite.firm(), Scope.CONTACTS_READ, Scope.EXPORTS)
    assert {right for right in Right if holder.has(right)} == {Right.VIEW}


def program(lux: Installation, firm: Firm, *scopes: Scope) -> Program:
    """Return who acts by a fresh key."""
    with lux.db.begin(firm.id) as session:
        key = api_keys.issue(session, name="Test", scopes=scopes or list(Scope), by=firm.person)[0]
        return api_keys.program_of(session, key)


def dump_of_records(lux: Installation, firm: Firm) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row but those of the keys themselves (their last use)."""
    return {name: rows for name, rows in dump(lux, firm).items() if name not in {"api_key", "approval_audit_log"}}
