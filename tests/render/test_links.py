"""Links that are counted, links that are not, and what is said about them."""

from __future__ import annotations

import pytest

from lux.render.findings import Severity
from lux.render.links import TrackedLink, collect_links, is_web, numbered, track_links
from lux.render.liquid import compile_template

HTML = """<a href="https://shop.example/?a=1&amp;b=2">one</a>
<a class="x" href='https://two.example'>two</a> <a href="https://shop.example/?a=1&amp;b=2">one again</a>
<a href="{{ unsubscribe_url }}">stop</a> <a href="{{ view_url }}">view</a> <a
href="#top">up</a> <a href="mailto:a@b.example">mail</a>
<a href="tel:+49">call</a> <a href="https://shop.example/{{ sku }}">yours</a> <map><area href=https://map.example></map>
<a>no target</a> <a href="">empty</a> <a href="ftp://x.example">file</a> <a href="javascript:x">js</a> <a
href="/relative">r</a>
<!-- <a href="https://comment.example">no</a> --> {% if vip %}<a href=" https://vip.example ">vip</a>{% endif %}
<p title='<a href="https://title.example">'>x</p> <A HREF="HTTPS://Upper.Example/">u</A>"""


def test_targets_are_numbered_by_first_appearance():
    assert collect_links(HTML).links == (
        TrackedLink(no=1, url="https://shop.example/?a=1&b=2"),
        TrackedLink(no=2, url="https://two.example"),
        TrackedLink(no=3, url="https://map.example"),
        TrackedLink(no=4, url="https://vip.example"),
        TrackedLink(no=5, url="HTTPS://Upper.Example/"),
    )


def test_an_address_that_differs_per_person_is_told_about():
    findings = collect_links(HTML).findings
    assert [(item.code, item.severity, item.line) for item in findings] == [("link_not_counted", Severity.INFO, 5)]
    assert "{{ sku }}" in findings[0].tag


def test_only_the_table_is_led_over_the_tracking_address():
    tracked = track_links(HTML, collect_links(HTML).links)
    shown = compile_template(tracked, field="html", html=True).render(
        {"lux": {"click": "https://m.example/c/T"}, "vip": True, "sku": "a"}
    )
    assert shown.count("https://m.example/c/T/1") == 2
    assert "<a class=\"x\" href='https://m.example/c/T/2'>" in shown
    assert "href=https://m.example/c/T/3>" in shown
    for kept in ("#top", "mailto:a@b.example", "tel:+49", "https://shop.example/a", "ftp://x.example", "/relative"):
        assert f'"{kept}"' in shown
    assert "https://comment.example" in shown
    assert "https://title.example" in shown


def test_without_a_table_nothing_changes():
    assert track_links(HTML, ()) == HTML


def test_stored_targets_get_the_numbers_they_had():
    links = collect_links(HTML).links
    assert numbered([link.url for link in links]) == links


@pytest.mark.parametrize(
    "url", ["https://x.example", "http://x.example/a?b#c", " https://x.example ", "https://[::1]/", "HTTP://X.example"]
)
def test_web_addresses_are_known(url: str):
    assert is_web(url)


@pytest.mark.parametrize(
    "url", ["", "x.example", "//x.example", "https://", "https:///a", "ftp://x.example", "https://[x", "javascript:x"]
)
def test_other_addresses_are_not(url: str):
    assert not is_web(url)
