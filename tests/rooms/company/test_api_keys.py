"""The pages of API keys: who may see them, shown once, rotated, revoked after the name was typed."""

from __future__ import annotations

import re

import pytest

from lux.identity import api_keys
from lux.identity.access import Role
from tests.factories import Firm, Installation

SHOWN = re.compile(r'value="([0-9a-f-]{36}\.[\w-]{43})"')
NEW = {"name": "Web shop", "scopes": ["contacts:read", "facts:write"], "expires_at": ""}


def made(lux: Installation, firm: Firm) -> tuple[str, str]:
    """Make a key through its page; returns its address and the presented key."""
    answer = lux.client(firm).post("/settings/api-keys/new", data=NEW)
    assert answer.status_code == 200, answer.text
    shown = SHOWN.search(answer.text)
    assert shown is not None
    return f"/settings/api-keys/{shown[1].partition('.')[0]}", shown[1]


def test_a_new_key_is_shown_once_and_works(lux: Installation) -> None:
    firm = lux.firm()
    address, presented = made(lux, firm)
    client = lux.client(firm)
    for page in ("/settings/api-keys", address):
        text = client.get(page).text
        assert "Web shop" in text
        assert presented.partition(".")[2] not in text
    assert "Read contacts" in client.get(address).text
    found = lux.client().get("/api/v1/contacts", headers={"Authorization": f"Bearer {presented}"})
    assert found.status_code == 200


def test_the_page_with_the_key_is_kept_by_no_cache(lux_sqlite: Installation) -> None:
    answer = lux_sqlite.client(lux_sqlite.firm()).post("/settings/api-keys/new", data=NEW)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("role", [Role.MARKETER, Role.VIEWER])
def test_only_who_manages_the_company_sees_keys(lux_sqlite: Installation, role: Role) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    address, _presented = made(lux, firm)
    client = lux.client(lux.member(firm.id, role))
    for page in ("/settings/api-keys", "/settings/api-keys/new", address):
        assert client.get(page).status_code == 403
    for action in ("/settings/api-keys/new", f"{address}/rotate", f"{address}/revoke"):
        assert client.post(action, data=NEW).status_code == 403


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": ""}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["everything"]}),
        ("expires_at", {"expires_at": "2020-01-01"}),
    ],
)
def test_a_refused_form_keeps_what_was_typed(lux_sqlite: Installation, field: str, values: dict[str, object]) -> None:
    answer = lux_sqlite.client(lux_sqlite.firm()).post("/settings/api-keys/new", data={**NEW, **values})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    if field != "name":
        assert 'value="Web shop"' in answer.text


def test_a_rotated_key_leaves_the_earlier_one_for_a_day(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    address, first = made(lux, firm)
    answer = lux.client(firm).post(f"{address}/rotate")
    second = SHOWN.search(answer.text)
    assert second is not None
    assert second[1] != first
    assert f"ends in {first[-4:]}" in answer.text
    assert all(api_keys.find(lux.db, key) for key in (first, second[1]))


def test_a_key_is_revoked_after_its_name_was_typed(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    address, presented = made(lux, firm)
    client = lux.client(firm)
    refused = client.post(f"{address}/revoke", data={"confirmation": "Shop"})
    assert refused.status_code == 422
    assert api_keys.find(lux.db, presented) is not None
    assert client.post(f"{address}/revoke", data={"confirmation": "Web shop"}).status_code == 303
    assert api_keys.find(lux.db, presented) is None
    assert "Revoked" in client.get("/settings/api-keys").text
    assert client.post(f"{address}/rotate").status_code == 409


def test_without_keys_the_page_says_what_one_is_for(lux_sqlite: Installation) -> None:
    text = lux_sqlite.client(lux_sqlite.firm()).get("/settings/api-keys").text
    assert "No program has a key yet." in text


def test_the_api_page_stands_for_everybody(lux_sqlite: Installation) -> None:
    for client in (lux_sqlite.client(), lux_sqlite.client(lux_sqlite.firm())):
        answer = client.get("/api/v1/docs")
        assert answer.status_code == 200
        assert "/api/v1/contacts/bulk" in answer.text
        assert "<script>" not in answer.text
