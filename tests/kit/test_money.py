"""Money is whole minor units of one currency: exact in sums, in what is shown, and in what people type."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.kit import i18n
from lux.kit.errors import InvalidInput
from lux.kit.money import CurrenciesDiffer, Money, exponent, parse
from lux.ui import filters


def euro(minor):
    return Money(minor=minor, currency="EUR")


def test_sums_and_differences_of_one_currency():
    assert euro(1999) + euro(1) == euro(2000)
    assert euro(1) - euro(3) == euro(-2) == -euro(2)
    assert sorted([euro(3), euro(-1), euro(2)]) == [euro(-1), euro(2), euro(3)]
    assert euro(2) >= euro(2)
    assert len({euro(2), euro(2)}) == 1


@pytest.mark.parametrize(
    "act", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b], ids="+-<≥"
)
def test_two_currencies_never_meet(act):
    with pytest.raises(CurrenciesDiffer, match="EUR and JPY"):
        act(euro(1), Money(minor=1, currency="JPY"))


def test_two_currencies_are_not_equal():
    assert euro(1) != Money(minor=1, currency="USD")


@pytest.mark.parametrize("code", ["ZZZ", "eur", "", "EURO", "€"])
def test_an_unknown_currency_is_refused(code):
    with pytest.raises(ValueError, match="4217"):
        Money(minor=1, currency=code)


@pytest.mark.parametrize(
    ("currency", "amount", "english", "german"),
    [
        ("EUR", Decimal("1234.50"), "€1,234.50", "1.234,50\xa0€"),
        ("JPY", Decimal(123450), "¥123,450", "123.450\xa0¥"),
        ("KWD", Decimal("123.450"), "KWD123.450", "123,450\xa0KWD"),
    ],
)
def test_the_currency_says_how_many_places_it_has(currency, amount, english, german):
    money = Money(minor=123450, currency=currency)
    assert money.amount == amount
    assert (money.display("en"), money.display("de")) == (english, german)


def test_templates_show_money_in_the_readers_language():
    with i18n.use_locale("de"):
        assert filters.money(-5, "EUR") == "-0,05\xa0€"
    with i18n.use_locale(i18n.PSEUDO_LOCALE):
        assert filters.money(5, "EUR") == "€0.05"
    assert filters.money(None, "EUR") == "unknown"


def test_large_amounts_lose_nothing():
    assert euro(2**63 - 1).display("en") == "€92,233,720,368,547,758.07"


@pytest.mark.parametrize(
    ("text", "locale", "minor"),
    [
        ("12", "en", 1200),
        (" 12.5 ", "en", 1250),
        ("1,234.50", "en", 123450),
        ("€1,234.50", "en", 123450),
        ("-€5", "en", -500),
        ("1.234,50 €", "de", 123450),
        ("EUR 7,05", "de", 705),
        ("1 234,50", "fr", 123450),
        ("−3,20", "sv", -320),
    ],
)
def test_what_people_type_is_read_as_their_language_writes_it(text, locale, minor):
    assert parse(text, "EUR", locale=locale) == euro(minor)


@pytest.mark.parametrize("text", ["", "free", "1,5", "1.2.3", "12 USD", "NaN", "Infinity", "1e5", "1_000", "--1", "$5"])
def test_what_is_no_amount_is_refused_with_the_field_and_the_fix(text):
    with pytest.raises(InvalidInput) as told:
        parse(text, "EUR", field="budget", locale="en")
    (problem,) = told.value.problems
    assert (problem.field, problem.fix) == ("budget", "Write it like this: 1,234.50.")


def test_places_that_the_currency_does_not_have_are_refused():
    with pytest.raises(InvalidInput, match="EUR has 2 decimal places"):
        parse("1.005", "EUR", locale="en")
    with pytest.raises(InvalidInput, match="JPY has 0 decimal places"):
        parse("1.5", "JPY", locale="en")
    assert parse("1.005", "KWD", locale="en").minor == 1005


def test_an_amount_that_no_column_holds_is_refused():
    with pytest.raises(InvalidInput, match="too large"):
        parse("99999999999999999999", "EUR", locale="en")


@given(
    minor=st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "USD", "CHF"]),
    locale=st.sampled_from(["en", "de", "fr", "sv", "de_CH", "pl"]),
)
def test_what_is_shown_is_read_back_unchanged(minor, currency, locale):
    money = Money(minor=minor, currency=currency)
    assert parse(money.display(locale), currency, locale=locale) == money
    assert money.amount.as_tuple().exponent == -exponent(currency)
