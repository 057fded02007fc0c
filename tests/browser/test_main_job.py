"""The main job, through the pages only, from an empty database: import, write, approve, send, read, unsubscribe."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from lux.kit.settings import Settings
from tests.browser.axe import violations
from tests.faults.server import RunningServer
from tests.services import run
from tests.services.chromium import Pages
from tests.services.smtp_sink import SmtpSink, SunkMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 40
BROKEN = "not an address"
SECONDS = 60  # the most a step may take on a small, busy machine; every wait ends as soon as what it waits for is there


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
        """Press a button of the page's main part that leads to another page, and wait for that."""
        self.follow(self.page.get_by_role("main").get_by_role("button", name=name, exact=True).first)

    def follow(self, control: Locator) -> None:
        """Press what leads to another page; goes on when that is there with its scripts."""
        with self.page.expect_navigation(wait_until="load"):
            control.click()

    def sees(self, words: str | re.Pattern[str]) -> None:
        """Wait until the page's main part says something."""
        expect(self.page.get_by_role("main")).to_contain_text(words)

    def until(self, path: str, words: str | re.Pattern[str]) -> None:
        """Load a page again and again until what works in the background has come to it."""

        def is_there() -> bool:
            found = self.go(path).get_by_role("main").inner_text()
            return bool(re.search(words, found))

        wait_for(is_there, f"“{words}” on {path}")

    def owner_link(self) -> str:
        """Return the link the console shows."""
        wait_for(lambda: re.search(r"/welcome/\S+\s", self.log.read_text()) is not None, "the owner's link")
        found = re.search(r"http://\S+(/welcome/\S+)", self.log.read_text())
        assert found is not None
        return found.group(1)


def wait_for(done: Callable[[], bool], what: str) -> None:
    """Wait until something is true; fail by its name when it does not become so."""
    assert run.wait(done, seconds=SECONDS), f"waited {SECONDS} s for {what}"


@pytest.fixture
def site(db_url: str, tmp_path: Path, pages: Pages) -> Iterator[Site]:
    """Start `lux serve` over an empty database and open a browser that is patient with a slow machine."""
    log = tmp_path / "server.log"
    server = RunningServer(Settings(home=tmp_path / "home", database_url=db_url), log)
    server.start()
    expect.set_options(timeout=SECONDS * 1000)
    yield Site(server, opened(pages, server), log)
    expect.set_options(timeout=5_000)  # what it is without us
    server.stop()


def opened(pages: Pages, server: RunningServer, **options: object) -> Page:
    """Return a page of somebody else."""
    page = pages.open(server.url, **options)
    page.context.set_default_timeout(SECONDS * 1000)
    return page


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
    site.follow(page.get_by_role("main").locator("button[type=submit]").first)
    expect(page).to_have_url(re.compile("/setup"))


def prepare(site: Site, sink: SmtpSink) -> None:
    """Enter the address, connect the mail server, prove the sender by the code mailed to it, switch e-mail on."""
    page = site.go("/settings")
    page.locator("[name=postal_address]").fill("Lantern & Co\nHarbour Street 1\n20457 Hamburg")
    page.locator("[name=website]").fill("https://lantern.example.com")
    page.locator("[name=unsend_seconds]").fill("0")
    site.press("Save")
    expect(page.locator("body")).to_contain_text("Saved.")
    page = site.go("/settings/integrations/new/smtp")
    page.locator("[name=label]").fill("Our relay")
    page.locator("[name=host]").fill("127.0.0.1")
    page.locator("[name=port]").fill(str(sink.port))
    page.locator("[name=security]").select_option("none")
    page.locator("[name=use]").check(force=True)
    site.follow(page.get_by_role("main").locator("form button[type=submit]").last)
    site.sees("ready to take mail")
    page = site.go("/settings/senders")
    page.locator("[name=name]").fill("Lantern News")
    page.locator("[name=email]").fill("news@example.com")
    site.press("Add and mail a code")
    expect(page.locator("[name=code]")).to_be_visible()
    sender_page = page.url
    wait_for(lambda: code_in(sink) != "", "the code by mail")
    page.locator("[name=code]").fill(code_in(sink))
    site.press("Verify")
    expect(page.locator("body")).to_contain_text("The address is verified.")
    site.go(sender_page)
    site.sees("You can write as this address.")
    switch_on(site)


def code_in(sink: SmtpSink) -> str:
    """Return the code that the server took by mail, or nothing."""
    subjects = [str(one.message["Subject"]) for one in sink.messages()]
    found = [match.group(1) for subject in subjects if (match := re.search(r"^(\d{6}) is the code", subject))]
    return found[0] if found else ""


def switch_on(site: Site) -> None:
    """Turn the e-mail channel on, with a reason."""
    page = site.go("/approvals/toggles")
    page.locator("tr", has_text="channel_email").get_by_role("button", name="Turn on").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=reason]").fill("We begin with our newsletter.")
    site.follow(dialog.get_by_role("button", name="Turn on"))
    expect(page.locator("tr", has_text="channel_email")).to_contain_text("On")


def import_people(site: Site, path: Path) -> None:
    """Upload, map, declare consent, start, wait for the report and for the end."""
    page = site.go("/contacts/imports/new")
    page.locator("[name=file]").set_input_files(path)
    site.press("Upload")
    page.locator("[name=consent][value=declared]").check(force=True)
    page.locator("[name=basis]").select_option(index=1)
    page.locator("[name=declared_on]").fill("2026-10-01")
    page.locator("[name=wording]").fill("Yes, send me the Lantern newsletter.")
    site.press("Start the import")
    expect(page.get_by_role("link", name="Show the contacts")).to_be_visible()
    site.sees(BROKEN)
    page.goto("/contacts")
    site.sees("reader0@example.com")


def write_campaign(site: Site, name: str) -> str:
    """Create from a starter, choose sender and audience, submit; returns the campaign's address."""
    page = site.go("/campaigns/new")
    page.locator("[name=name]").fill(name)
    page.get_by_label(re.compile("newsletter", re.IGNORECASE)).first.check(force=True)
    site.press("Start writing")
    page.locator("[name=subject]").fill("Hello {{ first_name }}")
    page.locator("[name=preview_text]").fill("What the harbour lights are up to")
    page.locator("[name=sender]").select_option(index=1)
    page.locator("[name=audience]").select_option(index=1)
    site.press("Save")
    site.sees("Submit for approval")
    expect(page.get_by_role("main")).not_to_contain_text("Blocks")
    site.press("Submit for approval")
    site.sees("Waits for a yes")
    return page.url


def approve(site: Site, name: str, number: int) -> None:
    """Look at exactly what would leave and say yes with the number of recipients."""
    page = site.go("/approvals/")
    site.follow(page.get_by_role("main").get_by_role("link", name=name, exact=True))
    frame = page.frame_locator("iframe.mail-frame").first
    expect(frame.locator("body")).to_contain_text(re.compile("unsubscribe", re.IGNORECASE))
    dialog = page.locator("dialog#approve")
    page.get_by_role("button", name="Approve", exact=True).first.click()
    expect(dialog).to_be_visible()
    dialog.locator("[name=confirmation]").fill(str(number - 1))
    expect(dialog.get_by_role("button", name="Approve")).to_be_disabled()
    dialog.locator("[name=confirmation]").fill(str(number))
    site.follow(dialog.get_by_role("button", name="Approve"))
    site.sees("Approved")


def test_the_main_job(site: Site, start_smtp_sink: type[SmtpSink], pages: Pages, tmp_path: Path) -> None:
    """A newcomer does the whole of it; the mail server's own record and the pages agree."""
    sink = start_smtp_sink()
    pages.watch.allow("422")
    become_owner(site)
    prepare(site, sink)
    import_people(site, contacts_csv(tmp_path))
    address = write_campaign(site, "First letter")
    approve(site, "First letter", ROWS)
    site.until(address, r"Ended .*")
    readers = [f"reader{n}@example.com" for n in range(ROWS)]
    assert taken(sink) == Counter(readers)
    message = letter_to(sink, "reader3@example.com")
    assert message.message["Subject"] == "Hello Reader3"
    read_and_follow(letter_to(sink, "reader5@example.com"), opened(pages, site.server))
    assert_figures(site, address)
    unsubscribe_by_link(site, pages, str(message.message["List-Unsubscribe"]))
    address = write_campaign(site, "Second letter")
    approve(site, "Second letter", ROWS - 1)
    site.until(address, r"Ended .*")
    assert taken(sink) - Counter(readers) == Counter(reader for reader in readers if reader != "reader3@example.com")
    for path in ("/", "/contacts", "/campaigns/", "/approvals/", "/segments/", "/mailbox/", "/settings"):
        site.go(path)
        assert violations(site.page) == [], path
        assert site.page.evaluate("document.documentElement.scrollWidth") <= 1440, path


def taken(sink: SmtpSink) -> Counter[str]:
    """Return whom the mail server took mail for, with repetitions, the code for the sender aside."""
    return Counter(address for address in sink.recipients() if address.startswith("reader"))


def letter_to(sink: SmtpSink, address: str) -> SunkMessage:
    """Return the message that the server took for somebody."""
    return next(one for one in sink.messages() if one.recipients == (address,))


def read_and_follow(letter: SunkMessage, reader: Page) -> None:
    """Load the counting picture and follow a link, as the reader's mail program and browser do."""
    part = letter.message.get_body(("html",))
    assert part is not None
    html = str(part.get_content())
    picture, link = (re.search(rf'"(http://[^"]+/{kind}/[^"]+)"', html) for kind in ("o", "c"))
    assert picture is not None
    assert link is not None
    answer = reader.request.get(picture[1])
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    answer = reader.request.get(link[1], max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (302, "https://lantern.example.com")


def assert_figures(site: Site, address: str) -> None:
    """The pages say what happened: 40 sent, one opened, one clicked; a headless browser is no person."""
    site.until("/", rf"(?s)Opened by\s.*0 of {ROWS}, all 1.*Clicked by\s.*0 of {ROWS}, all 1")  # counted a second later
    tile = site.page.locator("#tile-campaign_result")
    expect(tile.locator(".stat", has_text="Sent").locator(".stat-value")).to_have_text(str(ROWS))
    for label in ("Opened by", "Clicked by"):
        expect(tile.locator(".stat", has_text=label)).to_contain_text(f"0 of {ROWS}, all 1")
    page = site.go(f"{address}/report")
    expect(page.locator("[data-figure=sent]")).to_contain_text(f"{ROWS} of {ROWS} recipients")
    for key in ("unique_opens", "unique_clicks"):
        expect(page.locator(f"[data-figure={key}]")).to_contain_text(f"1 of {ROWS} recipients reached")


def unsubscribe_by_link(site: Site, pages: Pages, header: str) -> None:
    """A visitor follows the link and presses the button: looking alone changes nothing."""
    path = "/u/" + header.strip("<>").rpartition("/u/")[2]
    visitor = opened(pages, site.server, viewport={"width": 390, "height": 844})
    visitor.goto(path)
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
    visitor.get_by_role("button", name="Unsubscribe", exact=True).click()
    expect(visitor.locator("body")).to_contain_text("You are unsubscribed")
    page = site.go("/contacts?q=reader3@example.com")
    site.follow(page.get_by_role("main").get_by_role("link", name=re.compile("reader3@example.com|Reader3")).first)
    site.sees(re.compile("unsubscribed|withdrawn|suppressed", re.IGNORECASE))
