"""API keys: shown once, kept as a hash, bounded by scopes, rotated with an overlap, revoked at once."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from sqlalchemy import select, text

from lux.identity import api_keys
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.identity.models import ApiKey, Company, User
from lux.kit import clock
from lux.kit.db import Database
from lux.kit.errors import Forbidden, InvalidInput, NotFound, WrongState
from lux.kit.settings import Settings
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from tests.identity.people import member, signed_in

Owner = tuple[User, Company]
START = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


def issued(db: Database, settings: Settings, owner: Owner, **values: dt.datetime) -> tuple[ApiKey, str]:
    user, company = owner
    with db.begin(company.id) as session:
        return api_keys.issue(
            session,
            name="Web shop",
            scopes=[Scope.CONTACTS_READ, Scope.FACTS_WRITE],
            by=signed_in(db, settings, user, company),
            expires_at=values.get("expires_at"),
        )


def test_a_key_opens_with_what_was_shown_and_with_nothing_else(db: Database, settings: Settings, owner: Owner) -> None:
    key, presented = issued(db, settings, owner)
    identity, _dot, secret = presented.partition(".")
    found = api_keys.find(db, presented)
    assert found is not None
    assert (found.id, found.company_id) == (key.id, owner[1].id)
    assert api_keys.scopes_of(found) == {Scope.CONTACTS_READ, Scope.FACTS_WRITE}
    wrong = (
        "", ".", identity, f"{identity}.", f".{secret}", f"{identity}.{secret[:-1]}", f"{identity}.{secret}x",
        f"00000000-0000-7000-8000-000000000000.{secret}", secret, f"{identity}.{key.secret_hash}", "ü.ü", "\0.\0",
    )  # fmt: skip
    for offered in wrong:
        assert api_keys.find(db, offered) is None, offered


def test_the_secret_is_nowhere_in_the_database(db: Database, settings: Settings, owner: Owner) -> None:
    """Only its SHA-256 and its last four characters are kept; the audit chain holds neither."""
    key, presented = issued(db, settings, owner)
    secret = presented.partition(".")[2]
    assert len(secret) >= 43  # 256 bits
    with db.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM api_key")).one()
        chain = connection.execute(text("SELECT detail FROM approval_audit_log")).scalars().all()
    assert secret not in str(tuple(row))
    assert key.last_four == secret[-4:]
    assert not any(secret in detail or key.secret_hash in detail for detail in chain)


def test_after_a_rotation_both_secrets_work_for_a_day(db: Database, settings: Settings, owner: Owner) -> None:
    with time_machine.travel(START, tick=False) as now:
        key, first = issued(db, settings, owner)
        by = signed_in(db, settings, *owner)
        with db.begin(owner[1].id) as session:
            rotated, second = api_keys.rotate(session, api_keys.get(session, key.public_id), by=by)
        assert rotated.public_id == key.public_id
        assert rotated.previous_last_four == first[-4:]
        assert rotated.last_four == second[-4:]
        now.shift(dt.timedelta(hours=23, minutes=59))
        assert api_keys.find(db, first)
        assert api_keys.find(db, second)
        now.shift(dt.timedelta(minutes=1))
        assert api_keys.find(db, first) is None
        assert api_keys.find(db, second)


def test_a_second_rotation_ends_the_first_secret(db: Database, settings: Settings, owner: Owner) -> None:
    key, first = issued(db, settings, owner)
    by = signed_in(db, settings, *owner)
    presented = []
    for _time in range(2):
        with db.begin(owner[1].id) as session:
            presented.append(api_keys.rotate(session, api_keys.get(session, key.public_id), by=by)[1])
    assert api_keys.find(db, first) is None
    assert all(api_keys.find(db, one) for one in presented)


def test_a_revoked_key_is_closed_at_once_with_its_earlier_secret(
    db: Database, settings: Settings, owner: Owner
) -> None:
    key, first = issued(db, settings, owner)
    by = signed_in(db, settings, *owner)
    with db.begin(owner[1].id) as session:
        second = api_keys.rotate(session, api_keys.get(session, key.public_id), by=by)[1]
    with db.begin(owner[1].id) as session:
        api_keys.revoke(session, api_keys.get(session, key.public_id), by=by)
    assert api_keys.find(db, first) is None
    assert api_keys.find(db, second) is None
    with pytest.raises(WrongState), db.begin(owner[1].id) as session:
        api_keys.rotate(session, api_keys.get(session, key.public_id), by=by)


def test_a_key_expires(db: Database, settings: Settings, owner: Owner) -> None:
    with time_machine.travel(START, tick=False) as now:
        presented = issued(db, settings, owner, expires_at=START + dt.timedelta(hours=1))[1]
        assert api_keys.find(db, presented)
        now.shift(dt.timedelta(hours=1))
        assert api_keys.find(db, presented) is None


def test_use_is_noted_once_a_minute(db: Database, settings: Settings, owner: Owner) -> None:
    def last_use() -> dt.datetime | None:
        with db.read(owner[1].id) as session:
            return api_keys.get(session, key.public_id).last_used_at

    with time_machine.travel(START, tick=False) as now:
        key, presented = issued(db, settings, owner)
        for seconds, expected in ((0, 0), (59, 0), (1, 60)):
            now.shift(dt.timedelta(seconds=seconds))
            found = api_keys.find(db, presented)
            assert found is not None
            api_keys.note_use(db, found)
            assert last_use() == START + dt.timedelta(seconds=expected)


def test_only_who_manages_the_company_makes_keys(db: Database, settings: Settings, owner: Owner) -> None:
    company = owner[1]
    key, _presented = issued(db, settings, owner)
    for role in (Role.MARKETER, Role.VIEWER):
        by = signed_in(db, settings, member(db, company, role), company)
        with db.begin(company.id) as session:
            own = api_keys.get(session, key.public_id)
            with pytest.raises(Forbidden):
                api_keys.issue(session, name="x", scopes=[Scope.EXPORTS], by=by)
            with pytest.raises(Forbidden):
                api_keys.rotate(session, own, by=by)
            with pytest.raises(Forbidden):
                api_keys.revoke(session, own, by=by)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 101}),
        ("scopes", {"scopes": []}),
        ("expires_at", {"expires_at": clock.now() - dt.timedelta(seconds=1)}),
    ],
)
def test_a_refused_key_names_the_field(
    db: Database, settings: Settings, owner: Owner, field: str, values: dict[str, object]
) -> None:
    by = signed_in(db, settings, *owner)
    wanted: dict[str, object] = {"name": "Shop", "scopes": [Scope.EXPORTS], **values}
    with db.begin(owner[1].id) as session, pytest.raises(InvalidInput) as caught:
        api_keys.issue(session, by=by, **wanted)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_another_companys_key_is_not_there(db: Database, settings: Settings, owner: Owner) -> None:
    key, presented = issued(db, settings, owner)
    other = 999
    with db.read(other) as session:
        assert api_keys.listing(session) == []
        assert api_keys.find(session, presented) is None
        with pytest.raises(NotFound):
            api_keys.get(session, key.public_id)


def test_issuing_rotating_and_revoking_stand_in_the_audit_chain(db: Database, settings: Settings, owner: Owner) -> None:
    company = owner[1]
    key, _presented = issued(db, settings, owner)
    by = signed_in(db, settings, *owner)
    with db.begin(company.id) as session:
        own = api_keys.get(session, key.public_id)
        api_keys.rotate(session, own, by=by)
        api_keys.revoke(session, own, by=by)
        api_keys.revoke(session, own, by=by)
    with db.read(company.id) as session:
        rows = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.object_type == "api_key")).all()
        assert [row.action for row in rows] == ["api_key.issued", "api_key.rotated", "api_key.revoked"]
        assert {row.object_id for row in rows} == {str(key.public_id)}
        assert json.loads(rows[0].detail)["scopes"] == ["contacts:read", "facts:write"]
        assert audit.verify(session, company.id)[1] is None
