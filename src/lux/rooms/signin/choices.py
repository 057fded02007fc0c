"""Lists to choose from: time zones, currencies, languages."""

from __future__ import annotations

from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError, get_global
from babel.numbers import get_currency_name, get_territory_currencies

from lux.kit import clock, i18n


def zones() -> dict[str, list[tuple[str, str]]]:
    """Return the time zones by continent, as (value, label)."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for name in clock.zone_names():
        continent, _slash, place = name.partition("/")
        grouped.setdefault(continent, []).append((name, place.replace("_", " ").replace("/", ", ") or name))
    return grouped


@cache
def currency_codes() -> frozenset[str]:
    """Return the ISO 4217 codes of money that is legal tender somewhere today."""
    territories = get_global("territory_currencies")
    return frozenset(code for territory in territories for code in get_territory_currencies(territory))


def currencies() -> list[tuple[str, str]]:
    """Return the currencies as (code, label), by code."""
    language = _display_locale()
    return [(code, f"{code} · {get_currency_name(code, locale=language)}") for code in sorted(currency_codes())]


def languages() -> list[tuple[str, str]]:
    """Return the languages LUX speaks, each by its own name."""
    return [(name, _own_name(name)) for name in i18n.available_locales()]


def formats() -> list[tuple[str, str]]:
    """Return the regions whose way of writing dates and numbers people may choose, by name."""
    shown_in = Locale.parse(_display_locale())
    named = [(name, shown_in.territories.get(name.partition("_")[2], name)) for name in i18n.regions(shown_in.language)]
    return sorted(named, key=lambda one: one[1])


def _own_name(name: str) -> str:
    try:
        return (Locale.parse(name).get_display_name(name) or name).capitalize()
    except (UnknownLocaleError, ValueError):
        return name


def _display_locale() -> str:
    return "en" if i18n.locale() == i18n.PSEUDO_LOCALE else i18n.locale()
