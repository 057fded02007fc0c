"""Reads what people write: text, numbers, dates, yes and no, countries, languages, zones, phone numbers."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import get_global

from lux.kit import clock, i18n
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import countries
from lux.rooms.contacts.models import FieldType, Lifecycle

MAX_TEXT = 500  # characters of a custom text field
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,15}([.,]\d{1,15})?")
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}([,’' ]\d{3})+(\.\d{1,15})?"),
    ",": re.compile(r"[+-]?\d{1,3}([.’' ]\d{3})+(,\d{1,15})?"),
}
_GROUP_MARKS = {".": "[,’' ]", ",": "[.’' ]"}
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}.*)?")
_LOCAL_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
YES = frozenset({"yes", "y", "true", "t", "1", "on", "x", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "sim", "tak"})
NO = frozenset({"no", "n", "false", "f", "0", "off", "nein", "falsch", "non", "faux", "não", "nie"})

# Written down: Babel would load a whole locale for each of these words, and keep it.
OWN_NAMES = {
    "de": "Deutsch", "en": "English", "fr": "français", "es": "español", "it": "italiano", "nl": "Nederlands",
    "pt": "português", "pl": "polski", "sv": "svenska", "da": "dansk", "fi": "suomi", "nb": "norsk bokmål",
    "cs": "čeština", "hu": "magyar", "ro": "română", "el": "Ελληνικά", "tr": "Türkçe", "uk": "українська",
    "ja": "日本語",
}  # fmt: skip


class Unreadable(ValueError):
    """The value can't be used; the message says why and what is expected."""


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How ambiguous values are meant: "3/4/2026", "1,234", "030 1234"."""

    date_order: str = "dmy"  # dmy | mdy
    decimal: str = "."  # . | ,
    region: str = ""  # country of phone numbers without a country code


def clean(text: str) -> str:
    """Return one trimmed line: composed characters, no control or direction characters."""
    text = text.strip()
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", _CONTROLS.sub(" ", text)).strip()


def read_text(text: str, limit: int) -> str:
    """Return a line of at most `limit` characters; raises Unreadable."""
    if "\x00" in text or "\ufffd" in text:
        raise Unreadable(_("There is a character that can't be read: save the file as UTF-8."))
    found = clean(text)
    if len(found) > limit:
        raise Unreadable(_("This is %(size)s characters long; at most %(limit)s fit.", size=len(found), limit=limit))
    return found


def read_number(text: str, habits: Habits) -> int | float:
    """Return a number; "1,234" is read by the decimal mark agreed on."""
    bare = text.replace("\u00a0", " ").replace("\u202f", " ").strip()
    if _GROUPED[habits.decimal].fullmatch(bare):
        bare = re.sub(_GROUP_MARKS[habits.decimal], "", bare)
    elif not _PLAIN_NUMBER.fullmatch(bare) or ("," in bare and habits.decimal == "."):
        raise Unreadable(
            _("“%(text)s” is not a number: write it like 1234%(mark)s5.", text=_short(text), mark=habits.decimal)
        )
    number = float(bare.replace(",", "."))
    if not math.isfinite(number):
        raise Unreadable(_("“%(text)s” is not a number.", text=_short(text)))
    return int(number) if number.is_integer() else number


def number_text(value: float) -> str:
    """Return a number as `read_number` reads it: plain digits, however large or small."""
    return format(Decimal(repr(value)), "f")


def read_date(text: str, habits: Habits) -> dt.date:
    """Return a day: 2026-11-23, or day and month in the order agreed on."""
    bare = text.strip()
    if found := _ISO_DATE.fullmatch(bare):
        year, month, day = (int(part) for part in found.groups())
    elif found := _LOCAL_DATE.fullmatch(bare):
        first, second, year = (int(part) for part in found.groups())
        day, month = (first, second) if habits.date_order == "dmy" else (second, first)
    else:
        raise Unreadable(_("“%(text)s” is not a date: write it like 2026-11-23.", text=_short(text)))
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise Unreadable(_("“%(text)s” is not a day of the calendar.", text=_short(text))) from None


def read_yes_no(text: str) -> bool:
    """Return True or False for the usual words of several languages."""
    bare = text.strip().casefold()
    if bare in YES:
        return True
    if bare in NO:
        return False
    raise Unreadable(_("“%(text)s” is neither yes nor no.", text=_short(text)))


def read_choice(text: str, choices: Sequence[str]) -> str:
    """Return the choice as it is written in the field's list, whatever the case."""
    bare = clean(text).casefold()
    for choice in choices:
        if choice.casefold() == bare:
            return choice
    raise Unreadable(_("“%(text)s” is not one of: %(choices)s.", text=_short(text), choices=", ".join(choices)))


def field_reader(kind: FieldType, choices: Sequence[str], habits: Habits) -> Callable[[str], str | int | float | bool]:
    """Return what reads the values of one custom field into JSON values."""
    readers: dict[FieldType, Callable[[str], str | int | float | bool]] = {
        FieldType.TEXT: lambda text: read_text(text, MAX_TEXT),
        FieldType.NUMBER: lambda text: read_number(text, habits),
        FieldType.DATE: lambda text: read_date(text, habits).isoformat(),
        FieldType.BOOLEAN: read_yes_no,
        FieldType.CHOICE: lambda text: read_choice(text, choices),
    }
    return readers[kind]


def read_country(text: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a code or a name."""
    bare = clean(text).casefold()
    code = _countries(i18n.locale()).get(bare)
    if code is None:
        raise Unreadable(
            _("“%(text)s” is not a country: write a code like DE or a name like Germany.", text=_short(text))
        )
    return code


def read_language(text: str) -> str:
    """Return a language tag such as "de" or "pt-BR" of a tag or a name."""
    bare = clean(text)
    if code := _languages(i18n.locale()).get(bare.casefold()):
        return code
    try:
        return str(Locale.parse(bare.replace("-", "_"))).replace("_", "-")[:16]
    except (UnknownLocaleError, ValueError, TypeError):
        raise Unreadable(_("“%(text)s” is not a language: write it like de or German.", text=_short(text))) from None


def read_timezone(text: str) -> str:
    """Return an IANA zone name, whatever the case."""
    found = _zones().get(clean(text).casefold().replace(" ", "_"))
    if found is None:
        raise Unreadable(_("“%(text)s” is not a time zone: write it like Europe/Berlin.", text=_short(text)))
    return found


def read_lifecycle(text: str) -> Lifecycle:
    """Return a lifecycle by its word."""
    bare = clean(text).casefold()
    for stage in Lifecycle:
        if bare in {stage.value, lifecycle_label(stage).casefold()}:
            return stage
    words = ", ".join(stage.value for stage in Lifecycle)
    raise Unreadable(_("“%(text)s” is not one of: %(choices)s.", text=_short(text), choices=words))


def read_phone(text: str, region: str) -> str:
    """Return a number in E.164; `region` is the country of numbers without a country code."""
    bare = clean(text)
    try:
        number = phonenumbers.parse(bare, region or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not bare.startswith("+"):
            raise Unreadable(
                _("“%(text)s” has no country code: write it like +49 30 123456.", text=_short(text))
            ) from None
        raise Unreadable(
            _("“%(text)s” is not a phone number: write it like +49 30 123456.", text=_short(text))
        ) from None
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or number.extension or len(found) < 8:
        raise Unreadable(_("“%(text)s” is not a phone number that can be called.", text=_short(text)))
    return found


def lifecycle_label(stage: Lifecycle) -> str:
    """Return the word people see."""
    return {
        Lifecycle.LEAD: _("Lead"),
        Lifecycle.CUSTOMER: _("Customer"),
        Lifecycle.NEWSLETTER: _("Newsletter"),
        Lifecycle.VIP: _("VIP"),
        Lifecycle.PARTNER: _("Partner"),
    }[stage]


def country_choices() -> list[tuple[str, str]]:
    """Return (code, name) of all countries in the present language, by name."""
    names = countries.names_in(i18n.locale())
    return sorted(names.items(), key=lambda pair: pair[1].casefold())


def country_name(code: str) -> str:
    """Return a country's name in the present language; the code when there is none."""
    return countries.names_in(i18n.locale()).get(code, code)


def region_of(locale: str, timezone: str) -> str:
    """Return the country a company most likely is in, by its locale, else by its time zone; "" when unknown."""
    territory = locale.replace("-", "_").partition("_")[2]
    if len(territory) == 2 and territory.isalpha() and territory != "XA":
        return territory.upper()
    found = str(get_global("zone_territories").get(timezone, ""))
    return found if len(found) == 2 and found.isalpha() else ""


def present_locale() -> Locale:
    """Return the present locale as Babel knows it, with the dates and numbers of the person's region."""
    return i18n.babel_locale()


@lru_cache(maxsize=16)
def _countries(locale: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for alias, codes in get_global("territory_aliases").items():
        if len(codes) == 1 and len(alias) <= 3 and alias.isalpha():  # USA, DEU, UK
            found[alias.casefold()] = codes[0]
    for name in ("en", "de", "fr", "es", "it", "nl"):
        found.update({text.casefold(): code for code, text in countries.names_once(name).items()})
    found.update({text.casefold(): code for code, text in countries.names_in(locale).items()})
    found.update({code.casefold(): code for code in countries.names_in(locale)})
    return found


@lru_cache(maxsize=16)
def _languages(locale: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("en", locale):
        for code, text in countries.babel_locale(name).languages.items():
            if len(code) <= 3:
                found[text.casefold()] = code
        found.update({text.casefold(): code for code, text in OWN_NAMES.items()})
    return found


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in clock.zone_names()}


def _short(text: str) -> str:
    bare = clean(text)
    return bare if len(bare) <= 60 else bare[:57] + "…"


def is_future(day: dt.date, zone: str) -> bool:
    """Say whether a day has not begun yet where somebody is: in Auckland today begins while UTC has yesterday."""
    return day > clock.in_zone(clock.now(), zone).date()


def beginning_of(day: dt.date) -> dt.datetime:
    """Return the moment that stands for a whole day: its beginning in UTC, but never later than now."""
    return min(dt.datetime.combine(day, dt.time(), dt.UTC), clock.now())
