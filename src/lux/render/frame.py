"""What LUX adds around people's HTML: the hidden preview text and the picture that counts opens."""

from __future__ import annotations

import html

from lux.render.held import hold
from lux.render.markup import TAG, Piece, pieces
from lux.render.scanner import constructs

# The merge field that holds the address of the opening picture.
OPEN_FIELD = "lux.open"
# The one that holds the address of the link nobody can see.
TRAP_FIELD = "lux.trap"

_HIDDEN = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;mso-hide:all"
# Keeps the beginning of the mail from following the preview text in the inbox.
_FILL = "&zwnj;&nbsp;" * 60


def with_preview(source: str, preview: str) -> str:
    """Return HTML that begins with the hidden preview text (a Liquid template of plain text)."""
    if not preview.strip():
        return source
    block = f'<div style="{_HIDDEN}" aria-hidden="true">{_as_html(preview)}{_FILL}</div>'
    return _insert(source, block, after_start=True)


def with_open_picture(source: str) -> str:
    """Return HTML that ends with the picture whose loading counts as an open."""
    style = "display:block;width:1px;height:1px;border:0"
    picture = f'<img src="{{{{ {OPEN_FIELD} }}}}" width="1" height="1" alt="" style="{style}">'
    return _insert(source, picture, after_start=False)


def with_trap(source: str) -> str:
    """Return HTML that ends with a link nobody can see, hear or reach by keyboard: only a machine follows it."""
    link = f'<a href="{{{{ {TRAP_FIELD} }}}}" style="{_HIDDEN}" aria-hidden="true" tabindex="-1" rel="nofollow"></a>'
    return _insert(source, link, after_start=False)


def _as_html(text: str) -> str:
    parts: list[str] = []
    position = 0
    for construct in constructs(text, field="preview_text"):
        parts += (html.escape(text[position : construct.start]), text[construct.start : construct.end])
        position = construct.end
    parts.append(html.escape(text[position:]))
    return " ".join("".join(parts).split("\n"))


def _insert(source: str, block: str, *, after_start: bool) -> str:
    held = hold(source, field="html")
    bodies = [piece for piece in pieces(held.text) if piece.kind == TAG and piece.name == "body"]
    index = _start_index(bodies) if after_start else _end_index(bodies, len(held.text))
    return held.put_back(held.text[:index]) + block + held.put_back(held.text[index:])


def _start_index(bodies: list[Piece]) -> int:
    return next((piece.end for piece in bodies if not piece.is_closing), 0)


def _end_index(bodies: list[Piece], length: int) -> int:
    return next((piece.start for piece in reversed(bodies) if piece.is_closing), length)
