"""Times, amounts and counts of a condition in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from babel import Locale, dates, numbers

from lux.kit import i18n
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.segments import parts
from lux.rooms.segments.tree import Node


def happening(node: Node) -> str:
    """Say how often, with what property and when."""
    found = [_property(node), times(node), window(node)]
    return " ".join(part for part in found if part)


def said(node: Node) -> str:
    """Say when and through what something was said."""
    source = node.parts.get("source", "")
    through = _("through “%(source)s”", source=source) if source else ""
    return " ".join(part for part in (window(node), through) if part)


def times(node: Node) -> str:
    """Say how often; at least once is not said."""
    count = node.parts.get("count", "")
    number_of = int(count) if count.isdecimal() else 0
    words = {
        "at_least": lambda: ngettext("at least %(num)s time", "at least %(num)s times", number_of),
        "exactly": lambda: ngettext("exactly %(num)s time", "exactly %(num)s times", number_of),
        "at_most": lambda: ngettext("at most %(num)s time", "at most %(num)s times", number_of),
    }
    return words.get(node.parts.get("times", ""), str)()


def window(node: Node) -> str:
    """Say when; ever is not said."""
    op = node.parts.get("when", "")
    ends = {"first": day(node.more), "last": day(node.parts.get("until", ""))}
    words = {
        "in_last": lambda: _("in the last %(length)s", length=length(node.more, node.parts.get("unit", ""))),
        "more_than_ago": lambda: _("more than %(length)s ago", length=length(node.more, node.parts.get("unit", ""))),
        "on": lambda: _("on %(first)s", **ends),
        "before": lambda: _("before %(first)s", **ends),
        "after": lambda: _("after %(first)s", **ends),
        "between": lambda: _("between %(first)s and %(last)s", **ends),
    }
    when = words.get(op, str)()
    which = {"first": _("for the first time"), "last": _("for the last time")}.get(node.parts.get("which", ""), "")
    return f"{which} {when}".strip()


def length(count: str, unit: str) -> str:
    """Say a length of time."""
    number_of = int(count) if count.isdecimal() else 0
    if unit == "weeks":
        return ngettext("%(num)s week", "%(num)s weeks", number_of)
    if unit == "months":
        return ngettext("%(num)s month", "%(num)s months", number_of)
    return ngettext("%(num)s day", "%(num)s days", number_of)


def amount(node: Node, text: str) -> str:
    """Say an amount with its currency, or a number of orders."""
    currency = node.parts.get("currency", "")
    return f"{number(text)} {currency}".strip() if text else ""


def day(text: str) -> str:
    """Say a day as people of the language write it."""
    try:
        return str(dates.format_date(dt.date.fromisoformat(text), locale=_locale()))
    except ValueError:
        return text


def number(text: str) -> str:
    """Say a number as people of the language write it."""
    try:
        return str(numbers.format_decimal(float(text), locale=_locale(), decimal_quantization=False))
    except ValueError:
        return text


SIMPLE: Mapping[str, Callable[[Node], str]] = {  # by what an operator needs
    "day": lambda node: day(node.first),
    "span": lambda node: day(node.first),
    "number": lambda node: number(node.first),
    "range": lambda node: number(node.first),
    "amount": lambda node: amount(node, node.first),
    "reach": lambda node: length(node.first, node.parts.get("unit", "")),
}


def _property(node: Node) -> str:
    how = node.parts.get("how", "")
    if not how:
        return ""
    words = dict(parts.how_choices()).get(how, how)
    return (
        f"{words} ({node.parts.get('prop', '')}) “{node.parts.get('text', '')}”"
        if parts.needs_text(how)
        else (f"{words} ({node.parts.get('prop', '')})")
    )


def _locale() -> Locale:
    name = i18n.locale()
    return Locale.parse("en" if name == i18n.PSEUDO_LOCALE else name)
