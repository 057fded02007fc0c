"""Two people look at the same page: each sees the times of their own zone, written as they are used to."""

from __future__ import annotations

import datetime as dt
import html
import re
from zoneinfo import ZoneInfo

import pytest
from babel import dates

from lux.identity.access import Role
from tests.factories import Firm, Installation
from tests.full_company import filled

PAGES = (
    "/contacts/imports", "/trash/contacts", "/trash/templates", "/settings/members", "/settings/api-keys",
    "/approvals/audit", "/diagnostics/errors", "/diagnostics/jobs?tab=ended", "/contacts", "/campaigns/",
    "/notifications/", "/account/sessions", "/settings/integrations/webhooks/", "/approvals/", "/mailbox/",
)  # fmt: skip
_TIME = re.compile(r'<time datetime="([^"]+)"(?: title="([^"]*)")?>([^<]*)</time>')


def person(lux: Installation, firm: Firm, zone: str, formats: str) -> Firm:
    made = lux.member(firm.id, Role.OWNER)
    data = {"name": "Ann", "locale": "en", "timezone": zone, "formats": formats}
    assert lux.client(made).post("/account", data=data).status_code == 303
    return made


def written(moment: dt.datetime, zone: str, formats: str) -> set[str]:
    """Return the ways in which a page may write a moment for this person."""
    local = moment.astimezone(ZoneInfo(zone))
    styles = ("short", "medium", "long", "full")
    return {dates.format_datetime(local, format=style, locale=formats) for style in styles}


def test_the_same_page_in_two_zones(lux_sqlite: Installation):
    lux, firm = lux_sqlite, filled(lux_sqlite)
    readers = [("Asia/Tokyo", "en_GB"), ("America/New_York", "en_US")]
    clients = [lux.client(person(lux, firm, zone, formats)) for zone, formats in readers]
    checked = 0
    for path in PAGES:
        for (zone, formats), client in zip(readers, clients, strict=True):
            answer = client.get(path)
            assert answer.status_code == 200, path
            for exact, title, words in _TIME.findall(answer.text):
                if exact.startswith("P"):  # a span of time is the same everywhere
                    continue
                shown = {html.unescape(title), html.unescape(words).strip()}
                assert shown & written(dt.datetime.fromisoformat(exact), zone, formats), (path, zone, shown)
                checked += 1
    assert checked > 40, "there were times to be compared"


def test_what_is_not_chosen_is_the_companys(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    assert firm.person.timezone == "Europe/Berlin"
    page = lux.client(firm).get("/account").text
    assert 'title="Europe/Berlin"' in page


@pytest.mark.parametrize(
    ("formats", "number"), [("en_US", "1,234,567.5"), ("en_DE", "1.234.567,5"), ("", "1,234,567.5")]
)
def test_numbers_follow_the_region(lux_sqlite: Installation, formats: str, number: str):
    firm = person(lux_sqlite, lux_sqlite.firm(), "", formats)
    assert f"a number like {number}." in lux_sqlite.client(firm).get("/account").text


@pytest.mark.parametrize("formats", ["en_XX", "de_DE/../..", "xx_GB", "en"])
def test_an_unknown_region_is_refused_by_name(lux_sqlite: Installation, formats: str):
    firm = lux_sqlite.firm()
    data = {"name": "Ann", "locale": "en", "formats": formats}
    answer = lux_sqlite.client(firm).post("/account", data=data)
    assert answer.status_code == 422
    assert "Choose a region from the list." in answer.text
