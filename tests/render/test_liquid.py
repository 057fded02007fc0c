"""People's templates: what they may do, what they are told, and what they can't do to us."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from lux.render.filters import SAFE
from lux.render.liquid import MergeField, compile_template, fields_used
from lux.render.problems import TemplateProblem
from tests.render.hostile import HOSTILE

DATA = {
    "first_name": "<b>Ann</b>",
    "missing": "",
    "nothing": None,
    "count": 3,
    "price": 2.5,
    "yes": True,
    "no": False,
    "items": ["a", "b"],
    "custom": {"size": "L", "tags": ["x"]},
    "big": "x" * 5000,
}


def html(source: str) -> str:
    return compile_template(source, field="html", html=True).render(DATA)


def text(source: str) -> str:
    return compile_template(source, field="subject", html=False).render(DATA)


def shown_or_problem(source: str, *, as_html: bool) -> str:
    try:
        return compile_template(source, field="html", html=as_html).render(DATA)
    except TemplateProblem as found:
        return found.message


def problem(source: str) -> TemplateProblem:
    with pytest.raises(TemplateProblem) as caught:
        compile_template(source, field="html", html=True).render(DATA)
    return caught.value


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{{ first_name }}", "<b>Ann</b>"),
        ("{{ custom.size }} {{ custom['size'] }}", "L L"),
        ("[{{ custom }}]", "[]"),
        ("{{ unknown }}|{{ custom.unknown.deeper }}", "|"),
        ("{{ missing | default: 'you' }} {{ nothing | default: 'you' }} {{ no | default: 'you' }}", "you you you"),
        ("{{ count | default: 9 }} {{ price }} {{ yes }} {{ no }}", "3 2.5 true false"),
        ("{% if count > 2 and yes %}many{% else %}few{% endif %}", "many"),
        (
            "{% for i in items %}{{ forloop.index }}{{ i }}{% unless forloop.last %},{% endunless %}{% endfor %}",
            "1a,2b",
        ),
        ("{% for i in (1..3) reversed %}{{ i }}{% endfor %}", "321"),
        ("{% case custom.size %}{% when 'S' %}small{% when 'L' %}large{% endcase %}", "large"),
        ("{% assign x = 'a' | append: 'b' %}{{ x }}", "ab"),
        ("{% capture c %}[{{ count }}]{% endcapture %}{{ c }}{{ c }}", "[3][3]"),
        ("{% comment %}{{ secret }}{% endcomment %}{% # also one %}x", "x"),
        ("{% raw %}{{ as_is }}{% endraw %}", "{{ as_is }}"),
        ("{{ 'tom and ann' | capitalize | replace: 'ann', 'jerry' }}", "Tom and jerry"),
        ("{{ items | join: ' + ' }} {{ items | size }} {{ items | first }} {{ items.last }}", "a + b 2 a b"),
        ("{{ 'b a b' | split: ' ' | uniq | sort | join: '' }}", "ab"),
        ("{{ 7 | divided_by: 2 }} {{ 7.0 | divided_by: 2 }} {{ 2.5678 | round: 2 }}", "3 3.5 2.57"),
        ("{{ '<p>a</p> b' | strip_html }}", "a b"),
        ("{{ 'a-b' }}{{- ' c ' -}} d", "a-b c d"),
    ],
)
def test_a_template_says_what_it_should(source: str, wanted: str):
    assert text(source) == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{{ first_name }}", "&lt;b&gt;Ann&lt;/b&gt;"),
        ("<b>{{ first_name }}</b>", "<b>&lt;b&gt;Ann&lt;/b&gt;</b>"),
        ("{{ unknown | default: 'Tom & Jerry' }}", "Tom &amp; Jerry"),
        ("{{ '<img>' }}", "&lt;img&gt;"),
        ("{{ first_name | append: '<i>' }}", "&lt;b&gt;Ann&lt;/b&gt;&lt;i&gt;"),
        ("{% assign x = first_name %}{{ x }}", "&lt;b&gt;Ann&lt;/b&gt;"),
        ("{% capture x %}<p>{{ first_name }}</p>{% endcapture %}{{ x }}", "<p>&lt;b&gt;Ann&lt;/b&gt;</p>"),
        ("{{ first_name | newline_to_br }}", "&lt;b&gt;Ann&lt;/b&gt;"),
        ("{{ first_name | escape }}", "&lt;b&gt;Ann&lt;/b&gt;"),
        ("{{ first_name | split: '' | join: '' }}", "&lt;b&gt;Ann&lt;/b&gt;"),
        ("{{ first_name | url_encode | url_decode }}", "&lt;b&gt;Ann&lt;/b&gt;"),
        ("{% for x in items %}{{ x | prepend: '<' }}{% endfor %}", "&lt;a&lt;b"),
        ("{% cycle first_name, 'x' %}", "&lt;b&gt;Ann&lt;/b&gt;"),
        ("{{ 'x' | date: first_name }}", "x"),
    ],
)
def test_nothing_unescaped_comes_out_of_a_value(source: str, wanted: str):
    assert html(source) == wanted


@given(
    st.text(max_size=40),
    st.sampled_from(["", "| upcase", "| strip_html", "| truncate: 9", "| append: '<'", "| reverse"]),
)
def test_no_value_opens_a_tag(value: str, filter_chain: str):
    template = compile_template("{{ value " + filter_chain + " }}", field="html", html=True)
    try:
        shown = template.render({"value": value})
    except TemplateProblem:
        return
    assert "<" not in shown
    assert '"' not in shown


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-11-03", "03 November 2026"),
        ("2026-11-03T10:00:00Z", "03 November 2026"),
        ("2026-11-03 10:00:00 UTC", "03 November 2026"),
        ("2026-11-03 10:00:00 +0100", "03 November 2026"),
        ("1793700000", "03 November 2026"),
        (1793700000, "03 November 2026"),
        ("now", "03 November 2026"),
        ("soon", "soon"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
    ],
)
@time_machine.travel("2026-11-03T09:00:00Z", tick=False)
def test_dates_are_written_as_asked(value: object, wanted: str):
    template = compile_template("{{ value | date: '%d %B %Y' }}", field="text", html=False)
    assert template.render({"value": value}) == wanted


@pytest.mark.parametrize("source", HOSTILE)
@pytest.mark.parametrize("as_html", [True, False])
def test_a_hostile_template_gives_text_or_a_problem_soon_and_small(source: str, as_html: bool):
    start = time.process_time()
    shown = shown_or_problem(source, as_html=as_html)
    assert time.process_time() - start < 5.0  # seconds: a bomb would take minutes
    assert len(shown) <= 1_000_000
    for secret in ("<class", "object at 0x", "root:", "function "):
        assert secret not in shown


def test_the_corpus_is_large():
    assert len(set(HOSTILE)) >= 60


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}%- |.:'\"[]()abif forx=<>,#\n", max_size=80))
def test_any_text_is_a_template_or_a_problem(source: str):
    assert isinstance(shown_or_problem(source, as_html=True), str)


@pytest.mark.parametrize(
    ("source", "line", "column", "tag", "words"),
    [
        ("a\nb {{ x", 2, 3, "{{ x", "never closed"),
        ("a\n\n{% if x %}", 3, 1, "{% if x %}", "“if” is never closed"),
        ("{% if x %}\n{% endfor %}", 2, 1, "{% endfor %}", "“endfor” stands where “if” of line 1"),
        ("x {% endfor %}", 1, 3, "{% endfor %}", "closes nothing"),
        ("\n{{ a | upcas }}", 2, 8, "{{ a | upcas }}", "no filter “upcas”"),
        ("{% include 'a' %}", 1, 1, "{% include 'a' %}", "no such tag"),
        ("\n\n{{ a b }}", 3, None, "{{ a b }}", ""),
        ("{{ count | divided_by: 0 }}", 1, 12, "{{ count | divided_by: 0 }}", "divide by 0"),
        ("{{ (1..3) | join: '' }}", 1, 4, "{{ (1..3) | join: '' }}", "can only be looped over"),
    ],
)
def test_a_problem_names_line_and_construct(source: str, line: int, column: int | None, tag: str, words: str):
    found = problem(source)
    assert (found.line, found.tag) == (line, tag)
    assert column is None or found.column == column
    assert words in found.message
    assert found.message.startswith(f"Line {line}")


@pytest.mark.parametrize(
    ("source", "fix"), [("{{ a | upcas }}", "upcase"), ("{% include 'x' %}", "if, unless"), ("{{ x", "}}")]
)
def test_a_problem_says_how_to_mend_it(source: str, fix: str):
    assert fix in problem(source).fix


def test_merge_fields_are_found_with_their_lines():
    source = (
        "{{ first_name | default: 'you' }}\n{% for item in products %}{{ item.name }}{{ forloop.index }}{% endfor %}\n"
        "{% assign mine = 1 %}{{ mine }}{% if custom.size == 'L' %}{{ custom.size }}{% endif %}\n"
        "{% raw %}{{ no }}{% endraw %}"
    )
    assert fields_used(source) == [
        MergeField(name="first_name", line=1, has_default=True),
        MergeField(name="products", line=2, has_default=False),
        MergeField(name="custom.size", line=3, has_default=False),
    ]


@pytest.mark.parametrize(
    "value", [object(), Markup("<b>"), (1, 2), {1: "a"}, {"a": {"b": object()}}, [Markup("x")], b"x"]
)
def test_only_plain_values_go_in(value: object):
    template = compile_template("{{ value }}", field="html", html=True)
    with pytest.raises(TypeError, match="merge data"):
        template.render({"value": value})  # type: ignore[dict-item]


def test_a_template_can_be_rendered_again_and_again():
    template = compile_template("{% assign n = n | plus: 1 %}{{ n }}", field="text", html=False)
    assert [template.render({"n": 1}) for _ in range(3)] == ["2", "2", "2"]


def test_the_guide_names_every_filter():
    guide = (Path(__file__).parents[2] / "docs" / "howto" / "write-with-liquid.md").read_text()
    named = guide.partition("**Filters:**")[2].partition("**Limits:**")[0].split()
    assert named == sorted(SAFE)
