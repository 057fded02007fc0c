"""Liquid survives parsers: what is held aside comes back where it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.render.held import hold
from lux.render.inline import inline_css
from lux.render.mjml import mjml_to_html
from lux.render.problems import TemplateProblem

SOURCE = """<p class="{{ a | default: "x > y" }}">a &amp; {{ b }} {% if a < b %}<b>{% endif %}</b></p>
<!-- {{ c }} --><table>{% for x in y %}<tr><td style='color:{{ x }}'>{{ x }}</td></tr>{% endfor %}</table>
<style>.a{color:{{ brand }}}</style><a href={{ u }}>x</a> &#123;&#123; lq1z {% raw %}{{ as_is }}{% endraw %}"""

FRAGMENTS = st.sampled_from(
    [
        *("{{ a }}", '{{ b | default: "<x>" }}', "{% if c < d %}", "{% endif %}", "<p>", "</p>", '<a href="{{ u }}">'),
        *("</a>", "text & more", "<!-- c -->", "<style>", "</style>", "<br/>", "lq0z", "<td ", ">", '"', "'", "{", "}"),
    ]
)


def test_what_is_held_is_put_back_as_it_was():
    held = hold(SOURCE, field="html")
    assert "{{" not in held.text
    assert "{%" not in held.text
    assert held.put_back(held.text) == SOURCE


@given(st.lists(FRAGMENTS, max_size=20).map("".join))
def test_holding_and_putting_back_changes_nothing_but_blanks(source: str):
    try:
        held = hold(source, field="html")
    except TemplateProblem:
        return
    assert held.put_back(held.text).replace(" ", "") == source.replace(" ", "")
    for construct in held.marks:
        assert construct in source


@given(st.lists(FRAGMENTS, min_size=1, max_size=12).map("".join), st.integers(0, 200))
def test_a_place_in_held_text_leads_back_to_its_line(source: str, index: int):
    source = source.replace("text", "te\nxt")
    try:
        held = hold(source, field="html")
    except TemplateProblem:
        return
    assert 0 <= held.source_index(min(index, len(held.text))) <= len(source) + 1


@pytest.mark.parametrize("compiler", [inline_css, lambda source: mjml_to_html(mjml(source))])
@pytest.mark.parametrize(
    "construct",
    [
        '{{ first_name | default: "a > b & <c>" }}',
        "{{ x['y'] }}",
        '{% if a < b and c contains "</p>" %}yes{% endif %}',
        "{% raw %}<b>{{ as it is }}</b>{% endraw %}",
    ],
)
def test_constructs_that_look_like_markup_come_through_a_parser(compiler, construct: str):
    assert construct in compiler(f"<p>Hello {construct}, you</p>")


def mjml(content: str) -> str:
    return (
        f"<mjml><mj-body><mj-section><mj-column><mj-text>{content}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )


def test_a_loop_over_rows_stays_around_its_rows():
    inlined = inline_css("<table>{% for r in rows %}<tr><td>{{ r }}</td></tr>{% endfor %}</table>")
    start, row, end = (inlined.index(part) for part in ("{% for", "<tr>", "{% endfor"))
    assert inlined.index("<table>") < start < row < inlined.index("</tr>") < end < inlined.index("</table>")


def test_liquid_in_attributes_and_styles_stays_there():
    source = (
        '<style>p{color:{{ c | default: "red" }}}</style><p><a href="https://x.example/{{ id }}?a={{ b }}">x</a></p>'
    )
    inlined = inline_css(source)
    assert 'style="color: {{ c | default: "red" }};"' in inlined
    assert 'href="https://x.example/{{ id }}?a={{ b }}"' in inlined


def test_braces_written_as_entities_do_not_become_liquid():
    assert "{{" not in inline_css("<p>&#123;&#123; not a field &#125;&#125;</p>")


def test_liquid_between_attributes_is_refused_with_a_way_out():
    with pytest.raises(TemplateProblem) as caught:
        inline_css('<p>\n<td {% if x %}class="a"{% endif %}>')
    assert caught.value.line == 2
    assert 'class="{% if' in caught.value.fix
