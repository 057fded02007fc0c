"""The content security policy allows no inline script or style: templates have none."""

from __future__ import annotations

import re

from tests.house import sources

COMMENTS = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element without a nonce": re.compile(r"<style(?![^>]*\snonce=)", re.IGNORECASE),
    "a script without src and nonce": re.compile(r"<script(?![^>]*\s(?:src|nonce)\s*=)", re.IGNORECASE),
    "an event attribute": re.compile(r"""<[^>]*\son[a-z]+\s*=\s*["']""", re.IGNORECASE),
    "htmx code in an attribute": re.compile(r"""<[^>]*\s(?:hx-on[:a-z-]*|hx-vals=["']js:)"""),
    "a javascript: address": re.compile(r"""["']\s*javascript:""", re.IGNORECASE),
}


def faults(text):
    bare = COMMENTS.sub("", text)
    return [what for what, pattern in INLINE.items() if pattern.search(bare)]


def test_the_patterns_see_what_the_policy_would_refuse():
    assert faults('<p style="x">') == ["a style attribute"]
    assert faults("<script>x</script>") == ["a script without src and nonce"]
    assert faults('<a onclick="x">') == ["an event attribute"]
    assert not faults('<script src="/a.js"></script><script type="application/json" nonce="x">')
    assert not faults('<button hx-post="/x" data-on="1" content="a">{# style="" #}')


def test_templates_have_nothing_inline():
    found = {
        sources.name_of(path): seen
        for path in sources.templates()
        if (seen := faults(path.read_text(encoding="utf-8")))
    }
    assert not found
