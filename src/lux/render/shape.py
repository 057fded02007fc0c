"""Refuses markup so deep or so tangled that it would exhaust a parser: they recurse, and a fault ends the process.

The count follows the tree construction rules of HTML (html.spec.whatwg.org, 13.2.6) and errs upwards: an end tag
counts only where a parser would let it close something.
"""

from __future__ import annotations

from collections.abc import Set

from lux.kit.i18n import gettext as _
from lux.render.markup import TAG, VOID_ELEMENTS, pieces

MAX_TAGS = 20_000
MAX_DEPTH = 200  # elements within elements
MAX_FORMATTING = 30  # open <b>, <font>, …: a parser repeats them in every paragraph that follows

# They change how what follows is read, and no mail program shows them.
FOREIGN = frozenset(
    {
        *("frameset", "iframe", "math", "noembed", "noframes", "noscript", "plaintext", "script", "select", "svg"),
        *("template", "textarea", "xmp"),
    }
)
FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})  # the end tag of one closes any other
# Elements that a new one of the same name closes, and whose end may be left out.
OPTIONAL = frozenset({"p", "li", "dt", "dd", "option"})
NEVER_OPEN = VOID_ELEMENTS | {
    *("html", "head", "body", "frame", "image", "keygen", "basefont", "bgsound", "command", "nextid"),
}
CELLS = frozenset({"caption", "td", "th"})  # formatting does not go on from one to the next
SECTIONS = frozenset({"tbody", "tfoot", "thead"})
TABLE_PARTS = CELLS | SECTIONS | {"colgroup", "tr"}
BLOCKS = OPTIONAL | {
    *("address", "article", "aside", "blockquote", "button", "center", "details", "dir", "div", "dl", "fieldset"),
    *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "listing"),
    *("main", "marquee", "menu", "nav", "object", "ol", "pre", "search", "section", "summary", "applet", "ul"),
}


def too_complex(text: str) -> tuple[int, str] | None:
    """Return where markup becomes too deep or too tangled and in which way, None when it is fine."""
    tree = _Tree()
    for number, piece in enumerate(pieces(text)):
        if number >= MAX_TAGS:
            return piece.start, _("There are more than %(limit)s tags.", limit=MAX_TAGS)
        if piece.kind != TAG:
            continue
        if piece.name in FOREIGN:
            return piece.start, _("<%(name)s> can't be used in a mail: mail programs drop it.", name=piece.name)
        if piece.is_closing:
            tree.close(piece.name)
        elif not (piece.is_empty and piece.name.startswith("mj-")):
            tree.open(piece.name)
        if tree.depth > MAX_DEPTH or tree.formatting > MAX_FORMATTING:
            return piece.start, _("Elements are nested too deep here; some may never be closed.")
    return None


class _Tree:
    """What is open, and which formatting was cut off: a parser opens that again in whatever follows."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.lost: list[list[str]] = [[]]  # formatting cut off, per open cell

    @property
    def depth(self) -> int:
        """Return how deep a parser's tree may be here."""
        implied = 2 * self.opened.count("table")  # tbody and tr, written or not
        return len(self.opened) + implied + sum(map(len, self.lost))

    @property
    def formatting(self) -> int:
        """Return how many formatting elements may be open here."""
        return sum(name in FORMATTING for name in self.opened) + sum(map(len, self.lost))

    def open(self, name: str) -> None:
        """Note a start tag."""
        table = self._last_table()
        if name in NEVER_OPEN or (name in TABLE_PARTS and table < 0):
            return
        if name in TABLE_PARTS:
            self._cut(self._row_context(name, table))
        elif name == "table" and table >= 0 and not CELLS.intersection(self.opened[table:]):
            self._cut(table)  # a table begins in a table, outside its cells: the first one ends
        elif self.opened and self.opened[-1] == name and name in OPTIONAL:
            self._cut(len(self.opened) - 1)
        self.opened.append(name)
        if name in CELLS:
            self.lost.append([])

    def close(self, name: str) -> None:
        """Note an end tag: it counts when nothing is in between but what may be left open there."""
        if name in TABLE_PARTS or name == "table":
            table = self._last_table()
            found = self._last({name}, table if table >= 0 else len(self.opened), passed=None)
        else:
            passed = OPTIONAL | FORMATTING if name in BLOCKS and name not in OPTIONAL else FORMATTING
            found = self._last(HEADINGS if name in HEADINGS else {name}, 0, passed=passed)
        if found >= 0:
            self._cut(found + 1)
            self.opened.pop()
            if name in CELLS:
                self.lost.pop()
        elif name in self.lost[-1]:
            self.lost[-1].remove(name)

    def _last(self, names: Set[str], start: int, *, passed: Set[str] | None) -> int:
        """Return where one of some elements was opened last, passing only by certain others; -1 when it was not."""
        for index in range(len(self.opened) - 1, start - 1, -1):
            if self.opened[index] in names:
                return index
            if passed is not None and self.opened[index] not in passed:
                return -1
        return -1

    def _last_table(self) -> int:
        return self._last({"table"}, 0, passed=None)

    def _row_context(self, name: str, table: int) -> int:
        """Return from where on a new part of a table closes what is open."""
        parents = SECTIONS | {"tr"} if name in {"td", "th"} else SECTIONS if name == "tr" else frozenset()
        return max(self._last(parents, table, passed=None), table) + 1

    def _cut(self, index: int) -> None:
        """Close what is open from an index on, without its own end tags."""
        while len(self.opened) > index:
            name = self.opened.pop()
            if name in CELLS:
                self.lost.pop()
            elif name in FORMATTING:
                self.lost[-1].append(name)
