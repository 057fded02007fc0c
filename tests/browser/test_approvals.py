"""Deciding in the browser: a marketer asks, an admin sees the thing, an edit voids the yes, several go."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from lux.gate import reads, submit
from lux.gate.reads import ItemState
from lux.gate.service import ApprovalService
from lux.identity.access import Role
from lux.kit import clock
from lux.ports.acts import AudienceRef
from lux.rooms.email.models import Campaign
from tests.browser.axe import violations
from tests.gate.conftest import act, ready
from tests.rooms.served import served, signed_in

if TYPE_CHECKING:
    from lux.gate.reads import ItemView
    from tests.factories import Firm, Installation
    from tests.services.chromium import Pages

PATIENCE = 60_000  # milliseconds; every wait ends as soon as what it waits for is there
EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")


def asked(lux: Installation, firm: Firm, by: Firm, subject: str) -> ItemView:
    """Submit a campaign as somebody of the company."""
    with lux.db.begin(firm.id) as session:
        campaign = Campaign(name=subject, subject=subject, audience_source="everyone")
        session.add(campaign)
        session.flush()
        outbound = submit.submit_for_approval(
            session, act(firm, subject=subject, audience=EVERYONE), author=by.person, title=subject,
            subject=("campaign", campaign.id),
        )  # fmt: skip
        campaign.outbound_id = outbound.id
        return reads.outbound(session, outbound.id).item


def edited(lux: Installation, firm: Firm, by: Firm, item: ItemView, subject: str) -> None:
    """Change what was submitted."""
    with lux.db.begin(firm.id) as session:
        changed = act(firm, subject=subject, audience=EVERYONE)
        ApprovalService(session).edit(by.person, item.public_id, changed, title=subject)


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


def test_who_asks_does_not_decide_and_who_decides_sees_exactly_what_leaves(
    lux_sqlite: Installation, pages: Pages
) -> None:
    lux = lux_sqlite
    firm = ready(lux, 2)
    marketer, admin = lux.member(firm.id, Role.MARKETER), lux.member(firm.id, Role.ADMIN)
    lux.switch_on(firm, "automation_scheduled_publishing")
    first = asked(lux, firm, marketer, "Winter sale")
    expect.set_options(timeout=PATIENCE)
    with served(lux) as address:
        page = opened(pages, address, lux, marketer)
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

        edited(lux, firm, marketer, first, "Winter sale, longer")
        go(page, f"/approvals/{first.public_id}")
        expect(page.locator("#changes")).to_contain_text("against the version that was approved last")
        expect(page.locator("#history")).to_contain_text("said yes to version 1")
        assert state(lux, firm, first) is ItemState.PENDING

        second = asked(lux, firm, marketer, "News")
        go(page, "/approvals/")
        page.get_by_label("Select all rows on this page").check(force=True)
        page.get_by_role("button", name="Decide on these…").click()
        expect(page.get_by_role("heading", name="Decide on several")).to_be_visible()
        assert violations(page, "main") == []
        edited(lux, firm, marketer, first, "Changed while you look")
        page.get_by_label(re.compile("To confirm, type 4")).fill("4")
        page.locator("#approve-all").get_by_role("button", name="Approve").click()
        expect(page.get_by_role("main")).to_contain_text("1 of 2 could not be decided on")
        expect(page.get_by_role("main")).to_contain_text("The content changed after you opened it.")
    expect.set_options(timeout=5_000)  # what it is without us
    assert [state(lux, firm, one) for one in (first, second)] == [ItemState.PENDING, ItemState.APPROVED]
    lux.work()
    assert state(lux, firm, second) is ItemState.PUBLISHED
