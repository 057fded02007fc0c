"""Refuses markup so deep or so tangled that it would exhaust a parser: they recurse, and a fault ends the process.

The count follows the tree construction rules of HTML (html.spec.whatwg.org, 13.2.6) and errs upwards: an end tag
counts only where a parser would let it close something.
"""

from __future__ import annotations

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
# Elements that a new one of the same name closes.
SELF_ENDING = frozenset({"p", "li", "dt", "dd", "option", "tr", "td", "th", "tbody", "thead", "tfoot"})
NEVER_OPEN = VOID_ELEMENTS | {
    *("html", "head", "body", "frame", "image", "keygen", "basefont", "bgsound", "command", "nextid"),
}
TABLE_PARTS = frozenset({"caption", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"})
BARRIERS = frozenset({"applet", "button", "caption", "marquee", "object", "ol", "table", "td", "th", "ul"})
SPECIAL = (
    TABLE_PARTS
    | BARRIERS
    | {
        *("address", "article", "aside", "blockquote", "center", "dd", "details", "dir", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hgroup", "li", "listing", "main", "menu", "nav", "p", "pre", "search", "section", "style", "summary"),
        *("title",),
    }
)


def too_complex(text: str) -> tuple[int, str] | None:
    """Return where markup becomes too deep or too tangled and in which way, None when it is fine."""
    opened: list[str] = []
    for number, piece in enumerate(pieces(text)):
        if number >= MAX_TAGS:
            return piece.start, _("There are more than %(limit)s tags.", limit=MAX_TAGS)
        if piece.kind != TAG:
            continue
        if piece.name in FOREIGN:
            return piece.start, _("<%(name)s> can't be used in a mail: mail programs drop it.", name=piece.name)
        if piece.is_closing:
            close(piece.name, opened)
        else:
            is_component = piece.name.startswith("mj-") and piece.is_empty
            open_element(piece.name, opened, is_empty=is_component)
        if len(opened) > MAX_DEPTH or sum(name in FORMATTING for name in opened) > MAX_FORMATTING:
            return piece.start, _("Elements are nested too deep here; some may never be closed.")
    return None


def open_element(name: str, opened: list[str], *, is_empty: bool) -> None:
    """Note a start tag."""
    if is_empty or name in NEVER_OPEN or (name in TABLE_PARTS and "table" not in opened):
        return
    if opened and opened[-1] == name and name in SELF_ENDING:
        return
    opened.append(name)


def close(name: str, opened: list[str]) -> None:
    """Note an end tag: it closes its element and what is open inside, if nothing stands in between."""
    if name == "form":
        stops: frozenset[str] = frozenset(opened)
    elif name in TABLE_PARTS or name == "table":
        stops = frozenset({"table"})
    else:
        stops = BARRIERS if name in SPECIAL else SPECIAL
    for index in range(len(opened) - 1, -1, -1):
        if opened[index] == name:
            del opened[index:]
            return
        if opened[index] in stops:
            return
