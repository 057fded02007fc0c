"""The main job, through the pages only, from an empty database: import, write, approve, send, read, unsubscribe."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from lux.kit.settings import Settings
from tests.browser.axe import violations
from tests.faults.server import RunningServer
from tests.services import run
from tests.services.chromium import Pages
from tests.services.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 40
BROKEN = "not an address"


class Site:
    """A server over an empty database, and a visitor in a real browser."""

    def __init__(self, server: RunningServer, page: Page, log: Path) -> None:
        """Keep the three."""
        self.server, self.page, self.log = server, page, log

    def go(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(path)
        return self.page

    def press(self, name: str) -> None:
        """Press a button of the page's main part."""
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()

    def owner_link(self) -> str:
        """Return the link the console shows."""
        run.wait(lambda: "/welcome/" in self.log.read_text(), seconds=60)
        found = re.search(r"http://\S+(/welcome/\S+)", self.log.read_text())
        assert found is not None
        return found.group(1)


@pytest.fixture
def site(db_url: str, tmp_path: Path, pages: Pages) -> Iterator[Site]:
    """Start `lux serve` over an empty database and open a browser."""
    log = tmp_path / "server.log"
    server = RunningServer(Settings(home=tmp_path / "home", database_url=db_url), log)
    server.start()
    yield Site(server, pages.open(server.url), log)
    server.stop()


def contacts_csv(folder: Path) -> Path:
    """Write a file of invented people, three rows broken on purpose."""
    lines = ["E-mail,First name,Last name,City"]
    lines += [f"reader{n}@example.com,Reader{n},Sample,Town {n % 3}" for n in range(ROWS)]
    lines += [f"{BROKEN},No,Body,Nowhere", "READER1@example.com,Twice,Sample,Town 1", ",Nameless,,"]
    path = folder / "people.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def become_owner(site: Site) -> None:
    """Use the one-time link."""
    page = site.go(site.owner_link())
    page.get_by_label("Your name").fill("Maya Kern")
    page.locator("[name=email]").fill("maya@example.com")
    page.locator("[name=password]").fill("violet harbour 27 lanterns")
    page.locator("[name=company]").fill("Lantern & Co")
    page.get_by_role("main").locator("button[type=submit]").first.click()
    expect(page).to_have_url(re.compile("/setup"))


def prepare(site: Site, sink: SmtpSink) -> None:
    """Enter the address, connect the mail server, prove the sender by the code mailed to it, switch e-mail on."""
    page = site.go("/settings")
    page.locator("[name=postal_address]").fill("Lantern & Co\nHarbour Street 1\n20457 Hamburg")
    site.press("Save")
    page = site.go("/settings/integrations/new/smtp")
    page.locator("[name=label]").fill("Our relay")
    page.locator("[name=host]").fill("127.0.0.1")
    page.locator("[name=port]").fill(str(sink.port))
    page.locator("[name=security]").select_option("none")
    page.locator("[name=use]").check(force=True)
    page.get_by_role("main").locator("form button[type=submit]").last.click()
    expect(page.get_by_role("main")).to_contain_text("ready to take mail")
    page = site.go("/settings/senders")
    page.locator("[name=name]").fill("Lantern News")
    page.locator("[name=email]").fill("news@example.com")
    site.press("Add and mail a code")
    expect(page.locator("[name=code]")).to_be_visible()
    sender_page = page.url
    run.wait(lambda: sink.count() == 1 and code_in(sink) != "", seconds=30)
    page.locator("[name=code]").fill(code_in(sink))
    site.press("Verify")
    page.goto(sender_page)
    expect(page.get_by_role("main")).to_contain_text("You can write as this address.")
    switch_on(site)


def code_in(sink: SmtpSink) -> str:
    """Return the code of the first mail the server took, or nothing."""
    found = re.search(r"^(\d{6}) is the code", str(sink.messages()[0].message["Subject"]))
    return found.group(1) if found else ""


def switch_on(site: Site) -> None:
    """Turn the e-mail channel on, with a reason."""
    page = site.go("/approvals/toggles")
    page.locator("tr", has_text="channel_email").get_by_role("button", name="Turn on").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=reason]").fill("We begin with our newsletter.")
    dialog.get_by_role("button", name="Turn on").click()
    expect(page.locator("tr", has_text="channel_email")).to_contain_text("On")


def import_people(site: Site, path: Path) -> None:
    """Upload, map, declare consent, start, wait for the report."""
    page = site.go("/contacts/imports/new")
    page.locator("[name=file]").set_input_files(path)
    site.press("Upload")
    page.locator("[name=consent][value=declared]").check(force=True)
    page.locator("[name=basis]").select_option(index=1)
    page.locator("[name=declared_on]").fill("2026-10-01")
    page.locator("[name=wording]").fill("Yes, send me the Lantern newsletter.")
    site.press("Start the import")
    expect(page.get_by_role("main")).to_contain_text(BROKEN, timeout=30_000)
    page.goto("/contacts")
    expect(page.get_by_role("main")).to_contain_text("reader0@example.com")


def write_campaign(site: Site) -> None:
    """Create from a starter, choose sender and audience, submit."""
    page = site.go("/campaigns/new")
    page.locator("[name=name]").fill("First letter")
    page.get_by_label(re.compile("newsletter", re.IGNORECASE)).first.check(force=True)
    site.press("Start writing")
    page.locator("[name=subject]").fill("Hello {{ first_name }}")
    page.locator("[name=preview_text]").fill("What the harbour lights are up to")
    page.locator("[name=sender]").select_option(index=1)
    page.locator("[name=audience]").select_option(index=1)
    site.press("Save")
    expect(page.get_by_role("main")).to_contain_text("Submit for approval")
    expect(page.get_by_role("main")).not_to_contain_text("Blocks")
    site.press("Submit for approval")
    expect(page.get_by_role("main")).to_contain_text("Waits for a yes")


def approve(site: Site) -> None:
    """Look at exactly what would leave and say yes with the number of recipients."""
    page = site.go("/approvals/")
    page.get_by_role("main").locator("a.row-link").first.click()
    frame = page.frame_locator("iframe.mail-frame").first
    expect(frame.locator("body")).to_contain_text(re.compile("unsubscribe", re.IGNORECASE))
    page.get_by_role("button", name="Approve", exact=True).first.click()
    dialog = page.locator("dialog#approve")
    dialog.locator("[name=confirmation]").fill(str(ROWS - 1))
    expect(dialog.get_by_role("button", name="Approve")).to_be_disabled()
    dialog.locator("[name=confirmation]").fill(str(ROWS))
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("main")).to_contain_text("Approved")


def test_the_main_job(site: Site, start_smtp_sink: type[SmtpSink], pages: Pages, tmp_path: Path) -> None:
    """A newcomer does the whole of it; the mail server's own record and the pages agree."""
    sink = start_smtp_sink()
    pages.watch.allow("422")
    become_owner(site)
    prepare(site, sink)
    import_people(site, contacts_csv(tmp_path))
    write_campaign(site)
    approve(site)
    run.wait(lambda: sink.count() >= ROWS + 1, seconds=60)
    got = Counter(address for address in sink.recipients() if address.startswith("reader"))
    assert got == Counter(f"reader{n}@example.com" for n in range(ROWS))
    message = next(one for one in sink.messages() if one.recipients == ("reader3@example.com",))
    assert message.message["Subject"] == "Hello Reader3"
    unsubscribe_by_link(site, pages, str(message.message["List-Unsubscribe"]))
    page = site.go("/campaigns/")
    page.get_by_role("main").locator("a.row-link").first.click()
    expect(page.get_by_role("main")).to_contain_text("Sent")
    for path in ("/", "/contacts", "/campaigns/", "/approvals/", "/segments/", "/mailbox/", "/settings"):
        site.go(path)
        assert violations(site.page) == [], path
        assert site.page.evaluate("document.documentElement.scrollWidth") <= 1440, path


def unsubscribe_by_link(site: Site, pages: Pages, header: str) -> None:
    """A visitor follows the link and presses the button: looking alone changes nothing."""
    path = "/u/" + header.strip("<>").rpartition("/u/")[2]
    visitor = pages.open(site.server.url, viewport={"width": 390, "height": 844})
    visitor.goto(path)
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
    visitor.get_by_role("button", name=re.compile("Unsubscribe")).first.click()
    expect(visitor.locator("body")).to_contain_text(re.compile("unsubscribed", re.IGNORECASE))
    page = site.go("/contacts?q=reader3@example.com")
    page.get_by_role("main").locator("a.row-link").first.click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("unsubscribed|withdrawn|suppressed", re.IGNORECASE))
