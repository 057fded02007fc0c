"""Reads HTML or MJML in one linear pass: tags, comments and raw text with their positions."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

TAG, COMMENT, RAW, DECLARATION = "tag", "comment", "raw", "declaration"

# Elements whose content is text to a parser, whatever it looks like.
RAW_ELEMENTS = frozenset({"style", "script", "title", "textarea", "xmp", "mj-style", "mj-title", "mj-preview"})
VOID_ELEMENTS = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input"),
        *("link", "meta", "param", "source", "track", "wbr"),
    }
)

# White space and the ends of names and values as HTML reads them (13.2.5), not as Python does.
_NAME = re.compile(r"/?([A-Za-z][^\t\n\f\r />]*)")
_ATTRIBUTE = re.compile(
    r"([^\t\n\f\r \"'>/=]+)"
    r"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|((?![\"'])[^\t\n\f\r >]+)))?"
)
_SPACE = re.compile(r"[\t\n\f\r /]*")
_SHORT_COMMENT = re.compile(r"-?>")
_COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; `start` and `end` enclose its raw value, without quotes."""

    name: str
    value: str  # with entities resolved
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One tag, comment, declaration or the raw text of a style, script or title."""

    kind: str
    start: int
    end: int
    name: str = ""  # lower case
    is_closing: bool = False
    is_empty: bool = False  # <br/> or a void element
    attributes: tuple[Attribute, ...] = ()

    def get(self, name: str) -> str | None:
        """Return an attribute's value, None when it is not there."""
        return next((item.value for item in self.attributes if item.name == name), None)


def pieces(source: str) -> Iterator[Piece]:
    """Yield all pieces in order; text is what lies between them. A broken tail ends the walk."""
    position = 0
    while (start := source.find("<", position)) >= 0:
        piece = _piece(source, start)
        if piece is None:
            position = start + 1
            continue
        if piece.end < 0:
            return
        yield piece
        position = piece.end
        if piece.name in RAW_ELEMENTS and not (piece.is_closing or piece.is_empty):
            closing = _closing_of(piece.name).search(source, position)
            end = closing.start() if closing else len(source)
            if end > position:
                yield Piece(RAW, position, end, piece.name)
            position = end


def _piece(source: str, start: int) -> Piece | None:
    if source.startswith("<!--", start):
        if short := _SHORT_COMMENT.match(source, start + 4):
            return Piece(COMMENT, start, short.end())
        ending = _COMMENT_END.search(source, start + 4)
        return Piece(COMMENT, start, ending.end() if ending else -1)
    if source.startswith(("<!", "<?"), start):
        end = source.find(">", start)
        return Piece(DECLARATION, start, end + 1 if end >= 0 else -1)
    named = _NAME.match(source, start + 1)
    if named is None and source.startswith("</", start):
        end = source.find(">", start)
        return Piece(DECLARATION, start, end + 1 if end >= 0 else -1)
    return _tag(source, start, named) if named else None


def _tag(source: str, start: int, named: re.Match[str]) -> Piece:
    name = named[1].lower()
    is_closing = source[start + 1] == "/"
    attributes: list[Attribute] = []
    position = named.end()
    while (position := _end_of_space(source, position)) < len(source):
        if source[position] == ">":
            is_empty = name in VOID_ELEMENTS or source[position - 1] == "/"
            return Piece(TAG, start, position + 1, name, is_closing, is_empty, tuple(attributes))
        found = _ATTRIBUTE.match(source, position)
        if found is None:
            position += 1  # a stray quote or equals sign: browsers skip it, and so do we
            continue
        group = next((number for number in (2, 3, 4) if found[number] is not None), 0)
        value = html.unescape(found[group]) if group else ""
        span = found.span(group) if group else (found.end(), found.end())
        attributes.append(Attribute(found[1].lower(), value, *span))
        position = found.end()
    return Piece(TAG, start, -1, name)


def _end_of_space(source: str, position: int) -> int:
    found = _SPACE.match(source, position)
    return found.end() if found else position


def _closing_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{re.escape(name)}(?=[\t\n\f\r />])", re.IGNORECASE)
