"""Colours live in one file; everything else names them."""

from __future__ import annotations

import re

from tests.house import sources

TOKENS = "frontend/scss/_tokens.scss"
FRONTEND = sources.ROOT / "frontend"
HEX = r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b"
FUNCTION = r"\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(\s*[\d.]"
NAMED = r":\s*(?:white|black|red|green|blue|gray|grey|silver|orange|yellow|purple|pink|cyan)\b"
COMMENTS = re.compile(r"/\*.*?\*/|(?<![:\w])//[^\n]*|\{#.*?#\}|<!--.*?-->", re.DOTALL)

IN_SCSS = re.compile(f"{HEX}|{FUNCTION}|{NAMED}")
# In scripts "#add" may be an element; a colour has a digit or is long.
IN_SCRIPTS = re.compile(
    rf"""["'`](?=#[0-9a-fA-F]*\d|#[0-9a-fA-F]{{6}}\b){HEX}["'`]|{FUNCTION}""",
)
IN_TEMPLATES = re.compile(rf"""(?:fill|stroke|color|stop-color|bgcolor|content)\s*=\s*["'](?:{HEX}|{FUNCTION})""")


def found(pattern, paths):
    return [
        f"{sources.name_of(path)}: {match.group()}"
        for path in paths
        for match in pattern.finditer(COMMENTS.sub("", path.read_text(encoding="utf-8")))
    ]


def test_the_patterns_see_colours_and_nothing_else():
    assert IN_SCSS.search("color: #ABC;")
    assert IN_SCSS.search("color: rgba(0, 0, 0, .5)")
    assert IN_SCSS.search("color: white;")
    assert not IN_SCSS.search("color: rgb(from var(--lux-text) r g b); width: calc(#{$a} + 1px)")
    assert IN_SCRIPTS.search("""fill("#7C3AED")""")
    assert IN_SCRIPTS.search("""fill('#f00')""")
    assert not IN_SCRIPTS.search("""document.querySelector("#add")""")
    assert IN_TEMPLATES.search("""<path fill="#abc">""")
    assert not IN_TEMPLATES.search("""<a href="#abc">""")


def test_style_sheets_take_colours_from_the_tokens():
    sheets = [path for path in sources.under(FRONTEND, ".scss") if sources.name_of(path) != TOKENS]
    assert not found(IN_SCSS, sheets)


def test_scripts_take_colours_from_the_tokens():
    assert not found(IN_SCRIPTS, sources.under(FRONTEND / "js", ".js"))


def test_templates_take_colours_from_the_tokens():
    assert not found(IN_TEMPLATES, sources.templates())
