"""Details and brand of a company: saved, refused with the field's name, never overwritten unseen."""

from __future__ import annotations

import pytest

from lux.identity import companies
from lux.identity.access import Role
from lux.rooms.company import service
from tests.factories import Firm, Installation

DETAILS = {
    "name": "Analytical Engines",
    "website": "example.com",
    "postal_address": " 12 Main Street \r\n\r\n London ",
    "timezone": "Europe/London",
    "locale": "en",
    "currency": "GBP",
    "public_url": "",
}
BRAND = {
    "primary_color": "#7c3aed",
    "accent_color": "#0E7490",
    "background_color": "#FFFFFF",
    "text_color": "#000000",
    "heading_font": "Georgia, 'Times New Roman', serif",
    "body_font": "Verdana, Geneva, sans-serif",
    "voice": "Brief.",
    "banned_words": "cheap\nfree!!!\ncheap\n",
    "link_domains": "Example.com\nhttps://shop.example.com/x\nmünchen.example",
}


def version(lux: Installation, firm: Firm) -> str:
    with lux.db.read(firm.id) as session:
        return str(companies.current(session).version)


def test_details_are_saved_and_tidied(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    assert client.post("/settings", data={**DETAILS, "version": version(lux, firm)}).status_code == 303
    with lux.db.read(firm.id) as session:
        row = companies.current(session)
    assert row.website == "https://example.com"
    assert row.postal_address == "12 Main Street\nLondon"
    assert (row.timezone, row.currency) == ("Europe/London", "GBP")
    assert "12 Main Street" in client.get("/settings").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "too short"),
        ({"website": "not an address"}, "not a web address"),
        ({"website": "javascript://example.com"}, "not a web address"),
        ({"website": "https://user:secret@example.com"}, "not a web address"),
        ({"public_url": "https://exa mple.com"}, "not a web address"),
        ({"public_url": "https://[::1"}, "not a web address"),
        ({"timezone": "Mars"}, "not a time zone"),
        ({"currency": "XXX"}, "not a currency"),
        ({"locale": "xx"}, "does not speak"),
        ({"postal_address": "x" * 1001}, "too long"),
        ({"is_sample": "1"}, "not known here"),
        ({"slug": "other"}, "not known here"),
    ],
)
def test_a_refused_field_is_named_and_nothing_is_lost(lux_sqlite: Installation, change: dict[str, str], said: str):
    firm = lux_sqlite.firm()
    answer = lux_sqlite.client(firm).post("/settings", data={**DETAILS, "version": "1", **change})
    assert answer.status_code == 422
    assert said in answer.text
    if "name" not in change:
        assert 'value="Analytical Engines"' in answer.text


def test_two_editors_do_not_overwrite_each_other(lux: Installation):
    firm = lux.firm()
    first, second = lux.client(firm), lux.client(lux.member(firm.id, Role.ADMIN))
    seen = version(lux, firm)
    first.post("/settings", data={**DETAILS, "website": "https://one.example", "version": seen})
    answer = second.post("/settings", data={**DETAILS, "website": "https://two.example", "version": seen})
    assert answer.status_code == 409
    assert "Somebody saved this page while you were editing" in answer.text
    assert "https://one.example" in answer.text, "what is there now"
    assert 'value="https://two.example"' in answer.text, "what was entered"
    assert f'name="version" value="{version(lux, firm)}"' in answer.text
    again = {**DETAILS, "website": "https://two.example", "version": version(lux, firm)}
    assert second.post("/settings", data=again).status_code == 303


def test_a_refused_form_keeps_the_version_it_was_opened_with(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    client.post("/settings", data={**DETAILS, "version": "1"})
    answer = client.post("/settings", data={**DETAILS, "name": "", "version": "1"})
    assert 'name="version" value="1"' in answer.text, "else the conflict would go unseen at the next save"


def test_a_brand_is_saved_and_complete_for_others(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    assert client.post("/settings/brand", data={**BRAND, "version": "1"}).status_code == 303
    with lux.db.read(firm.id) as session:
        brand = service.brand_of(companies.current(session))
    assert brand.primary_color == "#7C3AED"
    assert brand.banned_words == ("cheap", "free!!!")
    assert brand.link_domains == ("example.com", "shop.example.com", "xn--mnchen-3ya.example")
    page = client.get("/settings/brand").text
    assert "cheap\nfree!!!" in page


def test_a_brand_that_was_never_set_has_its_defaults(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    with lux_sqlite.db.read(firm.id) as session:
        brand = service.brand_of(companies.current(session))
    assert brand.primary_color == "#7C3AED"
    assert brand.banned_words == ()
    assert "#7C3AED" in lux_sqlite.client(firm).get("/settings/brand").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"primary_color": "red"}, "not a colour"),
        ({"primary_color": "#7C3AED;x"}, "too long"),
        ({"body_font": "Papyrus"}, "does not exist in mail programs"),
        ({"link_domains": "not a domain"}, "is not a domain"),
    ],
)
def test_a_refused_brand_names_the_field(lux_sqlite: Installation, change: dict[str, str], said: str):
    firm = lux_sqlite.firm()
    answer = lux_sqlite.client(firm).post("/settings/brand", data={**BRAND, "version": "1", **change})
    assert answer.status_code == 422
    assert said in answer.text
    assert "free!!!" in answer.text


def test_a_conflict_over_the_brand_names_the_colour(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    client.post("/settings/brand", data={**BRAND, "version": "1"})
    answer = client.post("/settings/brand", data={**BRAND, "primary_color": "#000000", "version": "1"})
    assert answer.status_code == 409
    assert "Meanwhile it was changed to “#7C3AED”" in answer.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER])
def test_settings_are_for_admins(lux_sqlite: Installation, role: Role):
    firm = lux_sqlite.firm(role=role)
    client = lux_sqlite.client(firm)
    for path in ("", "/brand", "/members", "/senders", "/domains", "/integrations/", "/remove"):
        assert client.get(f"/settings{path}").status_code == 403, path
    assert client.post("/settings", data={**DETAILS, "version": "1"}).status_code == 403
    assert "Settings" not in client.get("/setup").text.split("<main")[0].split("side")[0]
