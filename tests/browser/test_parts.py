"""What moves in a page: htmx answers, toasts, streams, tags, files, the drawer; and a page without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import gallery_app


@pytest.fixture(scope="module")
def base_url():
    with gallery_app.served() as address:
        yield address


@pytest.fixture
def parts(page):
    page.goto("/parts")
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def test_a_refused_form_comes_back_with_its_problems(parts, pages):
    pages.watch.allow("status of 422")
    with parts.expect_request("**/form") as sent:
        parts.get_by_role("button", name="Save", exact=True).click()
    assert sent.value.headers["x-csrftoken"]
    expect(parts.locator(".error-summary")).to_be_focused()
    expect(parts.get_by_label("E-mail")).to_have_value("ada@")
    parts.get_by_role("link", name=re.compile("not an e-mail address")).click()
    expect(parts.get_by_label("E-mail")).to_be_focused()


def test_an_errors_words_are_tied_to_the_field(parts, pages):
    pages.watch.allow("status of 422")
    parts.get_by_role("button", name="Save", exact=True).click()
    field = parts.get_by_label("E-mail")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("not an e-mail address. Write it like"))


def test_an_error_page_never_replaces_a_part(parts, pages):
    pages.watch.allow("status of 502")
    parts.get_by_role("button", name="Broken").click()
    expect(parts.get_by_role("alert")).to_contain_text("That did not work.")
    expect(parts.get_by_role("button", name="Broken")).to_be_visible()


def test_the_servers_own_words_become_a_toast(parts, pages):
    pages.watch.allow("status of 409")
    parts.get_by_role("button", name="Fault").click()
    expect(parts.locator("#toasts")).to_contain_text("It changed meanwhile.")
    expect(parts.get_by_role("button", name="Fault")).to_be_visible()


def test_a_server_that_is_away_is_said(parts, pages):
    pages.watch.allow("ERR_|htmx")
    parts.route("**/saved", lambda route: route.abort())
    parts.get_by_role("button", name="Saved").click()
    expect(parts.get_by_role("alert")).to_contain_text("The server can’t be reached.")


def test_an_event_becomes_a_toast_that_can_be_dismissed(parts):
    parts.get_by_role("button", name="Saved").click()
    toast = parts.locator(".toast", has_text="Saved.")
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def test_a_filter_changes_the_list_and_the_address_and_back_works(parts):
    parts.get_by_role("searchbox", name="Letters").press_sequentially("mm")
    expect(parts.locator("#found")).to_have_text(re.compile(r"^\s*gamma\s*$"))
    expect(parts).to_have_url(re.compile(r"/parts\?q=mm$"))
    parts.go_back()
    expect(parts.locator("#found li")).to_have_count(3)


def test_a_toast_is_seen_and_pressed_inside_an_open_dialog(parts):
    parts.get_by_role("button", name="Ask…").click()
    parts.get_by_role("button", name="Saved here").click()
    toast = parts.get_by_role("dialog").locator(".toast", has_text="Saved.")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    parts.keyboard.press("Escape")
    expect(parts.locator("dialog .toasts")).to_have_count(0)


def test_a_form_is_sent_once(page, pages):
    pages.watch.allow("favicon")  # the answer is bare text
    page.goto("/signin")
    page.wait_for_selector("html[data-ready]", state="attached")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("E-mail").fill("maya@example.com")
    page.get_by_role("button", name="Sign in").dblclick(no_wait_after=True)
    page.wait_for_url("**/post")
    assert len(sent) == 1


def test_a_quiet_toast_goes_and_an_alarming_one_stays(page):
    page.clock.install()
    page.goto("/?flash")
    page.wait_for_selector("html[data-ready]", state="attached")
    quiet = page.locator("#toasts .toast-ok")
    expect(quiet).to_be_visible()
    page.clock.run_for(9000)
    expect(quiet).to_have_count(0)
    expect(page.locator("main .toast-bad")).to_be_visible()


def test_a_stream_moves_the_bar_and_its_end_fetches_the_rest(parts):
    expect(parts.locator("#streamed .progress-count")).not_to_have_text("0 / 100")
    expect(parts.locator("#streamed[data-progress=done]")).to_be_visible(timeout=15_000)
    expect(parts.locator("#live")).to_have_text(re.compile("100 percent done"))


def test_a_broken_stream_is_asked_for_instead(page):
    page.route("**/stream", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=": \n\n"))
    page.goto("/parts")
    with page.expect_response("**/work", timeout=15_000):
        pass


def test_tags_are_chosen_and_made(page):
    page.goto("/")
    field = page.get_by_role("combobox", name=re.compile("Tags"))
    field.click()
    field.press_sequentially("brand new")
    field.press("Enter")
    expect(page.locator("#f-tags option", has_text="brand new")).to_have_count(1)
    assert page.locator("#f-tags").evaluate("s => [...s.selectedOptions].map(o => o.value)") == [
        "vip",
        "london",
        "brand new",
    ]


def test_a_password_is_shown_and_hidden(page):
    page.goto("/signin")
    page.wait_for_selector("html[data-ready]", state="attached")
    field = page.get_by_label("Password", exact=True)
    field.fill("correct horse")
    page.get_by_role("button", name="Show the password").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide the password").click()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_value("correct horse")


def test_a_chosen_file_is_named(page):
    page.goto("/")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#f-file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": b"x" * 2048})
    expect(page.locator(".file-drop-name")).to_have_text("people.csv (2 KB)")


def test_a_value_is_copied(pages, base_url):
    page = pages.open(base_url, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.get_by_role("button", name="Copy: DKIM record").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("v=DKIM1")


def test_the_drawer_opens_and_closes_on_a_phone(pages, base_url):
    page = pages.open(base_url, viewport={"width": 390, "height": 844})
    page.goto("/")
    page.wait_for_selector("html[data-ready]", state="attached")
    link = page.locator("#side").get_by_role("link", name="Contacts")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open the navigation").click()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()


def test_the_icon_navigation_is_remembered(page):
    page.goto("/")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.get_by_role("button", name="Show icons only").click()
    page.reload()
    assert page.locator("#side").bounding_box()["width"] <= 64
    expect(page.locator("#side").get_by_role("link", name="Contacts")).to_be_visible()


class TestWithoutAScript:
    @pytest.fixture
    def plain(self, pages, base_url):
        page = pages.open(base_url, java_script_enabled=False)
        page.goto("/")
        return page

    def test_the_stop_is_one_press(self, plain):
        plain.get_by_role("button", name="Stop sending").click()
        expect(plain.get_by_role("region", name="Emergency stop")).to_contain_text("Everything is stopped.")

    def test_a_confirmation_is_a_form_in_the_page(self, plain):
        plain.locator("#send").get_by_label(re.compile("To confirm, type")).fill("12408")
        expect(plain.get_by_role("button", name="Send it")).to_be_enabled()

    def test_tags_are_a_plain_list(self, plain):
        expect(plain.get_by_role("listbox", name=re.compile("Tags"))).to_be_visible()

    def test_menus_open(self, plain):
        plain.get_by_role("button", name="Your account: Maya Kern").click()
        expect(plain.get_by_role("button", name="Sign out")).to_be_visible()

    def test_search_is_a_page(self, plain):
        plain.locator(".search-trigger").click()
        assert "search" in plain.url

    def test_nothing_is_offered_that_needs_a_script(self, plain):
        expect(plain.locator("[data-needs-script]:visible")).to_have_count(0)
