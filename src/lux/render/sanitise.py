"""Cleans HTML that people paste: keeps what mail programs show, drops what runs, loads or hides."""

from __future__ import annotations

import re

import nh3

from lux.render.held import Held, hold
from lux.render.markup import TAG, VOID_ELEMENTS, pieces
from lux.render.shape import FOREIGN

DROPPED_WITH_CONTENT = FOREIGN | {"applet", "audio", "embed", "object", "style", "title", "video"}
DROPPED_WITH_CONTENT |= {"mj-style", "mj-title", "mj-preview"}

TAGS = {
    *("a", "abbr", "b", "big", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div"),
    *("dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre"),
    *("q", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead"),
    *("tr", "u", "ul"),
}
ATTRIBUTES = {
    "*": {"align", "bgcolor", "class", "dir", "height", "lang", "role", "style", "title", "valign", "width"},
    "a": {"href", "name", "target"},
    "col": {"span"},
    "font": {"color", "face", "size"},
    "img": {"alt", "border", "src"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "scope"},
}
STYLES = {
    *("background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left"),
    *("border-radius", "border-right", "border-spacing", "border-style", "border-top", "border-width", "color"),
    *("direction", "display", "font", "font-family", "font-size", "font-style", "font-variant", "font-weight"),
    *("height", "letter-spacing", "line-height", "list-style-type", "margin", "margin-bottom"),
    *("margin-left", "margin-right", "margin-top", "max-height", "max-width", "min-height", "min-width", "padding"),
    *("padding-bottom", "padding-left", "padding-right", "padding-top", "table-layout", "text-align"),
    *("text-decoration", "text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break"),
    "word-spacing",
}
SCHEMES = {"http", "https", "mailto", "tel"}

# What runs or loads in some old program, and the backslashes that hide it.
_ODD_STYLE = re.compile(r"expression\s*\(|url\s*\(|javascript:|\\", re.IGNORECASE)


def sanitise(source: str, *, field: str = "html") -> str:
    """Return a fragment that is safe to keep and to show; Liquid stays. Raises TemplateProblem when too tangled."""
    first = hold(source, field=field)
    held = hold(first.put_back(_without_foreign(first)), field=field, for_parser=True)
    cleaned = nh3.clean(
        held.text,
        tags=TAGS,
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        filter_style_properties=STYLES,
        url_schemes=SCHEMES,
        strip_comments=False,  # marks are comments; all others go below
        link_rel=None,
    )
    return held.put_back(_without_comments(held, cleaned))


def _attribute(tag: str, name: str, value: str) -> str | None:
    del tag
    return None if name == "style" and _ODD_STYLE.search(value) else value


def _without_comments(held: Held, html: str) -> str:
    kept: list[str] = []
    position = 0
    for piece in pieces(html):
        kept.append(html[position : piece.start])
        if piece.kind == TAG or is_mark(held, html[piece.start : piece.end]):
            kept.append(html[piece.start : piece.end])
        position = piece.end
    return "".join([*kept, html[position:]])


def is_mark(held: Held, comment: str) -> bool:
    """Say whether a comment stands for a Liquid tag."""
    return held.pattern.fullmatch(comment) is not None


def _without_foreign(held: Held) -> str:
    """Drop comments, declarations and elements that mails do not have, with their content."""
    text = held.text
    kept: list[str] = []
    position = 0
    dropping = ""
    for piece in pieces(text):
        if dropping:
            if piece.is_closing and piece.name == dropping:
                dropping = ""
        else:
            kept.append(text[position : piece.start])
            if piece.kind == TAG and piece.name in DROPPED_WITH_CONTENT:
                dropping = "" if piece.is_closing or piece.name in VOID_ELEMENTS else piece.name
            elif piece.kind == TAG or is_mark(held, text[piece.start : piece.end]):
                kept.append(text[piece.start : piece.end])
        position = piece.end
    return "".join(kept) + ("" if dropping else text[position:])
