"""What people paste is cleaned of everything that runs, loads or hides."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.render.inline import inline_css
from lux.render.problems import TemplateProblem
from lux.render.sanitise import sanitise

ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://x.example/a.png' onload='alert(1)'>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    '<a href=" &#14; javascript:alert(1)">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<object data=x></object><embed src=x>",
    "<form action=https://evil.example><input name=p><button>x</button></form>",
    "<body onload=alert(1)>",
    "<style>@import 'https://evil.example/x.css'; p{background:url(https://evil.example)}</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example>",
    "<p style='background:url(javascript:alert(1));position:fixed;behavior:url(x)'>x</p>",
    "<p style='width: expression(alert(1))'>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<a title='<!--'>x</a><a title='--><img src=x onerror=alert(1)>'>y</a>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "</[if mso]><img src=x onerror=alert(1)>",
    "<?xml <img src=x onerror=alert(1)>?>",
    "<template><img src=x onerror=alert(1)></template>",
    "<video><source onerror=alert(1)></video>",
    "<select><style><img src=x onerror=alert(1)></style></select>",
    "<mj-style><img src=x onerror=alert(1)></mj-style>",
    "<p/onclick=alert(1)>x",
    "<p\nonclick=alert(1)>x",
    "<IMG SRC=x OnErRoR=alert(1)>",
    "<a href='https://x.example' target=_blank onclick=alert(1)>x</a>",
    "<details ontoggle=alert(1) open>x</details>",
]
DANGER = re.compile(
    r"<script|<svg|<iframe|<style|<!--|<form|<input|<object|<embed|<link|<meta|<base|<template", re.IGNORECASE
)
RUNS = re.compile(
    r"<[^>]*\son\w+\s*=|(?:href|src)\s*=\s*[\"']?\s*(?:javascript|vbscript|data):|expression\(|url\(", re.IGNORECASE
)
PIECES = [*ATTACKS, "<p>", "</p>", '"', "'", ">", "<!--", "-->", "{{ a }}", "{% if x %}"]


def without_values(html: str) -> str:
    return re.sub(r"(title|alt)=\"[^\"]*\"", "", html)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_or_loads_is_left(attack: str):
    cleaned = sanitise(f"before {attack} after")
    assert not DANGER.search(cleaned), cleaned
    assert not RUNS.search(without_values(cleaned)), cleaned
    assert "before" in cleaned


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_attacks_put_together_do_no_more(source: str):
    try:
        cleaned = sanitise(source)
    except TemplateProblem:
        return
    assert not DANGER.search(cleaned.replace("{% if x %}", "")), cleaned
    assert not RUNS.search(without_values(cleaned)), cleaned


@pytest.mark.parametrize(
    "fine",
    [
        "<p>Hello <b>you</b> and <em>you</em></p>",
        '<a href="https://shop.example/?a=1&amp;b=2" target="_blank">Shop</a>',
        '<a href="mailto:a@b.example">write</a>',
        '<img src="https://x.example/a.png" alt="A cat" width="100">',
        '<table align="center" bgcolor="#fff"><tbody><tr><td colspan="2" valign="top">x</td></tr></tbody></table>',
        '<p style="color:red;font-size:14px;padding:8px">x</p>',
        '{% if vip %}<p>{{ name | default: "A <b> & c" }}</p>{% endif %}',
        "<ul><li>one</li><li>two</li></ul>",
        "a &amp; b &lt; c",
    ],
)
def test_what_mails_show_stays_as_it_is(fine: str):
    assert sanitise(fine) == fine


def test_cleaning_twice_changes_nothing_more():
    for attack in ATTACKS:
        once = sanitise(attack)
        assert sanitise(once) == once


def test_inlining_loads_nothing_and_keeps_what_cannot_be_inlined(tmp_path):
    secret = tmp_path / "secret.css"
    secret.write_text("p{color:red}")
    source = (
        f'<html><head><link rel="stylesheet" href="{secret}"><link rel="stylesheet" href="file://{secret}">'
        "<style>p{margin:0} a:hover{color:pink} @media (max-width:600px){p{color:blue}}</style></head>"
        "<body><p>x</p></body></html>"
    )
    inlined = inline_css(source)
    assert '<p style="margin: 0;">' in inlined
    assert "red" not in inlined
    assert "a:hover" in inlined
    assert "@media (max-width:600px)" in inlined


def test_mjml_given_as_html_is_noticed():
    with pytest.raises(TemplateProblem, match="MJML, not HTML"):
        inline_css("<mjml><mj-body></mj-body></mjml>")
