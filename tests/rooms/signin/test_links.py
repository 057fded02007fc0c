"""Mailed links: a forgotten password and an invitation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy import select

from lux.identity import invitations, members
from lux.identity.access import Role
from lux.identity.models import OneTimeToken
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job
from tests.factories import PASSWORD, Firm, Installation

Mails = Callable[[Installation], list[str]]
PathIn = Callable[[str], str]
NEW = "seven quiet herons 4"


def invited(lux: Installation, firm: Firm, email: str, role: Role = Role.MARKETER) -> str:
    with lux.db.begin(firm.id) as session:
        return f"/invitation/{invitations.invite(session, firm.person, email=email, role=role)[1]}"


def role_in(lux: Installation, firm: Firm, email: str) -> Role | None:
    with lux.db.read(firm.id) as session:
        return next((row.role for row in members.listing(session) if row.email == email), None)


def main_of(text: str) -> str:
    return text[text.index("<main") : text.index("</main>")]


def test_a_forgotten_password_is_replaced_by_a_mailed_link(lux: Installation, mails: Mails, path_in: PathIn):
    firm = lux.firm()
    answer = lux.client().post("/forgot", data={"email": firm.person.email.upper()})
    assert "If there is an account" in answer.text
    (mail,) = mails(lux)
    path = path_in(mail)
    assert path.startswith("/reset/")
    stranger = lux.client()
    assert stranger.get(path).status_code == 200
    refused = stranger.post(path, data={"password": "short"})
    assert refused.status_code == 422
    assert stranger.post(path, data={"password": NEW}).location == "/sign-in"
    assert stranger.get(path).status_code == 404, "the link works once"
    assert lux.client(firm).get("/companies").status_code == 303, "whoever was signed in is out"
    assert lux.client().post("/sign-in", data={"email": firm.person.email, "password": PASSWORD}).status_code == 422
    assert lux.client().post("/sign-in", data={"email": firm.person.email, "password": NEW}).status_code == 303


def test_an_unknown_address_gets_the_same_answer_and_no_mail(lux_sqlite: Installation, mails: Mails):
    firm = lux_sqlite.firm()
    known = lux_sqlite.client().post("/forgot", data={"email": firm.person.email})
    unknown = lux_sqlite.client().post("/forgot", data={"email": "nobody@example.com"})
    assert main_of(known.text) == main_of(unknown.text)
    assert list(known.headers.keys()) == list(unknown.headers.keys())
    assert len(mails(lux_sqlite)) == 1


def test_the_queue_holds_neither_the_link_nor_the_address(lux_sqlite: Installation, mails: Mails, path_in: PathIn):
    firm = lux_sqlite.firm()
    lux_sqlite.client().post("/forgot", data={"email": firm.person.email})
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        assert firm.person.email not in str(session.scalars(select(Job.args)).all())
    token = path_in(mails(lux_sqlite)[0]).removeprefix("/reset/")
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        assert token not in str(session.scalars(select(OneTimeToken.token_hash)).all())


@pytest.mark.parametrize("is_known", [True, False])
def test_asking_too_often_is_refused_whoever_is_meant(lux_sqlite: Installation, is_known: bool):
    with time_machine.travel(dt.datetime(2026, 11, 23, 9, 0, 1, tzinfo=dt.UTC), tick=False):
        email = lux_sqlite.firm().person.email if is_known else "nobody@example.com"
        answers = [lux_sqlite.client().post("/forgot", data={"email": email}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_a_reset_link_ends_after_an_hour(lux_sqlite: Installation, mails: Mails, path_in: PathIn):
    firm = lux_sqlite.firm()
    lux_sqlite.client().post("/forgot", data={"email": firm.person.email})
    path = path_in(mails(lux_sqlite)[0])
    with time_machine.travel(clock.now().timestamp() + 3601, tick=False):
        answer = lux_sqlite.client().get(path)
    assert answer.status_code == 404
    assert "too old" in answer.text


def test_an_invited_stranger_makes_an_account(lux: Installation):
    firm = lux.firm("Inviting Ltd")
    path = invited(lux, firm, "new@example.com")
    client = lux.client()
    page = client.get(path).text
    assert "Inviting Ltd" in page
    assert 'name="password"' in page
    assert client.post(f"{path}/new", data={"name": "New", "password": "short"}).status_code == 422
    assert client.post(f"{path}/new", data={"name": "New", "password": NEW}).location == "/"
    assert client.get("/companies").status_code == 200
    assert role_in(lux, firm, "new@example.com") is Role.MARKETER
    assert client.get(path).status_code == 404


def test_somebody_with_an_account_signs_in_and_accepts(lux: Installation):
    firm, elsewhere = lux.firm("Inviting Ltd"), lux.firm("Elsewhere Ltd")
    path = invited(lux, firm, elsewhere.person.email, Role.ADMIN)
    client = lux.client()
    page = client.get(path).text
    assert "Sign in, and you can accept" in page
    assert 'name="password"' not in page
    answer = client.post("/sign-in", data={"email": elsewhere.person.email, "password": PASSWORD, "next": path})
    assert answer.location == path
    assert "Join the company" in client.get(path).text
    assert client.post(f"{path}/accept").location == "/"
    assert role_in(lux, firm, elsewhere.person.email) is Role.ADMIN
    assert "Inviting Ltd" in client.get("/settings").text, "the browser looks at the new company"


def test_an_invitation_is_not_accepted_under_another_address(lux_sqlite: Installation):
    firm, other = lux_sqlite.firm(), lux_sqlite.firm()
    path = invited(lux_sqlite, firm, "new@example.com", Role.ADMIN)
    client = lux_sqlite.client(other)
    assert "This invitation is for another address" in client.get(path).text
    assert client.post(f"{path}/accept").status_code == 403
    assert role_in(lux_sqlite, firm, other.person.email) is None


def test_a_wrong_link_says_so_and_what_to_do(lux_sqlite: Installation):
    for path in ("/welcome/guess", "/reset/guess", "/invitation/guess"):
        answer = lux_sqlite.client().get(path)
        assert answer.status_code == 404
        assert "Ask" in answer.text
