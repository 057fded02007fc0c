"""The fast way to fill a template: cut into encoded segments once, values put between them per recipient."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from liquid.stringify import to_liquid_string
from markupsafe import escape

from lux.render.encode import crlf, qp, qp_value, softly_ended
from lux.render.liquid import PlainValue, Template, check_plain, unix_lines
from lux.render.scanner import OUTPUT

# Words that are no plain names to Liquid, and properties that it computes.
_WORDS = frozenset({"true", "false", "nil", "null", "empty", "blank", "forloop", "tablerowloop"})
_COMPUTED = frozenset({"size", "first", "last"})
_PLAIN = re.compile(
    r"([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)(?:\s*\|\s*default\s*:\s*(?:\"([^\"]*)\"|'([^']*)'))?", re.ASCII
)
_MISSING = object()


class Part(Protocol):
    """One body part that can be filled and encoded."""

    def encoded(self, data: Mapping[str, PlainValue]) -> bytes:
        """Return the part as quoted-printable for one recipient."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A plain merge field with its fallback."""

    path: tuple[str, ...]
    default: str | None

    def text(self, data: Mapping[str, PlainValue], *, html: bool) -> str:
        """Return what Liquid would print for this field."""
        value: object = data
        for name in self.path:
            value = value.get(name, _MISSING) if isinstance(value, Mapping) else _MISSING
        if value is _MISSING or value is None or value is False or value in ("", [], {}):
            value = self.default if self.default is not None else "" if value is _MISSING else value
        kind = type(value)
        if kind is str or kind is int or kind is float:
            text = str(value)
        else:
            check_plain(value)
            return "" if kind is dict else to_liquid_string(_value_with_unix_lines(value), html)  # type: ignore[arg-type]
        return str(escape(text)) if html else text


class SegmentPart:
    """A template of plain merge fields only: about thirty times faster to fill than by Liquid."""

    def __init__(self, segments: list[str], slots: list[Slot], *, html: bool) -> None:
        encoded = [softly_ended(qp(crlf(segment))) for segment in segments[:-1]]
        encoded.append(qp(crlf(segments[-1])))
        self._format = b"%b".join(segment.replace(b"%", b"%%") for segment in encoded)
        self._slots = tuple(dict.fromkeys(slots))
        numbers = {slot: number for number, slot in enumerate(self._slots)}
        self._order = tuple(numbers[slot] for slot in slots)
        self._html = html

    def encoded(self, data: Mapping[str, PlainValue]) -> bytes:
        """Return the part as quoted-printable for one recipient."""
        values = [qp_value(slot.text(data, html=self._html)) for slot in self._slots]
        return self._format % tuple([values[number] for number in self._order])


class LiquidPart:
    """Any template, rendered by Liquid for each recipient."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def encoded(self, data: Mapping[str, PlainValue]) -> bytes:
        """Return the part as quoted-printable for one recipient."""
        return qp(crlf(self._template.render(_with_unix_lines(data))))


def _with_unix_lines(data: Mapping[str, PlainValue]) -> Mapping[str, PlainValue]:
    """Return merge data in which a value's line ends can't join those around it: both ways then say the same."""
    if not any("\r" in value if isinstance(value, str) else isinstance(value, list | dict) for value in data.values()):
        return data
    return {key: _value_with_unix_lines(value) for key, value in data.items()}


def _value_with_unix_lines(value: PlainValue) -> PlainValue:
    if isinstance(value, str):
        return unix_lines(value)
    if isinstance(value, Mapping):
        return {key: _value_with_unix_lines(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value_with_unix_lines(item) for item in value]
    return value


def part_of(template: Template, *, html: bool) -> Part:
    """Return the fastest way to fill a template."""
    cut = cut_into_slots(template)
    return LiquidPart(template) if cut is None else SegmentPart(*cut, html=html)


def cut_into_slots(template: Template) -> tuple[list[str], list[Slot]] | None:
    """Return the segments and the slots between them, None when the template needs Liquid."""
    segments: list[str] = []
    slots: list[Slot] = []
    position = 0
    for construct in template.constructs:
        plain = _PLAIN.fullmatch(construct.body) if construct.kind == OUTPUT and not construct.trims else None
        path = tuple(plain[1].split(".")) if plain else ()
        if plain is None or path[0] in _WORDS or _COMPUTED.intersection(path[1:]):
            return None
        segments.append(template.source[position : construct.start])
        slots.append(Slot(path, plain[2] if plain[2] is not None else plain[3]))
        position = construct.end
    segments.append(template.source[position:])
    return segments, slots
