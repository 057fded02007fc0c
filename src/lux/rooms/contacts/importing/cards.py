"""Reads vCards 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350): the properties that say who somebody is, one row per card.

An own reader, because files of address books break the rules in ways that a strict parser refuses as a whole: here a
bad line costs nothing but itself.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, NamedTuple

from lux.kit.i18n import gettext as _
from lux.rooms.contacts.importing.dialect import Dialect
from lux.rooms.contacts.importing.records import lines

# English, as headings that the guess knows; the mapping page shows them like those of any file.
HEADINGS: Final = (
    "Full name", "First name", "Last name", "E-mail", "Phone", "Organisation", "Website", "Street", "Postal code",
    "City", "Region", "Country", "Language", "Tags", "Birthday", "Job title", "Note",
)  # fmt: skip
BEGIN: Final = re.compile(rb"\s*BEGIN:VCARD\s", re.IGNORECASE)
_LONGEST: Final = 16_384  # characters of one property that are kept
_MOST: Final = 2000  # properties of one card that are kept
_UNESCAPE: Final = re.compile(r"\\(.)")
_SPLIT: Final = {sign: re.compile(rf"\\.|{sign}", re.DOTALL) for sign in ";,"}  # what is escaped is stepped over
_COMPACT_DAY: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T.*)?")


class Card(NamedTuple):
    """One card as a row."""

    line: int  # of its BEGIN
    cells: list[str]
    note: str  # what did not find a place


@dataclass
class _Property:
    name: str
    params: dict[str, list[str]]
    value: str

    @property
    def preference(self) -> int:
        """Return how much it is preferred: 1 most (RFC 6350, 5.3), 101 = nothing said."""
        if "PREF" in self.params.get("TYPE", []):
            return 1
        said = self.params.get("PREF")
        if said is None:
            return 101
        return int(said[0]) if said and said[0].isdigit() else 1


@dataclass
class _Open:
    line: int
    depth: int = 1  # AGENT of vCard 2.1 holds a card of its own
    found: list[_Property] = field(default_factory=list)


def rows(stream: BinaryIO, dialect: Dialect) -> Iterator[Card]:
    """Yield the cards of a file; what stands outside of cards is skipped."""
    card: _Open | None = None
    for number, text in _unfolded(stream, dialect):
        bare = text.strip().upper()
        if bare == "BEGIN:VCARD":
            if card is not None and card.found and card.found[-1].name == "AGENT":
                card.depth += 1
                continue
            if card is not None:
                yield _row(card)
            card = _Open(number)
        elif card is not None and bare == "END:VCARD":
            card.depth -= 1
            if card.depth == 0:
                yield _row(card)
                card = None
        elif card is not None and card.depth == 1 and len(card.found) < _MOST:
            prop = _parsed(text)
            if prop is not None:
                card.found.append(prop)
    if card is not None:
        yield _row(card)


def _unfolded(stream: BinaryIO, dialect: Dialect) -> Iterator[tuple[int, str]]:
    """Yield (line number, logical line): folded lines are joined, and so are soft breaks of quoted-printable."""
    stream.seek(dialect.start)
    begin, held, is_soft = 0, "", False
    for number, line in enumerate(lines(stream, dialect), 1):
        text = (line.text or "").rstrip("\r\n")
        if held and is_soft:
            held = held[:-1] + text
        elif held and text[:1] in {" ", "\t"} and text.strip():
            held += text[1:] if len(held) < _LONGEST else ""
        else:
            if held:
                yield begin, held[:_LONGEST]
            begin, held = number, text
        is_soft = held.endswith("=") and len(held) < _LONGEST and "QUOTED-PRINTABLE" in held.partition(":")[0].upper()
    if held:
        yield begin, held[:_LONGEST]


def _parsed(text: str) -> _Property | None:
    head, colon, value = _head_and_value(text)
    if not colon:
        return None
    first, *rest = head.split(";")
    name = first.rpartition(".")[2].strip().upper()  # without its group: item1.EMAIL
    params: dict[str, list[str]] = {}
    for part in rest:
        key, equals, said = part.partition("=")
        if not equals:  # vCard 2.1: TEL;CELL;PREF
            key, said = ("PREF", "1") if key.strip().upper() == "PREF" else ("TYPE", key)
        words = [word.strip().strip('"').upper() for word in said.split(",")]
        params.setdefault(key.strip().upper(), []).extend(words)
    if not name:
        return None
    how = params.get("ENCODING", []) + params.get("TYPE", [])
    if {"BASE64", "B"} & set(how):
        return None
    if "QUOTED-PRINTABLE" in how:
        value = _quoted_printable(value, (params.get("CHARSET") or ["UTF-8"])[0])
    return _Property(name, params, value)


def _head_and_value(text: str) -> tuple[str, str, str]:
    """Cut at the first colon outside quotation marks."""
    if '"' not in text.partition(":")[0]:
        return text.partition(":")
    is_quoted = False
    for place, sign in enumerate(text):
        if sign == '"':
            is_quoted = not is_quoted
        elif sign == ":" and not is_quoted:
            return text[:place], ":", text[place + 1 :]
    return text, "", ""


def _quoted_printable(value: str, charset: str) -> str:
    raw = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return raw.decode(charset, "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _row(card: _Open) -> Card:
    by_name: dict[str, list[_Property]] = {}
    for one in card.found:
        by_name.setdefault(one.name, []).append(one)
    best = {name: min(found, key=lambda one: one.preference) for name, found in by_name.items()}
    last, first, middle, *_rest = [*_fields(best, "N"), "", "", ""]
    address = [*_fields(best, "ADR"), "", "", "", "", "", "", ""]
    email, other_emails = _preferred(by_name.get("EMAIL", []), "mailto:")
    phone, other_phones = _preferred(by_name.get("TEL", []), "tel:", "CELL")
    tags = [tag for one in by_name.get("CATEGORIES", []) for tag in _cut(one.value, ",")]
    full = _plain(best, "FN")
    cells = [
        full if not first and not last else "", " ".join(filter(None, (first, middle))), last, email, phone,
        (_fields(best, "ORG") or [""])[0], _plain(best, "URL"), " ".join(filter(None, address[1:3])), address[5],
        address[3], address[4], address[6], _plain(best, "LANG"), ";".join(tags), _day(_plain(best, "BDAY")),
        _plain(best, "TITLE"), _plain(best, "NOTE"),
    ]  # fmt: skip
    notes = []
    if other_emails:
        notes.append(_("Other addresses on this card: %(found)s.", found=", ".join(other_emails)))
    if other_phones:
        notes.append(_("Other numbers on this card: %(found)s.", found=", ".join(other_phones)))
    return Card(card.line, cells, " ".join(notes)[:500])


def _preferred(found: list[_Property], scheme: str, kind: str = "") -> tuple[str, list[str]]:
    """Return the preferred value, else the first of the kind, else the first; and the others."""
    ranked = sorted(found, key=lambda one: (one.preference, kind not in one.params.get("TYPE", []) if kind else False))
    values = list(dict.fromkeys(value for one in ranked if (value := _bare(one.value, scheme))))
    return (values[0], values[1:]) if values else ("", [])


def _bare(value: str, scheme: str) -> str:
    text = _UNESCAPE.sub(r"\1", value).strip()
    return text[len(scheme) :].partition(";")[0] if text.lower().startswith(scheme) else text


def _fields(best: dict[str, _Property], name: str) -> list[str]:
    return _cut(best[name].value, ";") if name in best else []


def _cut(value: str, sign: str) -> list[str]:
    parts, start = [], 0
    for found in _SPLIT[sign].finditer(value):
        if found[0] == sign:
            parts.append(value[start : found.start()])
            start = found.end()
    return [_unescaped(part) for part in (*parts, value[start:])]


def _plain(best: dict[str, _Property], name: str) -> str:
    return _unescaped(best[name].value) if name in best else ""


def _unescaped(text: str) -> str:
    return _UNESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], text).strip()


def _day(text: str) -> str:
    found = _COMPACT_DAY.fullmatch(text)
    return "-".join(found.groups()) if found else text
