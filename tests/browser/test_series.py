"""A weekly campaign in a real browser: set up, approved once, run by the clock of a real worker, seen with its runs."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import update

from lux.gate.models import Outbound
from lux.kit import clock
from lux.ports.acts import ActKind
from tests.browser.axe import violations
from tests.factories import PASSWORD, installation
from tests.faults.server import RunningServer
from tests.rooms.email import campaigns
from tests.services import run
from tests.services.chromium import Pages

PEOPLE = 3
PATIENCE = 60_000  # milliseconds on a busy machine


def test_a_weekly_campaign_is_set_up_approved_once_and_runs(pages: Pages, tmp_path: Path) -> None:
    """What is due starts by itself; the page says within which yes, and is usable on a phone."""
    lux = installation(f"sqlite:///{tmp_path / 'lux.db'}", tmp_path / "home")
    firm = campaigns.ready(lux, PEOPLE)
    public_id = campaigns.draft(lux, firm)
    server = RunningServer(lux.settings, tmp_path / "server.log")

    def left() -> int:
        return len(list((lux.settings.home / "mailbox" / str(firm.id)).rglob("*.eml")))

    try:
        server.start()
        page = pages.open(server.url)
        page.context.set_default_timeout(PATIENCE)
        page.goto("/sign-in")
        page.locator("[name=email]").fill(firm.person.email)
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("main").locator("button[type=submit]").first.click()
        page.wait_for_url(re.compile(r"/(\?.*)?$"))
        page.goto(f"/campaigns/{public_id}")
        page.get_by_role("link", name="Repeat", exact=True).click()
        page.get_by_role("link", name="Let it repeat").click()
        page.get_by_label("Weekly").check()
        page.locator("[name=weekday]").select_option("tue")
        page.locator("[name=at]").fill("09:00")
        page.locator("[name=until]").fill((clock.now() + dt.timedelta(days=60)).date().isoformat())
        page.locator("[name=most_recipients]").fill("500")
        assert violations(page) == []
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Submit for approval").click()
        page.locator("#submit").get_by_role("button", name="Submit for approval").click()
        page.get_by_role("link", name="Open the approval").first.click()
        expect(page.locator("#series")).to_contain_text("Every Tuesday at 9:00")
        expect(page.locator("#series")).to_contain_text("to at most 500 people each time")
        page.get_by_role("button", name="Approve").first.click()
        dialog = page.locator("dialog[open]")
        dialog.locator("[name=confirmation]").fill(str(PEOPLE))
        with page.expect_navigation():
            dialog.get_by_role("button", name="Approve").click()
        with lux.db.begin(firm.id) as session:  # Tuesday has come
            session.execute(update(Outbound).where(Outbound.kind == ActKind.SERIES).values(due_at=clock.now()))
        assert run.wait(lambda: left() == PEOPLE, seconds=60)
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"/campaigns/{public_id}/series")
        expect(page.locator("#series")).to_contain_text("Ran once within the yes of")
        expect(page.locator("#series-runs")).to_contain_text("Captured")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert violations(page) == []
        page.get_by_role("link", name="Run 1").click()
        expect(page.locator("#progress")).to_contain_text("Ended", timeout=PATIENCE)
        assert left() == PEOPLE
    finally:
        server.stop()
    lux.db.close()
