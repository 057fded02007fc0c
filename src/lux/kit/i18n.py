"""Translations for every layer: a context variable holds the locale, gettext looks it up when asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.localedata import locale_identifiers
from babel.support import LazyProxy, NullTranslations, Translations

DOMAIN = "lux"
LOCALE_DIR = Path(__file__).parent.parent / "locale"
DEFAULT_LOCALE = "en"
PSEUDO_LOCALE = "en_XA"  # wraps every translated string in ⟦ ⟧, so that a test sees what is not translated

_current: ContextVar[str] = ContextVar("lux_locale", default=DEFAULT_LOCALE)
_formats: ContextVar[str] = ContextVar("lux_formats", default="")  # "en_GB": how this person writes dates and numbers
_PLACEHOLDER = re.compile(r"(%\(\w+\)[sd]|%%|<[^>]+>|\{[^}]*\}|&\w+;)")
_ACCENTS = str.maketrans("aceinouyACEINOUY", "áçéíñóúýÁÇÉÍÑÓÚÝ")


@lru_cache(maxsize=32)
def _catalogue(locale: str) -> NullTranslations:
    if locale in {DEFAULT_LOCALE, PSEUDO_LOCALE}:
        return NullTranslations()
    return Translations.load(LOCALE_DIR, [locale], DOMAIN)


def locale() -> str:
    """Return the locale of the present context, for example "en" or "de"."""
    return _current.get()


def babel_locale() -> Locale:
    """Return how numbers and dates are written in the present context: the person's region, else as is usual."""
    name = DEFAULT_LOCALE if locale() == PSEUDO_LOCALE else locale()
    return Locale.parse(_formats.get() if language_of(_formats.get()) == language_of(name) else name)


def language_of(name: str) -> str:
    """Return the language of a locale: "en" of "en_GB"."""
    return name.partition("_")[0]


@lru_cache(maxsize=8)
def regions(language: str) -> tuple[str, ...]:
    """Return the locales of a language that name a region: "en_GB"; none of them is loaded for it."""
    pattern = re.compile(rf"{re.escape(language)}_(?:[A-Z]{{2}}|\d{{3}})")
    return tuple(sorted(name for name in locale_identifiers() if pattern.fullmatch(name)))


def available_locales() -> list[str]:
    """Return the locales that have a catalogue, English first."""
    found = sorted(path.parent.parent.name for path in LOCALE_DIR.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return [DEFAULT_LOCALE, *[name for name in found if name != DEFAULT_LOCALE]]


@contextmanager
def use_locale(name: str | None) -> Iterator[None]:
    """Use a locale for the length of a block."""
    token, formats = _current.set(name or DEFAULT_LOCALE), _formats.set("")
    try:
        yield
    finally:
        _current.reset(token)
        _formats.reset(formats)


def set_locale(name: str | None, formats: str = "") -> None:
    """Use a locale, and the dates and numbers of a region, for the rest of the present context (one request)."""
    _current.set(name or DEFAULT_LOCALE)
    _formats.set(formats)


def _pseudo(text: str) -> str:
    parts = _PLACEHOLDER.split(text)
    return "⟦" + "".join(p if _PLACEHOLDER.fullmatch(p) else p.translate(_ACCENTS) for p in parts) + "⟧"


def gettext(message: str, **values: object) -> str:
    """Translate a message and fill its %(name)s placeholders."""
    text = _catalogue(locale()).ugettext(message)
    text = _pseudo(text) if locale() == PSEUDO_LOCALE else text
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """Translate a message that counts; `num` is also a placeholder."""
    text = _catalogue(locale()).ungettext(singular, plural, num)
    text = _pseudo(text) if locale() == PSEUDO_LOCALE else text
    return text % {"num": num, **values}


def lazy_gettext(message: str, **values: object) -> LazyProxy:
    """Return a message that is translated each time it is shown."""
    return LazyProxy(gettext, message, enable_cache=False, **values)
