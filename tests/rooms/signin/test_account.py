"""One's own account: profile, password, signed-in browsers."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from functools import partial
from urllib.parse import urlsplit

import pytest
import time_machine
from sqlalchemy import make_url

from lux.identity import invitations, owner_link, passwords, sessions, tokens
from lux.identity.access import Role
from lux.kit.db import ALL_COMPANIES
from tests.factories import PASSWORD, Installation

NEW = "seven quiet herons 4"
PROFILE = {"name": "Countess", "locale": "en", "timezone": "Asia/Tokyo", "single_keys": "1"}


def test_a_profile_is_saved_and_used(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    assert client.post("/account", data={key: PROFILE[key] for key in ("name", "timezone")}).status_code == 303
    person = sessions.person_for(lux.db, firm.token, lux.settings)
    assert person
    assert (person.name, person.timezone, person.single_keys) == ("Countess", "Asia/Tokyo", False)
    assert 'data-single-keys="off"' in client.get("/account").text
    client.post("/account", data=PROFILE)
    assert 'data-single-keys="off"' not in client.get("/account").text


def test_a_refused_profile_names_the_field(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    for change, said in (
        ({"name": ""}, "too short"),
        ({"timezone": "Mars/Olympus"}, "not a time zone"),
        ({"locale": "xx"}, "does not speak"),
        ({"is_operator": "1"}, "not known here"),
    ):
        answer = lux_sqlite.client(firm).post("/account", data={**PROFILE, **change})
        assert answer.status_code == 422
        assert said in answer.text


def test_a_new_password_needs_the_present_one_and_ends_other_sessions(lux: Installation):
    firm = lux.firm()
    other = lux.sign_in(firm.user_id, firm.id)
    client = lux.client(firm)
    wrong = client.post("/account/password", data={"present": "not mine at all", "password": NEW})
    assert wrong.status_code == 422
    assert "not your present password" in wrong.text
    weak = client.post("/account/password", data={"present": PASSWORD, "password": "password12345"})
    assert weak.status_code == 422
    assert client.post("/account/password", data={"present": PASSWORD, "password": NEW}).status_code == 303
    assert client.get("/account").status_code == 200, "this browser stays, with a new token"
    assert sessions.person_for(lux.db, firm.token, lux.settings) is None
    assert sessions.person_for(lux.db, other.token, lux.settings) is None
    answer = lux.client().post("/sign-in", data={"email": firm.person.email, "password": NEW})
    assert answer.status_code == 303


def test_guessing_the_present_password_is_limited(lux_sqlite: Installation):
    with time_machine.travel(dt.datetime(2026, 11, 23, 12, 0, 1, tzinfo=dt.UTC), tick=False):
        client = lux_sqlite.client(lux_sqlite.firm())
        form = {"present": "not mine at all", "password": NEW}
        answers = [client.post("/account/password", data=form).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_browser_left_somewhere_is_signed_out_from_here(lux: Installation):
    firm, stranger = lux.firm(), lux.firm()
    left = lux.sign_in(firm.user_id, firm.id)
    client = lux.client(firm)
    assert "This browser" in client.get("/account/sessions").text
    with lux.db.read(ALL_COMPANIES) as session:
        rows = sessions.listing(session, firm.user_id, lux.settings)
        public_id = next(row.public_id for row in rows if row.id == left.person.session_id)
    assert lux.client(stranger).post(f"/account/sessions/{public_id}/end").status_code == 404
    assert sessions.person_for(lux.db, left.token, lux.settings), "nobody ends another person's session"
    assert client.post(f"/account/sessions/{public_id}/end").status_code == 303
    assert sessions.person_for(lux.db, left.token, lux.settings) is None
    assert client.post(f"/account/sessions/{uuid.uuid4()}/end").status_code == 404


def test_all_other_browsers_are_signed_out_at_once(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    others = [lux_sqlite.sign_in(firm.user_id, firm.id) for _ in range(3)]
    lux_sqlite.client(firm).post("/account/sessions/end")
    assert sessions.person_for(lux_sqlite.db, firm.token, lux_sqlite.settings)
    assert not any(sessions.person_for(lux_sqlite.db, other.token, lux_sqlite.settings) for other in others)


def test_an_account_without_a_company_still_opens(lux_sqlite: Installation):
    from lux.identity import users

    lux_sqlite.firm()
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        user = users.create(session, name="Solo", email="solo@example.com", password=PASSWORD)
        token = sessions.start(session, user, lux_sqlite.settings)
    client = lux_sqlite.client()
    with client.session_transaction() as cookie:
        cookie["sid"] = token
    for path in ("/account", "/account/password", "/account/sessions", "/companies", "/"):
        assert client.get(path).status_code == 200, path


def test_nobody_waits_while_a_password_is_hashed(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch):
    """Hashing and comparing take a tenth of a second on purpose; SQLite's one writer is free meanwhile."""
    lux, asked = lux_sqlite, []
    file = make_url(lux.db.url).database or ""

    def free(do: Callable[..., object], *arguments: object) -> object:
        with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        asked.append(do.__name__)
        return do(*arguments)

    for name in ("hash_password", "verify_password"):
        monkeypatch.setattr(passwords, name, partial(free, getattr(passwords, name)))
    link = owner_link.make_owner_link(lux.db, lux.settings) or ""
    begun = {"name": "Maya", "email": "maya@example.com", "password": NEW, "company": "Lantern", "timezone": "UTC"}
    assert lux.client().post(urlsplit(link).path, data={**begun, "currency": "EUR"}).status_code == 303
    firm = lux.firm()
    before = len(asked)
    changed = lux.client(firm).post("/account/password", data={"present": PASSWORD, "password": NEW})
    assert changed.status_code == 303
    assert asked[before:] == ["verify_password", "hash_password"]
    with lux.db.begin(ALL_COMPANIES) as session:
        token = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=firm.user_id)
    assert lux.client().post(f"/reset/{token}", data={"password": "nine brisk otters 7"}).status_code == 303
    with lux.db.begin(firm.id) as session:
        _row, token = invitations.invite(session, firm.person, email="new@example.com", role=Role.VIEWER)
    joined = lux.client().post(f"/invitation/{token}/new", data={"name": "New", "password": "nine brisk otters 7"})
    assert joined.status_code == 303


def test_a_link_that_is_gone_costs_no_hash(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch):
    """Strangers can't keep the machine busy by posting to links they made up."""
    monkeypatch.setattr(passwords, "hash_password", None)
    for path in ("/welcome/made-up", "/reset/made-up", "/invitation/made-up/new"):
        form = {"name": "X Y", "email": "x@example.com", "password": NEW, "company": "Z", "timezone": "UTC"}
        assert lux_sqlite.client().post(path, data={**form, "currency": "EUR"}).status_code in {404, 410, 422}
