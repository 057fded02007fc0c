"""Names of countries in the languages of the people who read them, and in those of the files they bring."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.localedata import resolve_locale_filename

from lux.kit import i18n

# What Babel names beside ISO 3166-1's countries: unions, pseudo codes, islands with a reserved code only.
_NO_COUNTRIES = frozenset(["ZZ", "XA", "XB", "EU", "EZ", "UN", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"])


def babel_locale(name: str) -> Locale:
    """Return a locale of LUX as Babel knows it."""
    return Locale.parse("en" if name == i18n.PSEUDO_LOCALE else name)


@lru_cache(maxsize=16)
def names_in(locale: str) -> dict[str, str]:
    """Return the countries' names by code, in a language that people here read."""
    return _only_countries(babel_locale(locale).territories)


def names_once(language: str) -> dict[str, str]:
    """Return the countries' names by code, in a language of a file.

    Read past Babel's memory, which would keep all it knows of that language (about a megabyte) as long as the process
    lives.
    """
    with Path(resolve_locale_filename(language)).open("rb") as data:
        return _only_countries(pickle.load(data)["territories"])  # noqa: S301 - a file of the installed package


def _only_countries(names: Mapping[str, str]) -> dict[str, str]:
    return {
        code: name for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }
