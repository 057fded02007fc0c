"""What moves on its own, in a real browser: the progress of a campaign, the count of an audience, the typed cancel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from tests.browser.axe import violations
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.factories import Firm, Installation
    from tests.services.chromium import Pages


@pytest.fixture
def address(lux_sqlite: Installation) -> Iterator[str]:
    """Serve the installation on a free port."""
    server = make_server("127.0.0.1", 0, lux_sqlite.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def signed_in(lux: Installation, firm: Firm, pages: Pages, address: str, **options: object) -> Page:
    """Return a page of somebody who is signed in."""
    cookie = lux.client(firm).get_cookie("lux_session")
    assert cookie is not None
    page = pages.open(address, **options)
    page.context.add_cookies([{"name": "lux_session", "value": cookie.value, "url": address}])
    return page


def test_progress_moves_without_loading_the_page_again(lux_sqlite: Installation, pages: Pages, address: str) -> None:
    firm = campaigns.ready(lux_sqlite, 5)
    public_id = campaigns.draft(lux_sqlite, firm)
    campaigns.submit(lux_sqlite, firm, public_id)
    campaigns.approve(lux_sqlite, firm, public_id)
    page = signed_in(lux_sqlite, firm, pages, address)
    page.goto(f"/campaigns/{public_id}")
    page.evaluate("document.body.dataset.seen = 'yes'")
    expect(page.locator("#progress")).to_contain_text("0 / 5")
    lux_sqlite.work()
    expect(page.locator("#progress")).to_contain_text("5 / 5", timeout=8_000)
    expect(page.locator("#progress")).to_contain_text("Captured")
    assert page.evaluate("document.body.dataset.seen") == "yes"


def test_the_audience_is_counted_when_it_is_chosen(lux_sqlite: Installation, pages: Pages, address: str) -> None:
    firm = campaigns.ready(lux_sqlite, 4)
    lux_sqlite.contacts(firm, 1, with_consent=False)
    public_id = campaigns.draft(lux_sqlite, firm, audience_source="")
    page = signed_in(lux_sqlite, firm, pages, address)
    page.goto(f"/campaigns/{public_id}/edit")
    expect(page.locator("#audience-count")).to_contain_text("Nobody is chosen yet.")
    with page.expect_response("**/templates/check"):  # the editor looks at every change
        page.locator("[name=audience]").select_option("everyone")
    expect(page.locator("#audience-count")).to_contain_text("4 of 5")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_clean_and_fit_the_screen(lux_sqlite: Installation, pages: Pages, address: str, width: int) -> None:
    firm = campaigns.ready(lux_sqlite, 3)
    done = campaigns.sent(lux_sqlite, firm)
    waiting = campaigns.draft(lux_sqlite, firm)
    campaigns.submit(lux_sqlite, firm, waiting)
    broken = campaigns.draft(lux_sqlite, firm, subject="", source="<p>{{ fist_name }}</p>", sender_id=None)
    letter = campaigns.deliveries(lux_sqlite, firm, done)[0].id
    page = signed_in(lux_sqlite, firm, pages, address, viewport={"width": width, "height": 844}, bypass_csp=True)
    for path in (
        "/", "/campaigns/", "/campaigns/new", f"/campaigns/{done}", f"/campaigns/{done}/recipients",
        f"/campaigns/{done}/report", f"/campaigns/{waiting}", f"/campaigns/{waiting}/edit", f"/campaigns/{broken}",
        f"/campaigns/{broken}/preview", "/mailbox/", f"/mailbox/{letter}",
    ):  # fmt: skip
        page.goto(path)
        page.wait_for_load_state("load")
        assert violations(page) == [], path
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, path


def test_cancelling_opens_a_dialog_that_wants_the_number(lux_sqlite: Installation, pages: Pages, address: str) -> None:
    firm = campaigns.ready(lux_sqlite, 3)
    public_id = campaigns.draft(lux_sqlite, firm)
    campaigns.submit(lux_sqlite, firm, public_id)
    campaigns.approve(lux_sqlite, firm, public_id)
    page = signed_in(lux_sqlite, firm, pages, address)
    page.goto(f"/campaigns/{public_id}")
    page.get_by_role("button", name="Cancel it").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=confirmation]").fill("3")
    dialog.get_by_role("button", name="Cancel for good").click()
    expect(page.get_by_role("main")).to_contain_text("Cancelled")
    lux_sqlite.work()
    assert campaigns.deliveries(lux_sqlite, firm, public_id) == []
