"""The stop in a real browser: one press halts a running campaign, its typed end finishes it, to everybody once."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.factories import PASSWORD, installation
from tests.faults.server import RunningServer
from tests.rooms.email import campaigns
from tests.services import run
from tests.services.chromium import Pages

COUNT = 40
PATIENCE = 60_000  # milliseconds on a busy machine


def test_one_press_halts_and_the_typed_end_finishes_it(browsed_url: str, pages: Pages, tmp_path: Path) -> None:
    """The mailbox's own files are the judge; the page of the stop is usable on a phone, without a fault of axe."""
    values = {"mail_pace": 4, "resume_ramp_minutes": 0}
    lux = installation(browsed_url, tmp_path / "home", is_migrated=True, **values)
    firm = campaigns.ready(lux, COUNT)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
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
        campaigns.approve(lux, firm, public_id)
        assert run.wait(lambda: left() >= 3, seconds=60)
        with page.expect_navigation():
            page.get_by_role("button", name="Stop sending").click()
        time.sleep(2)
        at_rest = left()
        expect(page.locator("body")).to_contain_text("This company is stopped", timeout=PATIENCE)
        assert violations(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert left() == at_rest < COUNT
        page.reload()  # what was on the wire has its outcome now
        page.get_by_role("main").get_by_role("button", name="Resume").click()
        dialog = page.locator("dialog[open]")
        expect(dialog).to_contain_text(f"{at_rest} done, {COUNT - at_rest} wait")
        dialog.locator("[name=reason]").fill("It was the right letter after all.")
        dialog.locator("[name=confirmation]").fill("resume")
        with page.expect_navigation():
            dialog.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("main")).to_contain_text("Nothing is stopped", timeout=PATIENCE)
        assert run.wait(lambda: left() == COUNT, seconds=60)
        page.goto(f"/campaigns/{public_id}")
        expect(page.locator("#progress")).to_contain_text("Ended", timeout=PATIENCE)
    finally:
        server.stop()
    rows = campaigns.deliveries(lux, firm, public_id)
    assert [row.state.value for row in rows] == ["captured"] * COUNT
    assert len({row.address for row in rows}) == COUNT
    lux.db.close()
