"""First owner, sign-in, sign-out: what the door lets in, and what it says to strangers."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select

from lux.identity import owner_link, users
from lux.identity.models import Company, User, WebSession
from lux.kit.db import ALL_COMPANIES
from lux.rooms.signin import choices
from tests.factories import PASSWORD, Installation

NOON = dt.datetime(2026, 11, 23, 12, 0, 1, tzinfo=dt.UTC)
WELCOME = {
    "name": "Ada Byron",
    "email": "ada@example.com",
    "password": PASSWORD,
    "company": "Analytical Engines",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
}


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: str):
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def token_in(client: FlaskClient) -> str | None:
    with client.session_transaction() as cookie:
        return cookie.get("sid")


def test_the_first_start_leads_from_the_link_to_the_set_up_path(lux: Installation):
    link = owner_link.make_owner_link(lux.db, lux.settings)
    assert link
    path = link.removeprefix(lux.settings.base_url)
    client = lux.client()
    assert "Nobody owns this installation yet" in client.get("/sign-in").text
    page = client.get(path)
    assert page.status_code == 200
    assert "Europe/Berlin" in page.text
    answer = client.post(path, data=WELCOME)
    assert (answer.status_code, answer.location) == (303, "/setup")
    assert client.get("/setup").status_code == 200
    assert client.get(path).status_code == 404, "the link works once"
    assert "Nobody owns" not in lux.client().get("/sign-in").text
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(User.email)).all() == ["ada@example.com"]
        assert session.scalars(select(Company.name)).all() == ["Analytical Engines"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "ada"}, "is not an e-mail address"),
        ({"email": ""}, "too short"),
        ({"name": " "}, "too short"),
        ({"password": "short"}, "it needs 10"),
        ({"password": "analytical1"}, "little more than your name"),
        ({"timezone": "Mars/Olympus"}, "is not a time zone"),
        ({"currency": "XYZ"}, "not a currency"),
        ({"company": ""}, "too short"),
        ({"is_operator": "1"}, "not known here"),
    ],
)
def test_a_refused_welcome_names_the_field_and_loses_nothing(
    lux_sqlite: Installation, change: dict[str, str], said: str
):
    link = owner_link.make_owner_link(lux_sqlite.db, lux_sqlite.settings)
    assert link
    path = link.removeprefix(lux_sqlite.settings.base_url)
    client = lux_sqlite.client()
    answer = client.post(path, data={**WELCOME, **change})
    assert answer.status_code == 422
    assert said in answer.text
    assert change.get("password", PASSWORD) not in answer.text
    if "company" not in change:
        assert "Analytical Engines" in answer.text
    assert client.post(path, data=WELCOME).status_code == 303, "the link was not used up"


def test_who_has_the_password_gets_a_new_session(lux: Installation):
    firm = lux.firm()
    client = lux.client()
    assert client.get("/companies").location.startswith("/sign-in?next=/companies")
    answer = sign_in(client, f" {firm.person.email.upper()} ")
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/companies").status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_door_says_the_same_to_everyone_who_fails(lux_sqlite: Installation):
    firm, gone = lux_sqlite.firm(), lux_sqlite.firm()
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        users.by_id(session, gone.user_id).is_disabled = True
    client = lux_sqlite.client()
    pages = [
        sign_in(client, firm.person.email, "a wrong password"),
        sign_in(client, "nobody@example.com"),
        sign_in(client, "no address"),
        sign_in(client, gone.person.email),
    ]
    assert {answer.status_code for answer in pages} == {422}
    assert all("do not fit together" in answer.text for answer in pages)
    bodies = {answer.text.replace(email, "X") for answer, email in zip(
        pages, (firm.person.email, "nobody@example.com", "no address", gone.person.email), strict=True
    )}  # fmt: skip
    assert len({len(body) // 64 for body in bodies}) == 1, "not even the length tells"
    assert token_in(client) is None


def test_a_signed_in_browser_that_signs_in_anew_loses_its_old_session(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    sign_in(client, firm.person.email)
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        assert session.scalar(select(func.count()).select_from(WebSession)) == 1
    assert token_in(client) != firm.token
    assert lux_sqlite.client(firm).get("/companies").status_code == 303, "the old token is worthless"


def test_after_ten_tries_a_minute_even_the_right_password_waits(lux: Installation):
    with time_machine.travel(NOON, tick=False) as time:
        firm, other = lux.firm(), lux.firm()
        client = lux.client()
        answers = [sign_in(client, firm.person.email, "a wrong password").status_code for _ in range(10)]
        assert answers == [422] * 10
        answer = sign_in(client, firm.person.email)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "59"
        assert sign_in(client, other.person.email).status_code == 303, "another account is not held up"
        time.shift(60)
        assert sign_in(client, firm.person.email).status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil",
        "",
    ],
)
def test_the_way_on_never_leads_to_another_site(lux_sqlite: Installation, target: str):
    firm = lux_sqlite.firm()
    assert sign_in(lux_sqlite.client(), firm.person.email, next=target).location == "/"
    assert lux_sqlite.client(firm).get("/sign-in", query_string={"next": target}).location == "/"


def test_the_way_on_leads_where_one_wanted_to_go(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    assert sign_in(lux_sqlite.client(), firm.person.email, next="/settings?x=1").location == "/settings?x=1"


def test_signing_out_ends_the_session_on_the_server(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    assert client.post("/sign-out").location == "/sign-in"
    assert lux.client(firm).get("/companies").status_code == 303
    assert client.get("/sign-out").status_code == 405, "a link can't sign anybody out"


def test_every_form_of_the_door_needs_its_token(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    lux_sqlite.app.config["WTF_CSRF_ENABLED"] = True
    for path in ("/sign-in", "/forgot", "/sign-out", "/account", "/account/password", "/account/sessions/end"):
        answer = lux_sqlite.client(firm).post(path, data={"email": firm.person.email, "password": PASSWORD})
        assert answer.status_code == 400, path


def test_a_form_from_another_site_is_refused(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    answer = lux_sqlite.client(firm).post("/sign-out", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_lists_to_choose_from_are_whole():
    assert {"EUR", "USD", "GBP", "JPY", "CHF"} <= choices.currency_codes()
    assert "DEM" not in choices.currency_codes(), "money of the past is left out"
    assert ("Europe/Berlin", "Berlin") in choices.zones()["Europe"]
    assert ("America/Argentina/Buenos_Aires", "Argentina, Buenos Aires") in choices.zones()["America"]
    assert choices.languages()[0] == ("en", "English")
