"""The company's and the brand's values are in the message before anybody says yes to it."""

from __future__ import annotations

import html as entities

import pytest

from lux.render.liquid import compile_template
from lux.rooms.content import house
from lux.rooms.content.service.composing import Content, compose, render_source
from lux.rooms.content.starters import STARTERS

HOUSE = {
    "brand": {"primary_color": "#112233", "heading_font": "Georgia, 'Times New Roman', serif"},
    "company": {"name": "Ada & Sons", "website": ""},
}


def frozen(source: str, values: house.House = HOUSE, *, html: bool = True) -> str:
    return house.freeze(source, values, field="source", html=html)


def test_values_of_the_company_are_filled_and_escaped():
    assert frozen("<b>{{ company.name }}</b>") == "<b>Ada &amp; Sons</b>"
    assert frozen("{{ company.name }}", html=False) == "Ada & Sons"


def test_what_belongs_to_the_recipient_stays_as_it_is_written():
    source = '{{ first_name | default: "you" }} {% if city %}x{% endif %} {{ company.name }} {{ unsubscribe_url }}'
    assert frozen(source) == source.replace("{{ company.name }}", "Ada &amp; Sons")


def test_conditions_on_the_company_are_decided_with_what_is_in_them():
    source = "{% if company.website != '' %}{{ first_name }}{% else %}none of {{ first_name }}{% endif %}"
    assert frozen(source) == "none of {{ first_name }}"
    cases = "{% case company.name %}{% when 'Ada & Sons' %}A{% else %}B{% endcase %}"
    assert frozen(cases) == "A"


def test_mixed_conditions_wait_for_the_recipient():
    source = "{% if company.website == city %}a{% elsif brand.primary_color %}b{% endif %}"
    assert frozen(source) == source


def test_a_condition_of_the_recipient_around_values_of_the_company():
    source = "{% if city %}{{ company.name }}{% endif %}"
    assert frozen(source) == "{% if city %}Ada &amp; Sons{% endif %}"


def test_a_name_of_the_brand_that_does_not_exist_is_left_to_be_found():
    assert frozen("{{ brand.shape }} {{ brand.primary_color }}") == "{{ brand.shape }} #112233"


def test_a_local_value_of_the_same_name_is_not_touched():
    source = "{% assign company = first_name %}{{ company.name }}"
    assert frozen(source) == source


@pytest.mark.parametrize("name", ["{{ first_name }}", "{% if", "{{", "}}", "&#123;{ x }}", "lqf0z"])
@pytest.mark.parametrize("html", [True, False])
def test_a_company_name_is_never_read_as_liquid(name: str, html: bool):
    values = {"brand": {}, "company": {"name": name}}
    text = frozen("{{ first_name }}|{{ company.name }}", values, html=html)
    shown = compile_template(text, field="source", html=html).render({"first_name": "X"})
    assert (entities.unescape(shown) if html else shown) == f"X|{name}"


def test_raw_blocks_and_dashes_survive():
    source = "{% raw %}{{ company.name }}{% endraw %} a {{- company.name -}} b"
    assert frozen(source) == "{% raw %}{{ company.name }}{% endraw %} aAda &amp; Sonsb"


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.key)
def test_starters_compile_small_and_hold_their_duties(starter):
    full = {
        "brand": {**house.BRAND, "on_primary_color": "#FFFFFF", "on_accent_color": "#FFFFFF"},
        "company": {"name": "Ada", "website": "https://ada.example"},
    }
    made = compose(Content(format="mjml", source=starter.source, subject=starter.subject()), full)
    assert not made.problems
    assert len(made.html.encode()) < 40_000, "far below the 102 KB at which Gmail cuts"
    assert "brand." not in made.html
    assert "company." not in made.html
    for part in (made.html, made.text):
        assert "{{ unsubscribe_url }}" in part
        assert "{{ postal_address }}" in part
    assert "prefers-color-scheme: dark" in made.html
    assert made.html.count("<img") == made.html.count(" alt=")


def test_starters_stand_without_a_brand_too():
    for starter in STARTERS:
        html = render_source("mjml", starter.source)
        shown = compile_template(html, field="source", html=True).render({"company": {"name": "Ada"}})
        assert "#7C3AED" in shown or starter.key == "minimal"
        assert 'color=""' not in shown


COLOURS = {
    "#FFFFFF": "#000000",
    "#000000": "#FFFFFF",
    "#7C3AED": "#FFFFFF",
    "#FBBF24": "#000000",
    "red": "#000000",
}


@pytest.mark.parametrize(("colour", "text"), COLOURS.items())
def test_text_on_a_brand_colour_can_be_read(colour: str, text: str):
    assert house.readable_on(colour) == text
