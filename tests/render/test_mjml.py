"""MJML becomes mail HTML, or a problem with its line and tag."""

from __future__ import annotations

import pytest

from lux.render.liquid import compile_template
from lux.render.mjml import mjml_to_html
from lux.render.problems import TemplateProblem


def document(content: str) -> str:
    return f"<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n{content}\n</mj-column></mj-section></mj-body></mjml>"


def test_a_mail_comes_out_with_its_liquid():
    source = document(
        '{% if vip and price < 5 %}<mj-text>Hi {{ name | default: "A & <b>" }}</mj-text>{% endif %}'
        '{% for p in products %}<mj-image src="{{ p.src }}" alt="{{ p.name }}" />{% endfor %}'
        '<mj-button href="https://shop.example/?a={{ id }}&amp;b=1">Go</mj-button>'
    )
    html = mjml_to_html(source)
    assert "<mj-" not in html
    data = {"vip": True, "price": 3, "products": [{"src": "https://x.example/1.png", "name": "One"}], "id": "7"}
    shown = compile_template(html, field="html", html=True).render(data)
    assert "Hi A &amp; &lt;b&gt;" in shown
    assert 'src="https://x.example/1.png"' in shown
    assert 'href="https://shop.example/?a=7&amp;b=1"' in shown
    hidden = compile_template(html, field="html", html=True).render({**data, "vip": False})
    assert "Hi" not in hidden
    assert hidden.count("<td") < shown.count("<td")  # the whole row went, not only its words


def test_no_font_is_loaded_from_elsewhere():
    assert "fonts.googleapis" not in mjml_to_html(document("<mj-text font-family='Roboto'>x</mj-text>"))


def test_preview_title_and_style_keep_their_liquid():
    head = (
        "<mj-head><mj-preview>{{ preview }} & more</mj-preview><mj-title>{{ title }}</mj-title>"
        "<mj-style>.a { color: {{ colour }} }</mj-style></mj-head>"
    )
    html = mjml_to_html(f"<mjml>{head}<mj-body></mj-body></mjml>")
    assert all(field in html for field in ("{{ preview }}", "{{ title }}", "{{ colour }}"))


@pytest.mark.parametrize(
    ("content", "line", "tag", "words"),
    [
        (document("<mj-foo>x</mj-foo>"), 5, "<mj-foo>", "no MJML element <mj-foo>"),
        (document("<mj-text>a < b</mj-text>"), 5, "< b</mj-text>", "lone “<”"),
        (document("<mj-text>\n<a href=x>y</a></mj-text>"), 6, "<a href=x>", "no value in quotes"),
        (document("<mj-text><p>x</mj-text>"), 5, "</mj-text>", "<p> of line 5 is still open"),
        (document("<mj-text>{{ x }}\n\n</p></mj-text>"), 7, "</p>", "<mj-text> of line 5"),
        (document('<mj-include path="/etc/passwd" />'), 5, '<mj-include path="/etc/passwd" />', "not available"),
        (document("<mj-text>x"), 6, "</mj-column>", "<mj-text> of line 5 is still open"),
        ("<mjml>\n<mj-body>", 2, "<mj-body>", "never closed"),
        ("<mjml></mjml>", 1, "<mjml>", "must begin with <mjml>"),
        ("", 1, "", "must begin with <mjml>"),
        ("hello", 1, "hello", "must begin with <mjml>"),
        ("<!doctype html><mjml><mj-body></mj-body></mjml>", 1, "<!doctype html>", "must begin"),
        ("<mjml><mj-body></mj-body></mjml>\nmore", 2, "more", "must begin"),
        ("<mjml><mj-body></mj-body></mjml></p>", 1, "</p>", "must begin"),
        (document("\n{{ x "), 6, "{{ x", "never closed"),
        (document('<mj-text {% if a %}color="red"{% endif %}>x</mj-text>'), 5, "{% if a %}", "between the attributes"),
        (document("<mj-raw>" + "<div>" * 100), 5, "<div>", "nested more than"),
        (document("<mj-raw><svg></svg></mj-raw>"), 5, None, "<svg> can't be used"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_tag(content: str, line: int, tag: str | None, words: str):
    with pytest.raises(TemplateProblem) as caught:
        mjml_to_html(content)
    problem = caught.value
    assert problem.field == "mjml"
    assert problem.line == line
    assert tag is None or problem.tag == tag
    assert words in problem.message


def test_what_only_the_compiler_finds_is_a_problem_too():
    with pytest.raises(TemplateProblem, match="can't be compiled"):
        mjml_to_html(document("<mj-carousel><mj-text>x</mj-text></mj-carousel>"))
