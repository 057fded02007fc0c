"""The Liquid filters a mail may use, each bounded in what it takes and gives."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping

from liquid.builtin.filters import array, math, misc, string
from liquid.exceptions import FilterArgumentError, ResourceLimitError
from liquid.filter import liquid_filter, math_filter, sequence_filter, string_filter
from liquid.undefined import is_undefined
from markupsafe import soft_str

from lux.kit import clock

MAX_VALUE = 200_000  # characters (or items) of any value inside a template
MAX_BITS = 64  # of a whole number
MAX_DIGITS = 10  # that `round` may keep
MAX_EPOCH = 253_402_300_799  # seconds, end of the year 9999

_DATE_FORMAT = re.compile(r"(?:%-?[aAbBcdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%]|[^%])*")
_TAG = re.compile(r"<[^<>]*>")
_ALMOST_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|[+-]\d\d:?\d\d)?")


def size_of(value: object) -> int:
    """Return how many characters a value would print, roughly."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(size_of(item) for item in value.values()) + len(value)
    if isinstance(value, list | tuple):
        return sum(size_of(item) for item in value) + len(value)
    return 8


def check_size(size: int) -> None:
    """Refuse a value of more than MAX_VALUE characters."""
    if size > MAX_VALUE:
        raise ResourceLimitError("a value becomes too large", token=None)


@string_filter
def replace(value: str, old: object, new: object = "") -> str:
    """Replace every occurrence, unless the outcome would be too large."""
    needle, new_text = soft_str(old), soft_str(new)
    times = value.count(needle) if needle else len(value) + 1
    check_size(len(value) + times * len(new_text))
    return value.replace(needle, new_text)


@string_filter
def strip_html(value: str) -> str:
    """Drop what looks like a tag (the library's parser takes quadratic time on broken HTML)."""
    return _TAG.sub("", str(value))


@sequence_filter
def join(items: Iterable[object], separator: object = " ") -> str:
    """Join the items, unless the outcome would be too large."""
    parts = list(items)
    glue = "" if separator is None or is_undefined(separator) else soft_str(separator)
    check_size(size_of(parts) + len(parts) * len(glue))
    return glue.join("" if part is None else soft_str(part) for part in parts)


@sequence_filter
def uniq(items: Iterable[object], key: object = None) -> list[object]:
    """Drop repeated items; with a key, items whose key repeats."""
    seen: list[object] = []
    kept: list[object] = []
    for item in items:
        mark = item.get(key) if key is not None and isinstance(item, Mapping) else item
        if mark in seen:
            continue
        check_size(len(seen) * 100)
        seen.append(mark)
        kept.append(item)
    return kept


@math_filter
def round_(value: float, digits: object = None) -> float:
    """Round to at most MAX_DIGITS decimals."""
    if digits is None or is_undefined(digits):
        return round(value)
    if not isinstance(digits, int | str) or isinstance(digits, bool):
        raise FilterArgumentError("round expects a whole number of digits", token=None)
    return round(value, max(0, min(int(digits), MAX_DIGITS))) if int(digits) > 0 else round(value)


@liquid_filter
def date(value: object, layout: object = "") -> str:
    """Format an ISO 8601 date, seconds since 1970, or "now" (UTC); anything else stays."""
    if value is None or is_undefined(value):
        return ""
    text = soft_str(layout) if not is_undefined(layout) else ""
    if not text:
        return str(value)
    if len(text) > 100 or not _DATE_FORMAT.fullmatch(text):
        raise FilterArgumentError("this is not a date format; write for example %d %B %Y", token=None)
    moment = _moment(value)
    return str(value) if moment is None else moment.strftime(str(text))


def _moment(value: object) -> dt.datetime | None:
    if isinstance(value, str):
        text = value.strip()
        if text in {"now", "today"}:
            return clock.now()
        if not text.isascii() or not text.isdigit() or len(text) > 12:
            return _iso(text)
        value = int(text)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_EPOCH:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    return None


def _iso(text: str) -> dt.datetime | None:
    almost = _ALMOST_ISO.fullmatch(text)
    if almost:
        offset = (almost[3] or "").replace("UTC", "Z")
        text = f"{almost[1]}T{almost[2]}{offset}"
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


SAFE: dict[str, Callable[..., object]] = {
    "abs": math.abs_,
    "append": string.append,
    "at_least": math.at_least,
    "at_most": math.at_most,
    "capitalize": string.capitalize,
    "ceil": math.ceil,
    "compact": array.compact,
    "concat": array.concat,
    "date": date,
    "default": misc.default,
    "divided_by": math.divided_by,
    "downcase": string.downcase,
    "escape": string.escape,
    "escape_once": string.escape_once,
    "first": array.first,
    "floor": math.floor,
    "join": join,
    "last": array.last,
    "lstrip": string.lstrip,
    "map": array.map_,
    "minus": math.minus,
    "modulo": math.modulo,
    "newline_to_br": string.newline_to_br,
    "plus": math.plus,
    "prepend": string.prepend,
    "remove": string.remove,
    "remove_first": string.remove_first,
    "replace": replace,
    "replace_first": string.replace_first,
    "reverse": array.reverse,
    "round": round_,
    "rstrip": string.rstrip,
    "size": misc.size,
    "slice": string.slice_,
    "sort": array.sort,
    "sort_natural": array.sort_natural,
    "split": string.split,
    "squish": string.squish,
    "strip": string.strip,
    "strip_html": strip_html,
    "strip_newlines": string.strip_newlines,
    "sum": array.sum_,
    "times": math.times,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "uniq": uniq,
    "upcase": string.upcase,
    "url_decode": string.url_decode,
    "url_encode": string.url_encode,
    "where": array.where,
}
