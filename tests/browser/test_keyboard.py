"""The keyboard on the style guide: palette, dialogs, typed confirmation, single letters, menus, rows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import axe, gallery_app


@pytest.fixture(scope="module")
def base_url():
    with gallery_app.served() as address:
        yield address


@pytest.fixture
def guide(page):
    page.goto("/")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.evaluate("document.activeElement.blur()")
    return page


def test_the_first_tab_skips_to_the_content(page):
    page.goto("/signin")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_palette_filters_and_goes(guide):
    guide.keyboard.press("Control+k")
    expect(guide.get_by_role("combobox", name="Search or go to")).to_be_focused()
    guide.keyboard.type("segm")
    expect(guide.locator("#palette").get_by_role("option", selected=True)).to_contain_text("Segments")
    guide.keyboard.press("Enter")
    guide.wait_for_url("**/?page=segments")


def test_the_palette_walks_with_arrows_and_wraps(guide):
    guide.keyboard.press("Control+k")
    chosen = guide.locator("#palette").get_by_role("option", selected=True)
    expect(chosen).to_contain_text("Home")
    guide.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("Approvals")
    guide.keyboard.press("ArrowUp")
    guide.keyboard.press("ArrowUp")
    expect(chosen).to_contain_text("New campaign")


def test_the_palette_adds_what_the_server_finds(guide):
    guide.keyboard.press("Control+k")
    guide.keyboard.type("ada")
    expect(guide.get_by_role("option", name=re.compile("Contact ada"))).to_be_visible()
    assert axe.violations(guide, "#palette") == []


def test_the_palette_says_when_it_finds_nothing(guide):
    guide.route("**/palette?*", lambda route: route.fulfill(json={"groups": []}))
    guide.keyboard.press("Control+k")
    guide.keyboard.type("zzzz")
    expect(guide.locator("#palette").get_by_text("Nothing is called that.")).to_be_visible()


def test_the_palette_gives_the_focus_back(guide):
    trigger = guide.locator(".search-trigger")
    trigger.focus()
    guide.keyboard.press("Space")
    expect(guide.locator("#palette")).to_be_visible()
    guide.keyboard.press("Escape")
    expect(trigger).to_be_focused()


def test_a_dialog_gives_the_focus_back(guide):
    opener = guide.get_by_role("button", name="Reject with a reason…")
    opener.press("Enter")
    expect(guide.get_by_label("What is wrong with it?")).to_be_focused()
    guide.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_dialog_opened_from_a_menu_gives_the_focus_to_the_menus_button(guide):
    button = guide.get_by_role("button", name="More for Grace Hopper")
    button.press("Enter")
    guide.get_by_role("button", name="Erase…").last.press("Enter")
    expect(guide.get_by_role("dialog", name="Erase Ada Lovelace")).to_be_visible()
    guide.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_the_focus_stays_inside_a_dialog(guide):
    guide.get_by_role("button", name="Send to 12,408…").press("Enter")
    for _ in range(8):
        guide.keyboard.press("Tab")
        assert guide.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#send')")


@pytest.mark.parametrize("typed", ["12408", "12,408", " 12 408 "])
def test_a_typed_number_wakes_the_button(guide, typed):
    guide.get_by_role("button", name="Send to 12,408…").click()
    send = guide.get_by_role("button", name="Send it")
    expect(send).to_be_disabled()
    guide.keyboard.type(typed)
    expect(send).to_be_enabled()


@pytest.mark.parametrize("typed", ["12407", "1240", "yes", ""])
def test_anything_else_typed_does_not(guide, typed):
    guide.get_by_role("button", name="Send to 12,408…").click()
    guide.keyboard.type(typed)
    expect(guide.get_by_role("button", name="Send it")).to_be_disabled()


def test_a_closed_confirmation_forgets_what_was_typed(guide):
    opener = guide.get_by_role("button", name="Send to 12,408…")
    opener.click()
    guide.keyboard.type("12408")
    guide.keyboard.press("Escape")
    opener.click()
    expect(guide.get_by_role("button", name="Send it")).to_be_disabled()


def test_open_dialogs_are_accessible(guide):
    guide.get_by_role("button", name="Send to 12,408…").click()
    assert axe.violations(guide, "#send") == []
    guide.keyboard.press("Escape")
    guide.keyboard.press("?")
    expect(guide.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert axe.violations(guide, "#keys") == []


def test_g_and_a_letter_go_somewhere(guide):
    guide.keyboard.press("g")
    guide.keyboard.press("c")
    guide.wait_for_url("**/?page=contacts")


@pytest.mark.parametrize(("key", "pressed"), [("a", "approve"), ("r", "reject"), ("c", "create")])
def test_a_letter_presses_what_asks_for_it(guide, key, pressed):
    guide.evaluate(
        "id => document.getElementById(id).addEventListener('click', () => { window.pressed = id; })", pressed
    )
    guide.keyboard.press(key)
    assert guide.evaluate("window.pressed") == pressed


def test_letters_rest_while_someone_types(guide):
    field = guide.get_by_label("Name", exact=True).first
    field.fill("")
    field.press_sequentially("grace ?/jk")
    expect(field).to_have_value("grace ?/jk")
    assert guide.locator("dialog[open]").count() == 0
    assert guide.url.endswith("/")


def test_letters_can_be_switched_off(guide):
    guide.keyboard.press("?")
    guide.get_by_role("switch", name="Single-letter shortcuts").click()
    guide.keyboard.press("Escape")
    guide.reload()
    guide.wait_for_selector("html[data-ready]", state="attached")
    guide.evaluate("document.activeElement.blur()")
    guide.keyboard.press("?")
    assert guide.locator("dialog[open]").count() == 0
    guide.keyboard.press("Control+k")
    expect(guide.locator("#palette")).to_be_visible()


def test_slash_goes_into_the_pages_own_search(guide):
    guide.keyboard.press("/")
    expect(guide.get_by_role("searchbox", name="E-mail, name or phone")).to_be_focused()


def test_rows_are_walked_and_selected(guide):
    guide.keyboard.press("j")
    expect(guide.get_by_role("link", name="ada@example.com")).to_be_focused()
    guide.keyboard.press("j")
    guide.keyboard.press("x")
    expect(guide.get_by_label("Select Grace Hopper")).to_be_checked()
    expect(guide.locator("[data-bulk-bar]")).to_contain_text("1 selected")
    guide.keyboard.press("k")
    expect(guide.get_by_role("link", name="ada@example.com")).to_be_focused()


def test_a_range_of_rows_is_selected_with_shift(guide):
    guide.get_by_label("Select Ada Lovelace").click()
    guide.get_by_label("Select Noor Inayat Khan").click(modifiers=["Shift"])
    expect(guide.locator("[data-bulk-count]")).to_have_text("4")
    expect(guide.get_by_label("Select all rows on this page")).to_be_checked()


def test_a_menu_is_walked_with_arrows(guide):
    button = guide.get_by_role("button", name="Your account: Maya Kern")
    button.press("Enter")
    expect(guide.get_by_role("link", name="Your account")).to_be_focused()
    guide.keyboard.press("End")
    expect(guide.get_by_role("button", name="Sign out")).to_be_focused()
    guide.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_a_menu_stands_at_its_button(guide):
    button = guide.get_by_role("button", name="Your account: Maya Kern")
    button.click()
    menu, opener = guide.locator("#person-menu").bounding_box(), button.bounding_box()
    assert 0 <= menu["y"] - (opener["y"] + opener["height"]) <= 8
    assert abs((menu["x"] + menu["width"]) - (opener["x"] + opener["width"])) <= 2
