"""What a marketer does around the main job, by a real browser alone: one walk for each part, on both databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from lux.identity.models import Company, User
from lux.kit.db import ALL_COMPANIES
from lux.render import tokens
from lux.rooms.site.service import script
from tests.rooms.content.test_media import picture
from tests.rooms.diagnostics.conftest import captured, ours
from tests.rooms.email import campaigns
from tests.rooms.email.campaigns import BROWSER as AGENT
from tests.rooms.email.test_tracking import token
from tests.rooms.served import served, signed_in
from tests.rooms.site.test_browser import website

if TYPE_CHECKING:
    from tests.factories import Firm, Installation
    from tests.services.chromium import Pages

PEOPLE = "email,first name,city\nada@example.com,Ada,London\nbo@example.com,Bo,Chicago\nbroken,No,Body\n"
DELIVERED = {"email": "zoe@example.com", "first_name": "Zoe", "source": "Website newsletter", "consent": True}


@dataclass
class Desk:
    """Somebody at work in a browser; what runs in the background runs when asked to."""

    lux: Installation
    firm: Firm
    address: str
    page: Page
    pages: Pages

    def go(self, path: str) -> Page:
        """Open a page and wait for its scripts."""
        self.page.goto(path)
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def press(self, name: str, *, inside: Locator | None = None) -> None:
        """Press what leads to another page."""
        found = (inside or self.page.get_by_role("main")).get_by_role("button", name=name, exact=True).last
        with self.page.expect_navigation(wait_until="load"):
            found.click()
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow a link of the page's main part."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("main").get_by_role("link", name=name).first.click()
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def sees(self, *words: str | re.Pattern[str]) -> None:
        """Wait until the page's main part says something."""
        for word in words:
            expect(self.page.get_by_role("main")).to_contain_text(word)

    def is_told(self, words: str) -> None:
        """Wait until a message beside the page says something."""
        expect(self.page.get_by_role("region", name="Messages")).to_contain_text(words)

    def sees_not(self, *words: str) -> None:
        """See that the page's main part does not say something."""
        for word in words:
            expect(self.page.get_by_role("main")).not_to_contain_text(word)


Opened = Callable[..., Desk]
# Where the database is asked nothing that other tests do not ask of both, PostgreSQL's turn is in `make full`.
mostly_sqlite = pytest.mark.parametrize(
    "migrated_url",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])],
    indirect=True,
)


@pytest.fixture
def desk(lux: Installation, pages: Pages) -> Iterator[Opened]:
    """Return what opens a browser for a company; forms are protected as they are in production."""
    lux.app.config["WTF_CSRF_ENABLED"] = True
    with served(lux) as address:

        def opened(firm: Firm | None = None) -> Desk:
            firm = firm or lux.firm("Lantern & Co")
            return Desk(lux, firm, address, signed_in(pages, address, lux, firm), pages)

        yield opened


@mostly_sqlite
def test_people_are_imported_the_rejected_are_shown_and_all_of_it_is_undone(desk: Opened, tmp_path: Path) -> None:
    at, path = desk(), tmp_path / "people.csv"
    path.write_text(PEOPLE)
    at.go("/contacts/imports/new").locator("[name=file]").set_input_files(path)
    at.press("Upload")
    at.page.locator("[name=consent][value=none]").check(force=True)
    at.press("Start the import")
    at.lux.work()
    expect(at.page.get_by_role("link", name="Show the contacts")).to_be_visible()
    at.sees("broken", "is not an e-mail address")
    with at.page.expect_download() as file:
        at.page.get_by_role("link", name="Download all").click()
    assert "broken,No,Body" in Path(file.value.path()).read_text(encoding="utf-8-sig")
    at.follow("Undo this import…")
    at.sees("New contacts into the trash")
    at.page.get_by_label(re.compile("To confirm")).fill("2")
    at.press("Undo the import")
    at.lux.work()
    at.go("/contacts")
    at.sees_not("ada@example.com", "bo@example.com")
    at.go("/trash/contacts")
    at.sees("ada@example.com", "bo@example.com")


@mostly_sqlite
def test_a_key_for_zapier_is_shown_once_the_sample_leaves_nothing_and_deliveries_are_listed(desk: Opened) -> None:
    at = desk()
    at.go("/settings/integrations/zapier").get_by_label("What the key is for").fill("Web form")
    at.press("Make a key")
    at.sees("It is shown once")
    key = at.page.get_by_label("Key", exact=True).input_value()
    at.press("Send the sample")
    at.sees("The sample was taken.")
    outside = at.pages.open(at.address).request
    url = "/api/webhook/zapier-contact"
    assert outside.post(url, headers={"X-API-Key": key}, data=DELIVERED).status == 201
    assert outside.post(url, headers={"X-API-Key": key}, data={"email": "nobody"}).status == 400
    at.go("/settings/integrations/zapier")
    at.sees_not(key)
    rows = at.page.locator("#zapier-deliveries tbody tr")
    expect(rows).to_have_count(3)  # the sample among them
    expect(rows.first).to_contain_text("Refused (400)")
    at.go("/contacts")
    at.sees("zoe@example.com")
    at.sees_not("ada.sample@example.com")


@mostly_sqlite
def test_a_website_is_followed_after_a_yes_and_the_set_up_page_sees_it(
    desk: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = desk()
    monkeypatch.setattr(script, "base_url", lambda _session: at.address)
    at.go("/website/setup/").get_by_label("Domain", exact=True).fill("site.localhost")
    at.press("Add domain")
    at.sees("The snippet")
    snippet = at.page.get_by_role("region", name="Snippet").inner_text()
    at.pages.watch.allow(f"foreign request: {at.address}/s/")
    with website(snippet, at.address) as home:
        look = at.page.get_by_role("link", name="Open and look").get_attribute("href") or ""
        visitor = at.pages.open(home, user_agent=AGENT["User-Agent"])
        visitor.goto("/landing#" + look.partition("#")[2])
        expect(visitor.get_by_text("LUX sees this page.")).to_be_visible()
        visitor.goto("/shop?utm_source=letter")
        with visitor.expect_response("**/collect"):
            visitor.get_by_role("button", name="Yes, that is fine").click()
        visitor.get_by_label("E-mail").fill("ada@example.com")
        with visitor.expect_response("**/collect"):
            visitor.get_by_role("button", name="Send").click()
        visitor.wait_for_url("**/thanks**")
    at.sees(re.compile(r"/landing"))  # the list looks again by itself
    at.go("/contacts")
    at.follow(re.compile("ada@example.com"))
    at.sees("/shop", "Newsletter")


def test_all_of_a_segment_are_changed_at_once_and_changed_back(desk: Opened) -> None:
    at = desk()
    at.lux.contacts(at.firm, 3, city="Berlin")
    at.lux.contacts(at.firm, 2, city="Hamburg")
    page = at.go("/segments/new")
    page.get_by_label("Name", exact=True).fill("Berliners")
    page.get_by_label("What to ask for").select_option("field.city")
    page.get_by_label("Text", exact=True).fill("Berlin")
    expect(page.locator("#rule-live .stat-value")).to_have_text("3")
    at.press("Save")
    public_id = page.url.rpartition("/")[2]
    at.go(f"/segments/bulk/new?segment={public_id}&kind=tag_add").get_by_label("Tag").fill("fair")
    page.get_by_label("Type 3 to go on").fill("3")
    at.press("Change 3 contacts")
    at.lux.work()
    expect(page.locator("#bulk-status")).to_contain_text("Done")
    changed = page.url
    at.go("/contacts?q=fair")
    at.go("/contacts/tags")
    expect(page.locator("#tags tbody tr")).to_contain_text("fair")
    expect(page.locator("#tags tbody tr td").nth(1)).to_have_text("3")
    at.go(changed)
    at.press("Take it back")
    at.lux.work()
    expect(page.locator("#bulk-status")).to_contain_text("Taken back")
    at.go("/contacts/tags")
    expect(page.locator("#tags tbody tr td").nth(1)).to_have_text("0")


@mostly_sqlite
def test_a_picture_is_uploaded_described_and_shown_by_a_template_written_as_code(desk: Opened) -> None:
    at = desk()
    page = at.go("/templates/media")
    page.locator("[name=files]").set_input_files({"name": "lantern.png", "mimeType": "image/png", "buffer": picture()})
    at.press("Upload")
    page.get_by_label("What it shows").fill("A red lantern")
    at.press("Save")
    tag = page.get_by_label("As MJML", exact=True).input_value()
    at.go("/templates/new").get_by_label(re.compile("newsletter", re.IGNORECASE)).first.check(force=True)
    page.locator("[name=name]").fill("Lanterns")
    at.press("Create and edit")
    source = page.get_by_label("Content", exact=True)
    source.focus()
    page.keyboard.press("Control+a")
    body = f"<mj-section><mj-column><mj-text>Hi {{{{ first_name }}}}</mj-text>{tag}</mj-column></mj-section>"
    source.evaluate(
        """(field, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        f"<mjml><mj-body>{body}</mj-body></mjml>",
    )
    shown = page.frame_locator(".editor-frames iframe >> nth=-1").locator("body")
    expect(shown).to_contain_text("Hi Ada")
    expect(shown.get_by_alt_text("A red lantern")).to_be_visible()
    at.press("Save")
    at.go("/templates/media").locator("#media a.row-link").click()
    page.wait_for_url("**/templates/media/*")
    at.sees("Lanterns")


def test_figures_are_read_for_people_and_machines_and_campaigns_are_compared(desk: Opened) -> None:
    at = desk()
    firm = campaigns.ready(at.lux, 3)
    at = desk(firm)
    sent = [campaigns.sent(at.lux, firm) for _n in range(2)]
    campaigns.later(at.lux, firm)
    reader, scanner = (
        at.pages.open(at.address, user_agent=agent).request for agent in (AGENT["User-Agent"], "curl/8.5")
    )
    one, two, _three = campaigns.deliveries(at.lux, firm, sent[0])
    for who, whose in ((reader, one), (scanner, two)):
        who.get(f"/o/{token(at.lux, tokens.OPEN, whose.id)}.gif")
        who.get(f"/c/{token(at.lux, tokens.CLICK, whose.id)}/1", max_redirects=0)
    page = at.go(f"/campaigns/{sent[0]}/report")
    for key in ("unique_opens", "unique_clicks"):
        expect(page.locator(f"[data-figure={key}]")).to_contain_text("1 of 3 recipients reached")
        expect(page.locator(f"[data-figure={key}]")).to_contain_text("2")  # and all, with the scanner
    at.go("/campaigns/compare")
    for box in page.get_by_role("main").get_by_role("checkbox").all()[:2]:
        box.check(force=True)
    at.press("Compare")
    expect(page.locator("#compared tbody tr")).to_have_count(2)
    at.sees("too few to tell")
    page.set_viewport_size({"width": 390, "height": 844})
    for lines in page.locator("#compared .cell-lines").all():
        assert (lines.bounding_box() or {"width": 0})["width"] > 90, "figures stand in lines, not letter under letter"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@mostly_sqlite
def test_a_key_for_the_api_opens_what_it_may_until_it_is_revoked(desk: Opened) -> None:
    at = desk()
    at.lux.contacts(at.firm, 1)
    page = at.go("/settings/api-keys/new")
    page.get_by_label("Name").fill("Web shop")
    page.locator("[name=scopes][value='contacts:read']").check(force=True)
    at.press("Make the key")
    at.sees("it is shown this once")
    key = page.get_by_label("API key", exact=True).input_value()
    outside = at.pages.open(at.address).request
    call = {"headers": {"Authorization": f"Bearer {key}"}}
    assert len(outside.get("/api/v1/contacts", **call).json()["data"]) == 1
    assert outside.get("/api/v1/campaigns", **call).status == 403
    at.follow("I have copied it")
    at.sees_not(key)
    at.follow(re.compile("Web shop"))
    page.get_by_role("button", name="Revoke…").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("textbox").fill("Web shop")
    at.press("Revoke", inside=dialog)
    assert outside.get("/api/v1/contacts", **call).status == 401


@mostly_sqlite
def test_slips_are_forgiven_versions_the_trash_a_yes_taken_back_and_a_view_saved_again(desk: Opened) -> None:
    firm = campaigns.ready(desk().lux, 2)
    at = desk(firm)
    with at.lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(Company).where(Company.id == firm.id).values(unsend_seconds=300))
    public_id = campaigns.draft(at.lux, firm)
    page = at.go(f"/campaigns/{public_id}/edit")
    for subject in ("A first try", "A second try"):
        page.locator("[name=subject]").fill(subject)
        at.press("Save and go on")
    at.go(f"/campaigns/{public_id}/versions")
    page.get_by_role("main").locator("#versions tbody a.row-link").nth(1).click()
    page.wait_for_url("**/versions/*")
    at.sees("Hello {{ first_name }}", "A first try")  # what changed, one under the other
    at.press("Bring this version back")
    campaigns.submit(at.lux, firm, public_id)
    campaigns.approve(at.lux, firm, public_id)
    at.go(f"/campaigns/{public_id}")
    at.sees("A first try", "Until then nothing has left.")
    at.press("Take it back")
    at.lux.work()
    at.sees("Draft")
    page.keyboard.press("Control+k")
    page.keyboard.type("autumn")
    row = page.locator("#palette").get_by_role("option", name=re.compile("^Autumn")).first
    expect(row).to_be_visible()
    page.keyboard.press("Escape")
    at.go("/contacts?lifecycle=vip").get_by_text("Columns and saving").click()
    page.get_by_label("Name of the view").fill("Our best")
    at.press("Save this view")
    at.sees("View: Our best")
    page.get_by_role("button", name="Views").click()
    at.press("Delete “Our best”", inside=page.locator("#contact-views"))
    assert page.url.endswith("/contacts?lifecycle=vip")
    at.is_told("save it again if that was a slip")


@mostly_sqlite
def test_a_sample_company_goes_by_one_press_and_its_people_stay(desk: Opened) -> None:
    at = desk()
    sample = at.lux.firm("Harbour Sample")
    with at.lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(Company).where(Company.id == sample.id).values(is_sample=True))
    at = desk(sample)
    at.lux.contacts(sample, 2)
    at.go("/")
    at.press("Remove the sample company")
    at.sees_not("This is a sample company.")
    with at.lux.db.read(ALL_COMPANIES) as session:
        assert session.get(Company, sample.id) is None
        assert session.get(User, sample.user_id) is not None


@mostly_sqlite
def test_an_error_is_found_by_company_understood_and_resolved(desk: Opened) -> None:
    at = desk()
    other = at.lux.firm("Other Ltd")
    with at.lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == at.firm.user_id).values(is_operator=True))
    for company_id in (at.firm.id, other.id):
        captured(at.lux, ours(1), company_id=company_id, source="job", endpoint="notifications.sweep")
    page = at.go("/operate/errors")
    expect(page.locator("#error-rows tbody tr")).to_have_count(2)
    page.get_by_label("Company", exact=True).select_option(label="Other Ltd")
    expect(page.locator("#error-rows tbody tr")).to_have_count(1)
    at.follow(re.compile("TypeError"))
    at.sees("Traceback", "Other Ltd", "Days in your time zone")
    at.go("/diagnostics/errors")
    at.follow("“Remove old notices” did not work.")
    at.sees_not("Traceback")
    page.get_by_label("Note").fill("The disk was full.")
    at.press("Resolve")
    at.is_told("Marked as resolved.")
    at.go("/diagnostics/errors")
    at.sees("Nothing is broken.")
