"""Makes the text part of a mail from its HTML, keeping Liquid."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from lux.render.held import Held, hold
from lux.render.markup import COMMENT, TAG, VOID_ELEMENTS, Piece, pieces

BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "figure", "footer", "header", "li"),
        *("main", "nav", "ol", "pre", "section", "table", "tr", "ul", "title"),
    }
)
PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote"})
CELLS = frozenset({"td", "th"})
SKIPPED = frozenset({"head"})
LITERAL_BRACE = '{{ "{" }}'

HEADINGS = {"h1": "=", "h2": "-"}  # what they are underlined with
LISTS = frozenset({"ul", "ol"})
WIDEST_LINE = 60
_INDENT = "\x01"  # a space that stays at the start of a line

_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufeff]")
_RUNS = re.compile(r" {2,}")
_AROUND_BREAKS = re.compile(r" *\n *")
_MANY_BREAKS = re.compile(r"\n{3,}")


def text_from_html(source: str, *, field: str = "html") -> str:
    """Return readable text: paragraphs, lists, underlined headings, quotes, pictures by their alt text.

    A link that is all there is in its block has its address below it; those in running text get numbers, whose
    addresses follow the block. They never wait for the end of the mail: Liquid around a block (`if`, `for`) then takes
    them along. Lines are not cut: mail programs fit them to the window, and a phone's is narrower than 78 columns
    (RFC 3676, `format=flowed`, would say where lines may join again, but Gmail and Outlook do not read it).
    """
    held = hold(source, field=field)
    writer = _Writer(held)
    position = 0
    for piece in pieces(held.text):
        writer.text(held.text[position : piece.start])
        if piece.kind == TAG:
            writer.tag(piece)
        elif piece.kind == COMMENT and held.pattern.fullmatch(held.text, piece.start, piece.end):
            writer.mark(held.text[piece.start : piece.end])
        position = piece.end
    writer.text(held.text[position:])
    return writer.result()


@dataclass(slots=True)
class _List:
    """An open list, and the number of its present item; None = dashes."""

    number: int | None


@dataclass(frozen=True, slots=True)
class _Link:
    """A link of the present block: where its label begins and ends in the parts."""

    start: int
    end: int
    label: str
    address: str


class _Writer:
    """Collects text while the tags go by."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.parts: list[str] = []
        self.breaks = 0  # line breaks owed before the next word
        self.bullet = ""
        self.skipping: list[str] = []  # what is open since a hidden element began
        self.open_links: list[tuple[str, int]] = []  # (address, parts when it began)
        self.links: list[_Link] = []  # of the present block
        self.block = 0  # parts when the present block began
        self.has_liquid = False  # in the present block, around some of its words
        self.numbered = 0  # links with a number until here
        self.lists: list[_List] = []
        self.quotes = 0
        self.tables: list[bool] = []  # whether each open table holds data; others only place things

    def text(self, raw: str) -> None:
        """Add text between tags."""
        if not raw or self.skipping:
            return
        words = _SPACES.sub(" ", _INVISIBLE.sub("", html.unescape(raw)))
        if self.breaks or not self.parts:
            words = words.lstrip(" ")
        if words:
            self.parts.append("\n" * (self.breaks if self.parts else 0) + self._lead() + words)
            self.breaks, self.bullet = 0, ""

    def mark(self, comment: str) -> None:
        """Add a Liquid tag; the line breaks owed come after it, inside its block."""
        if self.skipping:
            return
        self.parts.append(comment)
        self.has_liquid = True
        for one in self.lists:
            one.number = None  # how often an item comes is not known here

    def tag(self, piece: Piece) -> None:
        """React to a start or end tag."""
        if self.skipping or self._hides(piece):
            self._skip(piece)
        elif piece.name == "br":
            self.breaks += 1
        elif piece.name == "hr":
            self._line("-" * 20, apart=2)
            self.breaks = 2
        elif piece.name == "img":
            self.text(html.escape(piece.get("alt") or ""))
        elif piece.name == "a":
            self._link(piece)
        elif piece.name in PARAGRAPHS or piece.name in BLOCKS:
            self._block(piece)
        elif piece.name in CELLS and not self.breaks:
            self._cell(piece)

    def result(self) -> str:
        """Return the text with the Liquid back in its places."""
        self._end_block()
        text = _AROUND_BREAKS.sub("\n", _RUNS.sub(" ", "".join(self.parts)))
        # A brace that was text must not become Liquid with what now stands behind it.
        text = re.sub(rf"\{{(?=[{{%]|(?:<!--)?{self.held.prefix}\d)", lambda _found: LITERAL_BRACE, text)
        return self._put_back(_MANY_BREAKS.sub("\n\n", text.replace(_INDENT, " ")).strip()) + "\n"

    def _put_back(self, text: str) -> str:
        def original(found: re.Match[str]) -> str:
            written = self.held.marks[int(found[1] or found[2])]
            return LITERAL_BRACE if written.startswith("&") else written

        return self.held.pattern.sub(original, text)

    def _hides(self, piece: Piece) -> bool:
        if piece.is_closing:
            return False
        return piece.name in SKIPPED or bool(_HIDDEN.search(piece.get("style") or ""))

    def _skip(self, piece: Piece) -> None:
        if piece.name in VOID_ELEMENTS:
            return
        if not piece.is_closing:
            self.skipping.append(piece.name)
        elif piece.name in self.skipping:
            while self.skipping.pop() != piece.name:
                pass

    def _lead(self) -> str:
        """Return what stands before the first word of a line: quotes, the place in a list, a dash or a number."""
        depth = len(self.lists) - (1 if self.bullet else 0)
        if not self.breaks and self.parts and not self.bullet:
            return ""
        return f">{_INDENT}" * self.quotes + _INDENT * 2 * max(0, depth) + self.bullet

    def _line(self, words: str, *, apart: int = 1) -> None:
        """Add a line of our own."""
        self.breaks = max(self.breaks, apart)
        self.text(html.escape(words))

    def _block(self, piece: Piece) -> None:
        self._end_block(underline=HEADINGS.get(piece.name, "") if piece.is_closing else "")
        is_inner_list = piece.name in LISTS and len(self.lists) > (1 if piece.is_closing else 0)
        self.breaks = max(self.breaks, 2 if piece.name in PARAGRAPHS and not is_inner_list else 1)
        step = -1 if piece.is_closing else 1
        self.bullet = ""
        if piece.name == "blockquote":
            self.quotes = max(0, self.quotes + step)
        elif piece.name == "li" and not piece.is_closing:
            self.bullet = self._next_bullet()
        elif piece.name in LISTS or piece.name == "table":
            self._nest(piece)

    def _nest(self, piece: Piece) -> None:
        stack: list[_List] | list[bool] = self.tables if piece.name == "table" else self.lists
        if piece.is_closing:
            del stack[-1:]
        elif piece.name == "table":
            self.tables.append(piece.get("role") not in {"presentation", "none"})
        else:
            self.lists.append(_List(0 if piece.name == "ol" else None))

    def _next_bullet(self) -> str:
        if not self.lists or self.lists[-1].number is None:
            return "- "
        self.lists[-1].number += 1
        return f"{self.lists[-1].number}. "

    def _cell(self, piece: Piece) -> None:
        """Keep the cells of a row apart."""
        is_data = bool(self.tables) and self.tables[-1]
        if piece.is_closing and not is_data:
            self.parts.append(" ")
        elif is_data and not piece.is_closing and "".join(self.parts[self.block :]).strip():
            self.parts.append(" | ")

    def _link(self, piece: Piece) -> None:
        if not piece.is_closing:
            self.open_links.append((piece.get("href") or "", len(self.parts)))
            return
        if not self.open_links:
            return
        address, start = self.open_links.pop()
        label = self._bare("".join(self.parts[start:]).strip())
        shown = address.removeprefix("mailto:").removeprefix("tel:")
        if not shown or shown.startswith("#") or shown == label:
            return
        if not label:
            self.text(html.escape(shown))
        elif shown != address or start < self.block:  # short ones, and those around whole blocks
            self.parts.append(f" ({shown})")
        else:
            self.links.append(_Link(start=start, end=len(self.parts), label=label, address=shown))

    def _end_block(self, *, underline: str = "") -> None:
        """Give the links of the block that ends their addresses, and a heading its line."""
        links, whole = self.links, "".join(self.parts[self.block :]).strip()
        self.links = []
        if len(links) == 1 and self._bare(whole) == links[0].label:
            self._below(links[0])
        elif self.has_liquid:
            for link in reversed(links):  # from the end, so that the places stay
                self.parts.insert(link.end, f" ({link.address})")
        else:
            self._numbered(links)
        if underline and whole:
            width = len(self.held.pattern.sub("", whole.rsplit("\n", 1)[-1]).strip(f"> {_INDENT}"))
            self._line(underline * min(max(width, 3), WIDEST_LINE))
        self.block, self.has_liquid = len(self.parts), False

    def _bare(self, whole: str) -> str:
        """Return a block's words without the quotes, places and dashes before them."""
        return re.sub(rf"^(?:>{_INDENT})*{_INDENT}*(?:- |\d+\. )?", "", whole)

    def _below(self, link: _Link) -> None:
        is_plain = not self.lists and not self.quotes
        self.parts[-1] = self.parts[-1].rstrip(" ")
        colon = "" if link.label[-1] in ":!?.…→»" else ":"
        if is_plain:
            self.parts.append(colon)
            self._line(link.address)
        else:
            self.parts.append(f"{colon} {link.address}")

    def _numbered(self, links: list[_Link]) -> None:
        first = self.numbered + 1
        for number, link in reversed(list(enumerate(links, first))):
            self.parts.insert(link.end, f" [{number}]")
        for number, link in enumerate(links, first):
            self._line(f"[{number}] {link.address}", apart=2 if number == first and not self.lists else 1)
        if links and not self.lists:
            self.breaks = 2
        self.numbered += len(links)
