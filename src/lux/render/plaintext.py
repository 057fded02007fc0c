"""Makes the text part of a mail from its HTML, keeping Liquid."""

from __future__ import annotations

import html
import re

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

_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufeff]")
_RUNS = re.compile(r" {2,}")
_AROUND_BREAKS = re.compile(r" *\n *")
_MANY_BREAKS = re.compile(r"\n{3,}")


def text_from_html(source: str, *, field: str = "html") -> str:
    """Return readable text: paragraphs, lists with dashes, links with their address, pictures by their alt text."""
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


class _Writer:
    """Collects text while the tags go by."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.parts: list[str] = []
        self.breaks = 0  # line breaks owed before the next word
        self.bullet = ""
        self.skipping: list[str] = []  # what is open since a hidden element began
        self.links: list[tuple[str, int]] = []  # (address, parts when it began)

    def text(self, raw: str) -> None:
        """Add text between tags."""
        if not raw or self.skipping:
            return
        words = _SPACES.sub(" ", _INVISIBLE.sub("", html.unescape(raw)))
        if self.breaks or not self.parts:
            words = words.lstrip(" ")
        if words:
            self.parts.append("\n" * (self.breaks if self.parts else 0) + self.bullet + words)
            self.breaks, self.bullet = 0, ""

    def mark(self, comment: str) -> None:
        """Add a Liquid tag; the line breaks owed come after it, inside its block."""
        if not self.skipping:
            self.parts.append(comment)

    def tag(self, piece: Piece) -> None:
        """React to a start or end tag."""
        if self.skipping or self._hides(piece):
            self._skip(piece)
        elif piece.name == "br":
            self.breaks += 1
        elif piece.name == "hr":
            self.breaks = 2
            self.text("-" * 20)
            self.breaks = 2
        elif piece.name == "img":
            self.text(html.escape(piece.get("alt") or ""))
        elif piece.name == "a":
            self._link(piece)
        elif piece.name in PARAGRAPHS:
            self.breaks = max(self.breaks, 2)
        elif piece.name in BLOCKS:
            self.breaks = max(self.breaks, 1)
            self.bullet = "- " if piece.name == "li" and not piece.is_closing else ""
        elif piece.name in CELLS and piece.is_closing and not self.breaks:
            self.parts.append(" ")

    def result(self) -> str:
        """Return the text with the Liquid back in its places."""
        text = _AROUND_BREAKS.sub("\n", _RUNS.sub(" ", "".join(self.parts)))
        # A brace that was text must not become Liquid with what now stands behind it.
        text = re.sub(rf"\{{(?=[{{%]|(?:<!--)?{self.held.prefix}\d)", lambda _found: LITERAL_BRACE, text)
        return self._put_back(_MANY_BREAKS.sub("\n\n", text).strip()) + "\n"

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

    def _link(self, piece: Piece) -> None:
        if not piece.is_closing:
            self.links.append((piece.get("href") or "", len(self.parts)))
            return
        if not self.links:
            return
        address, start = self.links.pop()
        label = "".join(self.parts[start:]).strip()
        shown = address.removeprefix("mailto:").removeprefix("tel:")
        if shown and not shown.startswith("#") and shown != label:
            self.parts.append(f" ({shown})" if label else shown)
