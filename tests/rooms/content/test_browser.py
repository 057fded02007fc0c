"""Writing a message in a real browser: the preview follows, fields go in, lines are found; also without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.factories import Installation
from tests.rooms.content.test_pages import MJML, make
from tests.rooms.served import served, signed_in
from tests.services.chromium import Pages


@pytest.fixture
def site(lux_sqlite: Installation):
    lux_sqlite.app.config["WTF_CSRF_ENABLED"] = True
    with served(lux_sqlite) as address:
        yield address


def shown(page: Page):
    return page.frame_locator(".editor-frames iframe >> nth=-1").locator("body")


def write(page: Page, text: str) -> None:
    """Replace the content as a person does: choose all, paste."""
    source = page.get_by_label("Content", exact=True)
    source.focus()
    page.keyboard.press("Control+a")
    source.evaluate(
        """(field, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )
    assert page.locator("textarea[name=source]").input_value() == text


def test_the_preview_follows_the_typing(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm("Lantern & Co")
    page = signed_in(pages, site, lux_sqlite, firm)
    page.goto(f"/templates/{make(lux_sqlite, firm)}/edit")
    expect(shown(page)).to_contain_text("What is new this month")
    write(page, MJML.replace("Hello", "Dear"))
    expect(shown(page)).to_contain_text("Dear Ada")
    write(page, MJML.replace("Hello", "Good morning"))
    expect(shown(page)).to_contain_text("Good morning Ada")
    entries = page.evaluate("history.length")
    write(page, MJML.replace("Hello", "Good night"))
    expect(shown(page)).to_contain_text("Good night Ada")
    assert page.evaluate("history.length") == entries, "Back still leads to the page before"
    page.get_by_role("main").get_by_role("button", name="Save", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"/templates/[0-9a-f-]+$"))
    assert axe.violations(page) == []


def test_fields_go_where_the_cursor_is_and_findings_lead_to_their_line(
    lux_sqlite: Installation, site: str, pages: Pages
):
    firm = lux_sqlite.firm()
    page = signed_in(pages, site, lux_sqlite, firm)
    page.goto(f"/templates/{make(lux_sqlite, firm)}/edit")
    subject = page.get_by_label("Subject")
    subject.fill("Hello ")
    page.get_by_role("button", name="first_name", exact=True).click()
    assert subject.input_value() == "Hello {{ first_name }}"
    source = page.get_by_label("Content", exact=True)
    write(page, MJML.replace("first_name", "fist_name"))
    findings = page.locator("#content-findings")
    expect(findings).to_contain_text("Did you mean “first_name”?")
    assert axe.violations(page) == []
    findings.get_by_role("button", name="Go there").first.click()
    expect(source).to_be_focused()
    assert "fist_name" in source.evaluate(
        "field => getSelection().toString() || field.getRootNode().getSelection().toString()"
    )
    expect(page.locator(".code-host .cm-lint-marker-error")).to_have_count(1)
    page.get_by_role("button", name="first_name", exact=True).click()
    assert "{{ first_name }}" in page.locator("textarea[name=source]").input_value()


def test_the_code_editor_is_left_by_the_keyboard_and_letters_stay_letters(
    lux_sqlite: Installation, site: str, pages: Pages
):
    firm = lux_sqlite.firm()
    page = signed_in(pages, site, lux_sqlite, firm)
    page.goto(f"/templates/{make(lux_sqlite, firm)}/edit")
    source = page.get_by_label("Content", exact=True)
    source.fill("")
    source.press_sequentially("c/?a")
    page.keyboard.press("Tab")
    expect(source).to_be_focused()
    sent = page.locator("textarea[name=source]")
    assert sent.input_value() == "  c/?a", "Tab indents"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(source).not_to_be_focused()
    page.get_by_text("Content", exact=True).first.click()
    page.keyboard.press("Control+z")
    assert sent.input_value() != "  c/?a", "what was done can be undone"


def test_phone_dark_and_recipient_views(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    lux_sqlite.contacts(firm, 1, first_name="Grace", email="grace@example.com")
    page = signed_in(pages, site, lux_sqlite, firm)
    page.goto(f"/templates/{make(lux_sqlite, firm)}/edit")
    page.get_by_label("As this recipient gets it").select_option(label="grace@example.com")
    expect(shown(page)).to_contain_text("Hello Grace")
    page.get_by_role("button", name="Phone", exact=True).click()
    expect(page.locator(".editor-frames iframe").last).to_have_css("width", "375px")
    page.get_by_role("button", name="Dark mode").click()
    expect(page.get_by_role("button", name="Dark mode")).to_have_attribute("aria-pressed", "true")
    dark = shown(page).evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark
    page.get_by_label("Part", exact=True).select_option("text")
    expect(shown(page).locator("pre")).to_contain_text("Hello Grace")
    page.get_by_label("Find a recipient").fill("nobody")
    expect(page.get_by_label("As this recipient gets it").locator("option")).to_have_count(1)


def test_a_template_is_previewed_and_saved_without_scripts(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    page = signed_in(pages, site, lux_sqlite, firm, java_script_enabled=False)
    page.goto(f"/templates/{make(lux_sqlite, firm)}/edit")
    page.get_by_label("Content", exact=True).fill(MJML.replace("Hello", "Dear"))
    page.get_by_role("button", name="Show it as it stands").click()
    expect(shown(page)).to_contain_text("Dear Ada")
    page.get_by_role("main").get_by_role("button", name="Save", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"/templates/[0-9a-f-]+$"))


def test_pages_fit_a_phone(lux_sqlite: Installation, site: str, pages: Pages):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm)
    page = signed_in(pages, site, lux_sqlite, firm, viewport={"width": 390, "height": 844})
    for path in ("/templates/", "/templates/new", f"/templates/{public_id}", f"/templates/{public_id}/edit"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert axe.violations(page) == [], path
