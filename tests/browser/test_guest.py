"""A guest on a phone: the link, the message, a typed number; it leaves, without a script and clean by axe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from lux.gate import reads
from lux.gate.reads import ItemState
from tests.browser.axe import violations
from tests.browser.test_approvals import EVERYONE, PATIENCE
from tests.gate.conftest import ready, submitted
from tests.gate.guests import allow, invited
from tests.rooms.served import served

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.factories import Installation
    from tests.services.chromium import Pages

PHONE = {"width": 390, "height": 844}


def fits(page: Page) -> bool:
    """Say whether nothing is wider than the phone."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_guest_on_a_phone_approves_and_it_leaves(browsed: Installation, pages: Pages, tmp_path: Path) -> None:
    lux = browsed
    lux.app.config["WTF_CSRF_ENABLED"] = True
    firm = ready(lux, 2)
    allow(lux, firm)
    item = submitted(lux, firm, audience=EVERYONE, subject="Winter sale")
    token = invited(lux, firm)
    expect.set_options(timeout=PATIENCE)
    with served(lux) as address:
        page = pages.open(address, viewport=PHONE, has_touch=True, is_mobile=True)
        page.context.set_default_timeout(PATIENCE)
        page.goto(f"{address}/review/link/{token}")
        expect(page.get_by_role("main")).to_contain_text("This link is for Cleo Client")
        assert violations(page) == []
        page.get_by_role("button", name="I am Cleo Client: go on").click()
        page.screenshot(path=tmp_path / "list.png")
        assert violations(page) == []
        page.get_by_role("link", name="Hello").click()
        expect(page.frame_locator("iframe.guest-frame").get_by_text("Hi Alex")).to_be_visible()
        expect(page.locator(".guest-bar")).to_be_in_viewport()
        assert fits(page)
        assert violations(page) == []
        page.screenshot(path=tmp_path / "top.png")
        page.screenshot(path=tmp_path / "whole.png", full_page=True)
        page.get_by_label("Say something about it").fill("The red is ours, good")
        page.get_by_role("button", name="Comment").click()
        expect(page.locator("#history")).to_contain_text("The red is ours, good")
        page.locator(".guest-bar").get_by_role("link", name="Approve").click()
        page.get_by_label("To confirm, type 2").fill("2")
        page.get_by_role("button", name="Approve", exact=True).click()
        expect(page.get_by_role("status").first).to_contain_text("Approved. It leaves as you have seen it.")
        expect(page.locator(".guest-bar")).to_have_count(0)
        page.screenshot(path=tmp_path / "done.png")
    lux.work()
    with lux.db.read(firm.id) as session:
        assert reads.item(session, item.public_id).state is ItemState.PUBLISHED
