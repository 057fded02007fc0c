"""Building a segment in a real browser: with scripts, without, and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.factories import Installation
from tests.rooms.segments import test_why_and_overlap as reasons
from tests.rooms.segments.test_pages import city_rule, make
from tests.rooms.served import served, signed_in
from tests.services.chromium import Pages


@pytest.fixture
def site(lux_sqlite: Installation):
    lux_sqlite.app.config["WTF_CSRF_ENABLED"] = True
    with served(lux_sqlite) as address:
        yield address


def test_a_segment_is_built_with_a_live_count(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 3, city="Berlin")
    lux_sqlite.contacts(firm, 2, city="Hamburg", with_consent=False)
    page = signed_in(pages, site, lux_sqlite, firm)
    page.goto("/segments/new")
    live = page.locator("#rule-live")
    expect(live).to_contain_text("Complete the conditions")
    page.get_by_label("Name", exact=True).fill("Northerners")
    page.get_by_label("What to ask for").select_option("field.city")
    page.get_by_label("Text", exact=True).fill("Berl")
    page.get_by_label("How to compare").select_option("starts_with")
    expect(live.locator(".stat-value")).to_have_text("3")
    page.locator("#match-0").select_option("any")
    page.get_by_role("button", name="Add a condition").click()
    added = page.locator("#what-2")
    expect(added).to_be_focused()
    added.select_option("field.city")
    page.locator("#value-2").fill("Hamburg")
    expect(live.locator(".stat-value")).to_have_text("5")
    expect(live).to_contain_text("3 of 5")
    assert page.get_by_label("Name", exact=True).input_value() == "Northerners", "re-rendering keeps what was typed"
    assert axe.violations(page) == []
    page.get_by_role("main").get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Northerners")
    assert axe.violations(page) == []


def test_return_in_a_field_saves(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    page = signed_in(pages, site, lux_sqlite, firm)
    page.goto("/segments/new")
    page.get_by_label("Name", exact=True).fill("Berliners")
    page.get_by_label("What to ask for").select_option("field.city")
    page.get_by_label("Text", exact=True).fill("Berlin")
    page.get_by_label("Text", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Berliners")


def test_a_segment_is_built_without_scripts(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 2, city="Berlin")
    page = signed_in(pages, site, lux_sqlite, firm, java_script_enabled=False)
    page.goto("/segments/new")
    page.get_by_label("Name", exact=True).fill("Berliners")
    page.get_by_label("What to ask for").select_option("field.city")
    page.get_by_role("button", name="Go on").first.click()
    page.get_by_label("Text", exact=True).fill("Berlin")
    page.get_by_role("button", name="Add a condition").click()
    assert page.get_by_label("Text", exact=True).input_value() == "Berlin"
    page.get_by_role("button", name="Remove this condition").last.click()
    expect(page.locator("#rule-live .stat-value")).to_have_text("2")
    page.get_by_role("main").get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Berliners")


def test_pages_fit_a_phone(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 3, city="Berlin", email="")
    public_id = make(lux_sqlite, firm, "Berliners with a rather long name of their own", city_rule())
    listed = make(lux_sqlite, firm, "Friends")
    page = signed_in(pages, site, lux_sqlite, firm, viewport={"width": 390, "height": 844})
    paths = ["/segments/", "/segments/new", "/segments/new?kind=static", f"/segments/{public_id}",
             f"/segments/{public_id}/edit", f"/segments/{listed}"]  # fmt: skip
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert axe.violations(page) == [], path


def test_counts_arrive_in_the_list(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 3, city="Berlin")
    make(lux_sqlite, firm, "Berliners", city_rule())
    page = signed_in(pages, site, lux_sqlite, firm)
    page.goto("/segments/")
    expect(page.locator(".segment-size")).to_have_text(re.compile(r"3\s+3 may be written to"))


@pytest.mark.parametrize("width", [1440, 390])
def test_reasons_open_and_the_overlap_is_drawn(lux_sqlite: Installation, site: str, pages: Pages, width: int):
    firm = lux_sqlite.firm()
    who = lux_sqlite.contacts(firm, 3, city="Berlin")[0]
    inner = reasons.make(lux_sqlite, firm, "Customers in Berlin", reasons.CITY)
    outer = reasons.make(lux_sqlite, firm, "Everyone we invite to the fair", reasons.asks(inner))
    page = signed_in(pages, site, lux_sqlite, firm, viewport={"width": width, "height": 900})
    page.goto(f"/segments/{outer}/why?contact={reasons.key_of(lux_sqlite, firm, who)}")
    why = page.get_by_text("City is “Berlin”")
    expect(why).not_to_be_visible()
    page.get_by_text("Why they are in “Customers in Berlin”").click()
    expect(why).to_be_visible()
    assert axe.violations(page) == []
    page.goto(f"/segments/overlap?segment={inner}&segment={outer}")
    page.wait_for_function("document.documentElement.dataset.charts === 'drawn'")
    page.get_by_text("Show the figures").click()
    figures = page.locator("#overlap-chart table")
    expect(figures).to_contain_text("Customers in Berlin and Everyone we invite to the fair")
    assert page.evaluate("document.documentElement.scrollWidth") == width, "the chart fits a phone"
    assert axe.violations(page) == []
