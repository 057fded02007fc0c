"""Deciding in the browser: a marketer asks, an admin sees the thing, an edit voids the yes, several go."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from lux.gate import reads
from lux.gate.reads import ItemState
from lux.identity.access import Role
from lux.kit import clock
from lux.ports.acts import AudienceRef
from lux.rooms.email import queries
from tests.browser.axe import violations
from tests.rooms.email import campaigns
from tests.rooms.served import served, signed_in

if TYPE_CHECKING:
    from lux.gate.reads import ItemView
    from tests.factories import Firm, Installation
    from tests.services.chromium import Pages

PATIENCE = 60_000  # milliseconds; every wait ends as soon as what it waits for is there
EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")


def press(page: Page, name: str) -> None:
    """Press what leads to another page, and wait for that."""
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_selector("html[data-ready]", state="attached")


def item_of(lux: Installation, firm: Firm, campaign: uuid.UUID) -> ItemView:
    """Return a campaign's item as it stands."""
    with lux.db.read(firm.id) as session:
        found = queries.outbound_of(session, campaigns.load(session, campaign))
    assert found is not None
    return found.item


def asked(lux: Installation, firm: Firm, page: Page, subject: str) -> tuple[uuid.UUID, ItemView]:
    """Submit a draft on its own page, as the marketer does."""
    public_id = campaigns.draft(lux, firm, name=subject, subject=subject)
    go(page, f"/campaigns/{public_id}")
    press(page, "Submit for approval")
    expect(page.get_by_role("main")).to_contain_text("Waits for a yes")
    return public_id, item_of(lux, firm, public_id)


def edited(page: Page, campaign: uuid.UUID, subject: str) -> None:
    """Change what was submitted in the campaign's editor, which says what that does to its yes."""
    go(page, f"/campaigns/{campaign}/edit")
    expect(page.get_by_role("main")).to_contain_text("Saving voids the yes.")
    page.locator("[name=subject]").fill(subject)
    press(page, "Save and ask again")
    expect(page.get_by_role("main")).to_contain_text("Waits for a yes")


def state(lux: Installation, firm: Firm, item: ItemView) -> ItemState:
    """Return how an item stands."""
    with lux.db.read(firm.id) as session:
        return reads.item(session, item.public_id).state


def opened(pages: Pages, address: str, lux: Installation, firm: Firm) -> Page:
    """Return a browser of somebody who is patient with a slow machine."""
    page = signed_in(pages, address, lux, firm)
    page.context.set_default_timeout(PATIENCE)
    return page


def go(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("html[data-ready]", state="attached")


def test_who_asks_does_not_decide_and_who_decides_sees_exactly_what_leaves(browsed: Installation, pages: Pages) -> None:
    lux = browsed
    firm = campaigns.ready(lux, 2)
    marketer, admin = lux.member(firm.id, Role.MARKETER), lux.member(firm.id, Role.ADMIN)
    expect.set_options(timeout=PATIENCE)
    with served(lux) as address:
        writer = page = opened(pages, address, lux, marketer)
        campaign, first = asked(lux, firm, writer, "Winter sale")
        assert first.author_name == marketer.person.name
        go(page, f"/approvals/{first.public_id}")
        expect(page.get_by_role("main")).to_contain_text("An owner or admin of the company decides.")
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)

        page = opened(pages, address, lux, admin)
        go(page, f"/approvals/{first.public_id}")
        expect(page.get_by_role("main")).to_contain_text("Winter sale")
        expect(page.frame_locator("iframe.mail-frame").first.get_by_text("Unsubscribe")).to_be_visible()
        assert violations(page, "main") == []
        page.keyboard.press("a")
        dialog = page.locator("#approve")
        dialog.get_by_label(re.compile("To confirm")).fill("2")
        day = (clock.now() + dt.timedelta(days=3)).date().isoformat()
        dialog.locator("[name=send_at]").fill(f"{day}T10:00")
        dialog.get_by_role("button", name="Approve").click()
        expect(page.locator("body")).to_contain_text("Approved for its time.")
        assert state(lux, firm, first) is ItemState.SCHEDULED

        edited(writer, campaign, "Winter sale, longer")
        go(page, f"/approvals/{first.public_id}")
        expect(page.locator("#changes")).to_contain_text("against the version that was approved last")
        expect(page.locator("#history")).to_contain_text("said yes to version 1")
        assert state(lux, firm, first) is ItemState.PENDING

        _other, second = asked(lux, firm, writer, "News")
        go(page, "/approvals/")
        page.get_by_label("Select all rows on this page").check(force=True)
        page.get_by_role("button", name="Decide on these…").click()
        expect(page.get_by_role("heading", name="Decide on several")).to_be_visible()
        assert violations(page, "main") == []
        edited(writer, campaign, "Changed while you look")
        page.get_by_label(re.compile("To confirm, type 4")).fill("4")
        page.locator("#approve-all").get_by_role("button", name="Approve").click()
        expect(page.get_by_role("main")).to_contain_text("1 of 2 could not be decided on")
        expect(page.get_by_role("main")).to_contain_text("The content changed after you opened it.")
    expect.set_options(timeout=5_000)  # what it is without us
    assert [state(lux, firm, one) for one in (first, second)] == [ItemState.PENDING, ItemState.APPROVED]
    lux.work()
    assert state(lux, firm, second) is ItemState.PUBLISHED
