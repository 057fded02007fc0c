"""Everyday comfort by the keyboard alone: find anything, throw it away by mistake, bring it back; and the bell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from lux.identity.access import Right
from lux.rooms.notifications.service import notify
from tests.browser import axe
from tests.full_company import filled
from tests.rooms.served import served, signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.factories import Installation
    from tests.services.chromium import Pages

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def desk(lux_sqlite: Installation, pages: Pages) -> Iterator[Page]:
    """Return a browser signed in to a full company."""
    firm = filled(lux_sqlite)
    with served(lux_sqlite) as address:
        page = signed_in(pages, address, lux_sqlite, firm, viewport={"width": 1440, "height": 900})
        go(page, "/")
        yield page


def go(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("html[data-ready]", state="attached")


def look(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for them."""
    if folder := os.environ.get("LUX_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def ask(page: Page, text: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search or go to")).to_be_focused()
    page.keyboard.type(text)


def test_anything_is_found_opened_and_remembered_by_keys(desk: Page) -> None:
    page = desk
    ask(page, "secret seg")
    row = page.locator("#palette").get_by_role("option", name=re.compile("^Secret segment"))
    expect(row).to_be_visible()
    expect(page.locator("#palette").get_by_text("All results for")).to_be_visible()
    assert axe.violations(page, "#palette") == []
    look(page, "palette")
    page.keyboard.press("Enter")
    page.wait_for_url("**/segments/*")

    ask(page, "")
    chosen = page.locator("#palette").get_by_role("option", selected=True)
    expect(chosen).to_contain_text("Secret segment")  # under “Recent”
    page.keyboard.type("campaing")  # a slip: letters swapped
    expect(chosen).to_contain_text("Campaigns")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()

    ask(page, "secret camp")
    expect(page.locator("#palette .chip").first).to_be_visible()  # its state
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    look(page, "palette-phone")
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    opened.value.wait_for_url("**/campaigns/*")
    expect(page.locator("#palette")).to_be_visible()  # and goes on


def test_the_last_row_leads_to_everything_and_a_failing_search_says_so(desk: Page) -> None:
    page = desk
    ask(page, "secret")
    expect(page.locator("#palette").get_by_role("option", name=re.compile("Secret template"))).to_be_visible()
    page.keyboard.press("ArrowUp")  # from the first to the last
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=secret")
    look(page, "search")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    look(page, "search-phone")

    nothing = {"groups": [], "missing": ["Contacts"]}
    page.route("**/search/suggest?*", lambda route: route.fulfill(status=200, json=nothing))
    ask(page, "anybody")
    expect(page.get_by_text("Not everything could be searched.")).to_be_visible()


def test_what_was_thrown_away_comes_back_by_keys(desk: Page) -> None:
    page = desk
    ask(page, "secret block")
    row = page.locator("#palette").get_by_role("option", name=re.compile("^Secret block"))
    expect(row).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/templates/blocks/*")
    page.get_by_role("button", name="Move to the trash").first.press("Enter")
    expect(page.get_by_text("is in the trash")).to_be_visible()
    page.wait_for_selector("html[data-ready]", state="attached")
    ask(page, "trash")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trash/")
    assert axe.violations(page) == []
    look(page, "trash")
    go(page, "/trash/blocks")
    assert axe.violations(page) == []
    look(page, "trash-blocks")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk-bar]")).to_contain_text("1 selected")
    page.locator("[data-bulk-bar]").get_by_role("button", name="Remove for good…").press("Enter")
    expect(page.get_by_role("heading", name="Remove for good")).to_be_visible()
    look(page, "trash-remove")
    remove = page.get_by_role("button", name="Remove for good")
    page.get_by_label(re.compile("This can't be undone")).fill("2")
    expect(remove).to_be_disabled()
    go(page, "/trash/blocks")
    first = page.get_by_role("button", name="Bring back").nth(1)
    first.press("Enter")
    expect(page.get_by_text("One is back.")).to_be_visible()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    look(page, "trash-phone")


def test_the_bell_counts_without_a_reload(desk: Page, lux_sqlite: Installation) -> None:
    page = desk
    go(page, "/notifications/preferences")
    look(page, "preferences")
    go(page, "/notifications/")
    look(page, "notifications")
    before = int(page.locator("[data-bell-count]").text_content() or 0)
    with lux_sqlite.db.begin(1) as session:
        notify(session, Right.APPROVE, kind="approval.submitted", title="Spring waits", url="/approvals/")
    page.locator("[data-bell]").dispatch_event("lux:look")
    expect(page.locator("[data-bell-count]")).to_have_text(str(before + 1))
    expect(page.get_by_role("link", name=f"Notifications, {before + 1} unread")).to_be_visible()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    look(page, "notifications-phone")


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_what_was_thrown_away_comes_back_by_the_mouse(desk: Page, viewport: dict[str, int]) -> None:
    """A row's link covers the row, never the controls in it, nor the rows above."""
    page = desk
    page.set_viewport_size(viewport)  # type: ignore[arg-type]
    go(page, "/trash/templates")
    page.get_by_role("checkbox", name=re.compile("Secret old template")).click()
    expect(page.locator("[data-bulk-bar]")).to_contain_text("1 selected")
    page.get_by_role("button", name="Bring back Secret old template").click()
    expect(page.get_by_text("One is back.")).to_be_visible()
    expect(page).to_have_url(re.compile("/trash/templates$"))
