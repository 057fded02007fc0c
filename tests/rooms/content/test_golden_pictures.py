"""The six starters look as they did when somebody last looked at them: light and dark, wide and at 390 px."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from lux.render.frame import with_preview
from lux.rooms.content.service.composing import Content, compose
from lux.rooms.content.starters import STARTERS, Starter
from tests.rooms.content import golden
from tests.rooms.content.test_starters import VALUES, key, shown
from tests.services.chromium import Pages, launched


def as_mail(starter: Starter, source: str = "") -> str:
    made = compose(Content(format="mjml", source=source or starter.source, subject=starter.subject()), VALUES)
    assert not made.problems
    return shown(with_preview(made.html, starter.preview_text()))


@pytest.mark.parametrize("size", golden.SIZES)
@pytest.mark.parametrize("starter", STARTERS, ids=key)
def test_a_starter_looks_as_it_did(pages: Pages, starter: Starter, size: str, tmp_path: Path):
    width, scheme = golden.SIZES[size]
    page = pages.open("http://127.0.0.1", viewport={"width": width, "height": 800}, color_scheme=scheme)
    golden.prepare(page, as_mail(starter))
    made = golden.picture(page)
    found = golden.difference(golden.kept(f"{starter.key}-{size}"), made)
    made.save(tmp_path / "now.png")
    assert not found.is_noticed, f"{found}; see {tmp_path / 'now.png'}, and tests/rooms/content/golden.py"


WELCOME = next(one for one in STARTERS if one.key == "welcome")
CHANGES = {
    "a button in another colour": ("brand.primary_color", "brand.accent_color"),
    "wider margins": ('padding="0 40px', 'padding="0 72px'),
    "no dark mode": ("prefers-color-scheme: dark", "prefers-color-scheme: none"),
    "larger text": ('font-size="16px"', 'font-size="18px"'),
    "other words": ("Three small steps", "A step or two that we thought of for you, then some more of them"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_starter_is_noticed(pages: Pages, change: str):
    before, after = CHANGES[change]
    assert before in WELCOME.source, "the change changes something"
    page = pages.open("http://127.0.0.1", viewport={"width": 390, "height": 800}, color_scheme="dark")
    golden.prepare(page, as_mail(WELCOME, WELCOME.source.replace(before, after)))
    assert golden.difference(golden.kept("welcome-dark-phone"), golden.picture(page)).is_noticed


@pytest.mark.parametrize("rendering", ["text-rendering: geometricPrecision", "-webkit-font-smoothing: none"])
def test_how_letters_are_smoothed_is_not_noticed(pages: Pages, rendering: str):
    page = pages.open("http://127.0.0.1", viewport={"width": 390, "height": 800}, color_scheme="dark")
    golden.prepare(page, as_mail(WELCOME))
    page.add_style_tag(content=f"* {{ {rendering} !important }} body {{ letter-spacing: 0.004em }}")
    assert not golden.difference(golden.kept("welcome-dark-phone"), golden.picture(page)).is_noticed


def make_all() -> None:
    """Make every golden picture anew."""
    with launched() as browser:
        for starter in STARTERS:
            for size in golden.SIZES:
                golden.keep(f"{starter.key}-{size}", _rendered(browser, starter, size))


def _rendered(browser: Browser, starter: Starter, size: str) -> Image.Image:
    width, scheme = golden.SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    golden.prepare(page, as_mail(starter))
    made = golden.picture(page)
    context.close()
    return made
