"""Money: whole minor units of one currency; amounts of two currencies never meet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering

from babel import Locale, numbers

from lux.kit import i18n
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

_MOST = 2**63 - 1  # what a bigint column holds
_NUMBER = re.compile(r"-?[\d.,'’\s]{1,40}")


class CurrenciesDiffer(ValueError):
    """Two amounts of different currencies can't be added or compared."""


@total_ordering
@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount in minor units (cents, fils; yen themselves) of a currency (ISO 4217)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is no currency; raises ValueError."""
        if not is_currency(self.currency):
            raise ValueError(f"not a currency of ISO 4217: {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        return Money(minor=self.minor + self._same(other), currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(minor=self.minor - self._same(other), currency=self.currency)

    def __neg__(self) -> Money:
        return Money(minor=-self.minor, currency=self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    @property
    def amount(self) -> Decimal:
        """Return the amount in the currency's main unit, exactly."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def display(self, locale: Locale | str | None = None) -> str:
        """Write the amount as people of a locale do; without one, in the present locale."""
        return numbers.format_currency(self.amount, self.currency, locale=locale or i18n.babel_locale())

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrenciesDiffer(f"{self.currency} and {other.currency}")
        return other.minor


def is_currency(code: str) -> bool:
    """Say whether this is the code of a currency, in capitals."""
    return code in _codes()


def exponent(currency: str) -> int:
    """Return how many decimal places a currency has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return int(numbers.get_currency_precision(currency))


def parse(text: str, currency: str, *, field: str = "amount", locale: Locale | str | None = None) -> Money:
    """Read what a person typed; raises InvalidInput naming the field and the fix.

    Decimal and thousands separators are the locale's; a stated currency must be the expected one.
    """
    places, shown_in = exponent(currency), Locale.parse(locale or i18n.babel_locale())
    example = Money(minor=1234 * 10**places + (5 * 10 ** (places - 1) if places else 0), currency=currency)
    shape = "#,##0." + "0" * places if places else "#,##0"
    written = numbers.format_decimal(example.amount, format=shape, locale=shown_in)
    fix = _("Write it like this: %(example)s.", example=written)
    try:
        amount = numbers.parse_decimal(_bare(text, currency, shown_in), locale=shown_in, strict=True)
    except ValueError as error:  # NumberFormatError is one
        raise InvalidInput(_("This is not an amount of money."), field=field, fix=fix) from error
    minor = Decimal(amount) * 10**places
    if minor % 1:
        words = _("%(currency)s has %(places)s decimal places.", currency=currency, places=places)
        raise InvalidInput(words, field=field, fix=fix)
    if abs(minor) > _MOST:
        raise InvalidInput(_("This amount is too large."), field=field, fix=fix)
    return Money(minor=int(minor), currency=currency)


def _bare(text: str, currency: str, locale: Locale) -> str:
    """Return the number alone, with the locale's own separators; raises ValueError for more than a number."""
    bare = " ".join(text.replace("\u2212", "-").split())
    for name in (currency, numbers.get_currency_symbol(currency, locale=locale)):
        sign = "-" if bare.startswith("-") else ""  # −€5 and €−5
        bare = sign + bare.removeprefix(sign).strip().removeprefix(name).removesuffix(name).strip()
    group = numbers.get_group_symbol(locale)
    if group.isspace():  # people type the space they have on their keyboard
        bare = re.sub(r"(?<=\d) (?=\d)", group, bare)
    if not _NUMBER.fullmatch(bare):
        raise ValueError(text)
    return bare


def _codes() -> frozenset[str]:
    return frozenset(Locale.parse(i18n.DEFAULT_LOCALE).currencies)
