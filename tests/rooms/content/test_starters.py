"""The starters and ready-made blocks: right in the mail programs people have, light and dark, wide and narrow.

What must hold whatever they look like is measured in Chromium: where the card, headings and buttons stand, how wide
they are, what lies on what, and the contrast of every text with the ground it really stands on. How they look is held
by `test_golden_pictures`.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import frontend
from lux.render.frame import with_preview
from lux.render.liquid import compile_template
from lux.rooms.content import house
from lux.rooms.content.service.blocks import alone
from lux.rooms.content.service.composing import Composed, Content, compose
from lux.rooms.content.starters import STARTERS, Starter
from lux.rooms.content.starters.blocks import READY_MADE, ReadyMade
from tests.services.chromium import Pages

VALUES = {
    "brand": {**house.BRAND, "on_primary_color": "#FFFFFF", "on_accent_color": "#FFFFFF"},
    "company": {"name": "Nordlicht Lamps", "website": "https://ada.example"},
}
# What caniemail.com (read 2026-11 through its npm package) calls unsupported somewhere and what we use all the same:
# each is an addition whose absence leaves the mail whole.
HARMLESS = {
    "@media": "phones and dark mode; without it the mail is light and as wide as its column",
    "<style> element": "Gmail's mobile web view drops it; everything that carries the layout is inline",
    "Descendant combinator": "inside @media only",
    "ID selector": "MJML's reset for Outlook.com",
    "Type selector": "MJML's reset",
    "Chaining selectors": "inside @media only",
    "Class selector": "inside @media only",
    "cursor": "MJML's buttons",
    "target attribute": "webmail opens a new tab by itself",
    "color-scheme CSS property": "tells Apple Mail that we bring dark colours of our own",
    "color-scheme meta tag": "the same",
    "overflow": "hides the preview text; it is hidden in two more ways",
    "outline": "MJML's reset",
    "word-spacing": "the hidden preview text",
    "word-break": "long words on narrow screens",
    "border-radius": "corners are square in Outlook on Windows",
    "table-layout": "MJML's tables; automatic is what programs do anyway",
    "aria-label attribute": "read aloud where it is known",
    "role attribute": "read aloud where it is known",
    "<body> element": "Outlook on a Mac takes its content",
}
NEVER = ("flex", "grid", "position:", "@import", "@font-face", "var(", "calc(", "data:image", "<svg", "<video", "<form")
SIZES = {"desktop": (700, "light"), "dark": (700, "dark"), "phone": (390, "light"), "dark phone": (390, "dark")}


@cache
def composed(starter: Starter) -> Composed:
    made = compose(Content(format="mjml", source=starter.source, subject=starter.subject()), VALUES)
    assert not made.problems
    return made


def shown(html: str) -> str:
    data = {
        "first_name": "Ada",
        "postal_address": "Nordlicht GmbH, Main Street 1, 12345 Town",
        "unsubscribe_url": "https://lux.example/u",
        "view_url": "https://lux.example/v",
    }
    return compile_template(html, field="source", html=True).render(data)


def key(one: Starter | ReadyMade) -> str:
    return one.key


def test_there_are_six_starters_and_five_blocks():
    assert [one.key for one in STARTERS] == ["newsletter", "promotion", "welcome", "event", "update", "minimal"]
    assert [one.key for one in READY_MADE] == ["header", "button-row", "two-columns", "product-card", "footer"]


def test_they_use_nothing_that_mail_programs_lack():
    """Gmail, Outlook and Apple Mail by caniemail's data; what is missed somewhere is named above with its reason."""
    pages = [composed(one).html for one in STARTERS]
    pages += [compose(alone("mjml", one.source), VALUES).html for one in READY_MADE]
    node = frontend.node_on_path() or frontend.node_in_wheel()
    assert node is not None
    script = Path(__file__).with_name("caniemail.mjs")
    answer = subprocess.run(
        [node.node, str(script)], input=json.dumps(pages), capture_output=True, text=True, check=True, timeout=120
    )
    found = json.loads(answer.stdout)
    assert {title: clients for title, clients in found.items() if title not in HARMLESS} == {}
    assert set(HARMLESS) <= set(found), "what is excused is there"


@pytest.mark.parametrize("starter", STARTERS, ids=key)
def test_they_hold_what_a_good_mail_holds(starter: Starter):
    html = composed(starter).html
    for word in NEVER:
        assert word not in html.replace("table-layout", "").lower(), word
    assert len(with_preview(html, starter.preview_text()).encode()) < 40_000, "far below Gmail's 102 KB"
    style = "".join(part.partition("</style>")[0] for part in html.split("<style")[1:])
    assert len(style.encode()) < 16_000, "Gmail drops a larger style sheet as a whole"
    assert 'lang="en"' in html
    assert starter.subject()
    assert 30 <= len(starter.preview_text()) <= 90
    assert html.count("<img") == html.count(" alt=")
    for duty in ("{{ unsubscribe_url }}", "{{ postal_address }}"):
        assert duty in html
        assert duty in composed(starter).text
    if starter.key != "minimal":
        assert 'bgcolor="#7C3AED"' in html, "buttons are coloured cells, also where no styles are read"
        assert "{{ view_url }}" in html


MEASURE = """() => {
  const box = (one) => {
    const r = one.getBoundingClientRect();
    return [r.left, r.top, r.width, r.height].map(Math.round);
  };
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  const small = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    const style = getComputedStyle(one);
    if (!walk.currentNode.data.trim() || style.display === "none" || one.closest("[style*='display:none']")) continue;
    const [a, b] = [luminance(parse(style.color).slice(0, 3)), luminance(ground(one))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push(`${walk.currentNode.data.trim()}: ${contrast.toFixed(2)}`);
    if (parseFloat(style.fontSize) < 12) small.push(walk.currentNode.data.trim());
  }
  return {
    wide: document.documentElement.scrollWidth,
    faint, small,
    ground: parse(getComputedStyle(document.body).backgroundColor),
    page: luminance(ground(document.querySelector(".page") || document.body)),
    sections: [...document.querySelectorAll(".page > div")].map(box),
    buttons: [...document.querySelectorAll(".action a")].map(box),
    headings: [...document.querySelectorAll(".h1 div")].map((one) => parseFloat(getComputedStyle(one).fontSize)),
    texts: [...document.querySelectorAll(".card div")]
      .filter((one) => [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
      .map(box),
  };
}"""


@pytest.mark.parametrize("starter", STARTERS, ids=key)
def test_they_stand_right_light_and_dark_wide_and_narrow(pages: Pages, starter: Starter):
    html = shown(with_preview(composed(starter).html, starter.preview_text()))
    for name, (width, scheme) in SIZES.items():
        page = pages.open("http://127.0.0.1", viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.set_content(html)
        found: dict[str, Any] = page.evaluate(MEASURE)
        _right(found, f"{starter.key}, {name}", width=width, is_dark=scheme == "dark")
        page.close()


def _right(found: dict[str, Any], where: str, *, width: int, is_dark: bool) -> None:
    assert found["wide"] == width, f"{where}: nothing is wider than the window"
    assert found["faint"] == [], f"{where}: every text can be read on its ground"
    assert found["small"] == [], f"{where}: no text is tiny"
    assert (found["page"] < 0.2) is is_dark, f"{where}: the ground is as dark as asked for"
    column = min(600, width)
    edge = (width - column) // 2
    for left, _top, wide, _high in found["sections"]:
        assert (left, wide) == (edge, column), f"{where}: sections fill the column"
    stacked = sorted(found["sections"], key=lambda one: one[1])
    for (_l, top, _w, high), (_l2, below, _w2, _h2) in pairwise(stacked):
        assert abs(top + high - below) <= 1, f"{where}: no gap and no overlap between sections"
    for left, _top, wide, high in found["buttons"]:
        assert high >= 44, f"{where}: buttons can be pressed with a thumb"
        assert edge + 24 <= left, where
        assert left + wide <= edge + column - 24, f"{where}: buttons stay inside the margins"
    for left, _top, wide, _high in found["texts"]:
        assert left >= edge + 16, where
        assert left + wide <= edge + column - 16, f"{where}: text keeps its margins"
    for size in found["headings"]:
        assert size <= (28 if width < 520 else 40), f"{where}: headings become smaller on phones"


@pytest.mark.parametrize("block", READY_MADE, ids=key)
def test_blocks_stand_right_wide_and_narrow(pages: Pages, block: ReadyMade):
    made = compose(alone("mjml", block.source), VALUES)
    assert not made.problems
    for width in (700, 390):
        page = pages.open("http://127.0.0.1", viewport={"width": width, "height": 800})
        page.set_content(shown(made.html))
        found: dict[str, Any] = page.evaluate(MEASURE)
        assert found["wide"] == width
        assert found["faint"] == []
        page.close()
