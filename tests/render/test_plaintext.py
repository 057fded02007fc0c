"""The text part says what the HTML says, with its Liquid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.render.liquid import compile_template
from lux.render.plaintext import text_from_html
from lux.render.problems import TemplateProblem


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Title</h1><p>One &amp; two</p><p>Three<br>four</p>", "Title\n=====\n\nOne & two\n\nThree\nfour\n"),
        ("<p>a   b\n c</p>", "a b c\n"),
        ("<ul><li>One</li><li>Two <b>bold</b></li></ul><p>x</p>", "- One\n- Two bold\n\nx\n"),
        ('<a href="https://x.example/?a=1&amp;b=2">Shop</a>', "Shop:\nhttps://x.example/?a=1&b=2\n"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example\n"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example\n"),
        ('<a href="#top">Up</a>', "Up\n"),
        ('<a href="https://x.example"><img src="y" alt="A cat"></a>', "A cat:\nhttps://x.example\n"),
        ('<img src="x" alt=""><img src="y" alt="Two &lt;cats&gt;">', "Two <cats>\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\nc\n"),
        ("<head><title>T</title><style>p{}</style></head><body>x<!-- no --></body>", "x\n"),
        ('<div style="display:none">hidden<div>too</div></div><p>seen</p>', "seen\n"),
        ("a<hr>b", "a\n\n--------------------\n\nb\n"),
        ("a\u00a0b&nbsp;c&zwnj;&#847;&shy;", "a b c\n"),
        ("<p>Hi {{ name | default: 'you > me' }}</p>", "Hi {{ name | default: 'you > me' }}\n"),
        ('<a href="{{ unsubscribe_url }}">Stop</a>', "Stop:\n{{ unsubscribe_url }}\n"),
        ("<h2>Half <i>a</i> title</h2>x", "Half a title\n------------\n\nx\n"),
        ("<h3>Small</h3><p>x</p>", "Small\n\nx\n"),
        ("<ol><li>One<li>Two<ul><li>Inner</ul><li>Three</ol>", "1. One\n2. Two\n  - Inner\n3. Three\n"),
        ("<ol>{% for x in y %}<li>a</li>{% endfor %}</ol>", "{% for x in y %}\n\n- a{% endfor %}\n"),
        ("<blockquote><p>One</p><p>Two<br>more</p></blockquote>end", "> One\n\n> Two\n> more\n\nend\n"),
        (
            "<table><tr><th>Size</th><th>Price</th></tr><tr><td>L</td><td>9 €</td></tr></table>",
            "Size | Price\nL | 9 €\n",
        ),
        ("<table role='presentation'><tr><td>left</td><td>right</td></tr></table>", "left right\n"),
        ('<ul><li><a href="https://x.example/a">One</a></li></ul>', "- One: https://x.example/a\n"),
        ('<p><a href="https://x.example">Read on →</a> </p>', "Read on →\nhttps://x.example\n"),
        ('<p>Or <a href="mailto:a@b.example">write</a> to us</p>', "Or write (a@b.example) to us\n"),
        ("", "\n"),
    ],
)
def test_html_reads_as_text(html: str, text: str):
    assert text_from_html(html) == text


def test_links_in_running_text_get_numbers_and_their_addresses_follow_the_block():
    text = text_from_html(
        '<p>See <a href="https://x.example/a">the lamps</a> and <a href="https://x.example/b">the chairs</a>.</p>'
        '<p>Or <a href="https://x.example/c">the beds</a>, too.</p><p>Bye</p>'
    )
    assert text == (
        "See the lamps [1] and the chairs [2].\n\n[1] https://x.example/a\n[2] https://x.example/b\n\n"
        "Or the beds [3], too.\n\n[3] https://x.example/c\n\nBye\n"
    )


def test_a_links_address_never_leaves_the_condition_or_the_loop_that_it_stands_in():
    text = text_from_html(
        '{% for item in items %}<p>Buy <a href="{{ item.url }}">{{ item.name }}</a> now</p>{% endfor %}'
        '<p>Hi{% if vip %}, <a href="https://x.example/vip">come in</a>{% endif %}.</p>'
    )
    template = compile_template(text, field="text", html=False)
    items = [{"name": "A", "url": "https://a.example"}, {"name": "B", "url": "https://b.example"}]
    filled = template.render({"items": items, "vip": True})
    assert "Buy A [1] now\n\n[1] https://a.example" in filled
    assert "Buy B [1] now\n\n[1] https://b.example" in filled
    assert "Hi, come in (https://x.example/vip)." in filled
    assert "x.example" not in template.render({"items": [], "vip": False})


def test_a_condition_takes_its_line_with_it():
    text = text_from_html("<p>a</p>{% if x %}<p>b</p>{% endif %}<p>c</p>")
    template = compile_template(text, field="text", html=False)
    assert template.render({"x": True}) == "a\n\nb\n\nc\n"
    assert template.render({"x": False}) == "a\n\nc\n"


@pytest.mark.parametrize(
    "html", ["{<b>{{ a }}</b>", "{<b></b>{ a }}", "{<i>% if %}</i>", "{<!-- x -->{% if a %}{% endif %}"]
)
def test_a_brace_does_not_become_liquid_by_losing_its_neighbour(html: str):
    compile_template(text_from_html(html), field="text", html=False).render({"a": "x"})


def test_braces_that_were_text_stay_text():
    text = text_from_html("<p>&#123;&#123; not a field }} and &lbrace;% neither %}</p>")
    assert compile_template(text, field="text", html=False).render({}) == "{{ not a field }} and {% neither %}\n"


@given(
    st.lists(
        st.sampled_from(
            [
                *("<p>", "</p>", "<ul>", "<li>", "</ul>", "<br>", "<a href='https://x.example'>", "</a>", "text"),
                *("{{ a }}", "&#123;", "{", "<div style='display:none'>", "</div>", "<!-- x -->", "<td>", "</td>"),
            ]
        ),
        max_size=25,
    ).map("".join)
)
def test_whatever_the_html_the_text_is_a_template(html: str):
    try:
        compile_template(html, field="html", html=True)
        text = text_from_html(html)
    except TemplateProblem:
        return
    assert "<p>" not in text
    assert "\n\n\n" not in text
    compile_template(text, field="text", html=False).render({"a": "x"})
