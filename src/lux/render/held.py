"""Holds Liquid aside while a parser of HTML or MJML works, and puts it back afterwards."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from lux.kit.i18n import gettext as _
from lux.render.markup import TAG, Piece, pieces
from lux.render.problems import TemplateProblem, place
from lux.render.scanner import OUTPUT, Construct, constructs
from lux.render.shape import too_complex

_BRACE = re.compile(r"&(?:#0*123|#x0*7b|lbrace|lcub);?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A source with a mark in the place of each Liquid construct."""

    text: str
    marks: tuple[str, ...]  # the constructs as written, by number
    prefix: str
    offsets: tuple[tuple[int, int], ...] = field(repr=False)  # (in text, in source), ascending

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the pattern of a mark: a word, an attribute's name, or a comment."""
        word = rf"{self.prefix}(\d+)z"
        return re.compile(rf'<!--{word}-->|{word}(?:="")?')

    def put_back(self, text: str) -> str:
        """Return a text with the constructs in the places of their marks."""
        return self.pattern.sub(lambda found: self.marks[int(found[1] or found[2])], text)

    def has_mark(self, text: str) -> bool:
        """Say whether a piece of held text contains Liquid."""
        return self.prefix in text

    def source_index(self, index: int) -> int:
        """Return where in the source an index of the held text lies."""
        number = bisect_right(self.offsets, index, key=lambda pair: pair[0]) - 1
        in_text, in_source = self.offsets[number]
        return in_source + (index - in_text)


def hold(source: str, *, field: str, for_parser: bool = False) -> Held:
    """Put a mark in the place of each construct; raises TemplateProblem when the Liquid is broken.

    A tag that stands in text becomes a comment, which parsers leave where it is even between rows
    of a table; what stands between attributes becomes an attribute; everything else a word.
    With `for_parser`, Liquid between attributes is refused, because parsers sort and merge those,
    and so is nesting that would exhaust the parser.
    """
    found = _with_braces(source, constructs(source, field=field))
    prefix = "lq"
    while prefix in source.lower():
        prefix += "q"
    words = [f"{prefix}{number}z" for number in range(len(found))]
    marks = _marks(source, found, words)
    if for_parser:
        _refuse_between_attributes(source, found, marks, field)
    text, offsets = _exchange(source, found, marks)
    held = Held(
        text=text,
        marks=tuple(source[construct.start : construct.end] for construct in found),
        prefix=prefix,
        offsets=offsets,
    )
    if for_parser and (found_at := too_complex(text)):
        index, reason = found_at
        line, column = place(source, held.source_index(index))
        raise TemplateProblem(reason, field=field, fix=_("Simplify the structure."), line=line, column=column)
    return held


def _with_braces(source: str, found: tuple[Construct, ...]) -> tuple[Construct, ...]:
    """Hold braces written as entities too: a parser would resolve them, and two in a row are Liquid."""
    starts = [construct.start for construct in found]
    braces = []
    for entity in _BRACE.finditer(source):
        number = bisect_right(starts, entity.start()) - 1
        if number < 0 or found[number].end <= entity.start():
            braces.append(Construct(entity.start(), entity.end(), OUTPUT, "", "", trims=False))
    return tuple(sorted((*found, *braces), key=lambda construct: construct.start)) if braces else found


def _marks(source: str, found: tuple[Construct, ...], words: list[str]) -> list[str]:
    text, offsets = _exchange(source, found, words)
    all_pieces = list(pieces(text))
    starts = [piece.start for piece in all_pieces]
    marks: list[str] = []
    # Pair 0 of the offsets is the beginning; each construct adds the place after its word.
    for construct, word, (after, _before) in zip(found, words, offsets[1:], strict=True):
        index = after - len(word)
        number = bisect_right(starts, index) - 1
        piece = all_pieces[number] if number >= 0 else None
        if piece is None or piece.end <= index:
            marks.append(word if construct.kind == OUTPUT else f"<!--{word}-->")
        elif piece.kind == TAG and not _is_in_value(piece, index):
            marks.append(f" {word} ")
        else:
            marks.append(word)
    return marks


def _refuse_between_attributes(source: str, found: tuple[Construct, ...], marks: list[str], field: str) -> None:
    for construct, mark in zip(found, marks, strict=True):
        if mark.startswith(" "):
            line, column = place(source, construct.start)
            raise TemplateProblem(
                _("Liquid can't stand between the attributes of an element."),
                field=field,
                fix=_('Put it inside the value: class="{% if vip %}gold{% endif %}".'),
                line=line,
                column=column,
                tag=source[construct.start : construct.end].split("\n", 1)[0],
            )


def _is_in_value(piece: Piece, index: int) -> bool:
    return any(item.start <= index < item.end for item in piece.attributes)


def _exchange(source: str, found: Iterable[Construct], marks: list[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    parts: list[str] = []
    offsets = [(0, 0)]
    length = position = 0
    for construct, mark in zip(found, marks, strict=True):
        literal = source[position : construct.start]
        parts += (literal, mark)
        length += len(literal) + len(mark)
        position = construct.end
        offsets.append((length, position))
    parts.append(source[position:])
    return "".join(parts), tuple(offsets)
