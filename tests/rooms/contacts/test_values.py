"""Values as people write them, and what is refused with words that help."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lux.kit.addresses import parse_email
from lux.kit.errors import InvalidInput
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.importing.cells import read_address, read_full_name, read_tags
from lux.rooms.contacts.models import FieldType, Lifecycle
from lux.rooms.contacts.spreadsheet import FORMULA_SIGNS, disarmed, restored
from lux.rooms.contacts.values import Habits, Unreadable

POINT, COMMA = Habits(decimal="."), Habits(decimal=",")


@pytest.mark.parametrize(
    ("text", "habits", "number"),
    [
        ("12", POINT, 12),
        ("-1.5", POINT, -1.5),
        ("1,234", POINT, 1234),
        ("1.234", POINT, 1.234),
        ("1.234", COMMA, 1234),
        ("1,5", COMMA, 1.5),
        ("1.5", COMMA, 1.5),
        ("1 234 567,25", COMMA, 1234567.25),
        ("1'234.50", POINT, 1234.5),
        ("007", POINT, 7),
    ],
)
def test_numbers(text, habits, number):
    assert values.read_number(text, habits) == number


@pytest.mark.parametrize("text", ["", "12a", "1e5", "1,5", "1,23,4", "--1", "NaN", "inf", "9" * 40, "½"])
def test_what_is_no_number(text):
    with pytest.raises(Unreadable):
        values.read_number(text, POINT)


def test_days_follow_the_order_agreed_on():
    assert values.read_date("3/4/2026", Habits(date_order="dmy")) == dt.date(2026, 4, 3)
    assert values.read_date("3/4/2026", Habits(date_order="mdy")) == dt.date(2026, 3, 4)
    assert values.read_date("2026-11-03T08:00:00Z", POINT) == dt.date(2026, 11, 3)
    for text in ("31.02.2026", "3.4.26", "yesterday", "2026-13-01", "0000-01-01"):
        with pytest.raises(Unreadable):
            values.read_date(text, POINT)


def test_countries_languages_zones_and_stages_by_code_and_by_name():
    assert [values.read_country(text) for text in ("de", "Germany", "Deutschland", "USA", "uk")] == [
        "DE", "DE", "DE", "US", "GB",
    ]  # fmt: skip
    assert [values.read_language(text) for text in ("de", "German", "Deutsch", "pt_br")] == ["de", "de", "de", "pt-BR"]
    assert values.read_timezone("europe/berlin") == "Europe/Berlin"
    assert values.read_lifecycle("Customer") is Lifecycle.CUSTOMER
    for reader in (values.read_country, values.read_language, values.read_timezone, values.read_lifecycle):
        with pytest.raises(Unreadable):
            reader("Atlantis")


def test_phone_numbers_take_the_country_they_are_given():
    assert values.read_phone("030 23125 123", "DE") == "+493023125123"
    assert values.read_phone("+44 7700 900123", "DE") == "+447700900123"
    with pytest.raises(Unreadable, match="country code"):
        values.read_phone("030 23125 123", "")
    for text in ("after six", "12", "+49", "030 23125 ext 5"):
        with pytest.raises(Unreadable):
            values.read_phone(text, "DE")


def test_text_is_one_clean_line():
    assert values.read_text("  Ada\n\tLovelace\u202e ", 100) == "Ada Lovelace"
    assert values.read_text("Zoe\u0308", 10) == "Zoë"
    for text in ("a\x00b", "M\ufffdller"):
        with pytest.raises(Unreadable, match="UTF-8"):
            values.read_text(text, 100)
    with pytest.raises(Unreadable, match="at most 3"):
        values.read_text("four", 3)


def test_custom_fields_by_type():
    reader = values.field_reader(FieldType.CHOICE, ["Small", "Large"], POINT)
    assert reader("large") == "Large"
    with pytest.raises(Unreadable, match="Small, Large"):
        reader("huge")
    assert values.field_reader(FieldType.BOOLEAN, [], POINT)("Ja") is True
    assert values.field_reader(FieldType.DATE, [], POINT)("2.1.2026") == "2026-01-02"


def test_names_and_tags_of_one_cell():
    assert read_full_name("Ada King Lovelace") == {"first_name": "Ada King", "last_name": "Lovelace"}
    assert read_full_name("Lovelace, Ada") == {"first_name": "Ada", "last_name": "Lovelace"}
    assert read_full_name("Ada") == {"first_name": "Ada"}
    assert read_tags("vip; Fair 2026,VIP | ") == ("vip", "Fair 2026")
    with pytest.raises(Unreadable):
        read_tags("x" * 65)


def test_search_words_lose_case_and_accents():
    assert catalogue.words_of("Jürgen", "O'Neil-Groß", "") == ["jurgen", "o", "neil", "gross"]


def answer_of(reader, text):
    try:
        return reader(text)
    except InvalidInput as error:
        return str(error)


ADDRESSES = st.one_of(
    st.builds(
        "{}@{}".format,
        st.text("aZ09._+-'äß \"@", max_size=70),
        st.text("aZ09.-_äx", max_size=200),
    ),
    st.builds(
        "{}@{}.example.com".format, st.text("abcXYZ09._+-", min_size=1, max_size=66), st.text("ab-.", max_size=190)
    ),
    st.text(max_size=30),
)


@given(ADDRESSES)
@settings(max_examples=500, deadline=None)
def test_the_quick_way_to_read_an_address_says_what_the_thorough_one_says(text):
    bare = text.strip()
    assert answer_of(read_address, bare) == answer_of(parse_email, bare)


@given(st.text(st.one_of(st.sampled_from("'=+-@\t\r \uff1d\uff0b\uff0d\uff20\n"), st.characters()), max_size=12))
@settings(max_examples=500, deadline=None)
def test_cells_are_disarmed_and_come_back_the_same(cell):
    safe = disarmed(cell)
    assert restored(safe) == cell
    assert safe.lstrip(" ")[:1] not in FORMULA_SIGNS
