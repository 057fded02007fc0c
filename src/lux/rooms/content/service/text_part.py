"""The plain text of a message: made from its content, or written by hand and marked where it differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lux.render.plaintext import text_from_html
from lux.render.problems import TemplateProblem
from lux.rooms.content.service.composing import TEXT, Content, expanded, parts_of, render_source
from lux.rooms.content.service.versions import Line, line_differences

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class TextPart:
    """How the text part stands to the content."""

    made: str  # what would be made from the content now, with its Liquid
    is_own: bool  # written by hand
    lines: Sequence[Line] = ()  # what differs, made → own


def text_part(session: Session, content: Content) -> TextPart | None:
    """Return how the text part stands; None for plain text, and while the content can't be compiled."""
    made = _made(session, content)
    if made is None:
        return None
    if not content.text.strip():
        return TextPart(made=made, is_own=False)
    return TextPart(made=made, is_own=True, lines=list(line_differences(made, content.text)))


def settled(session: Session, content: Content) -> Content:
    """Return the content without a text part that says just what is made from it: that one follows the content."""
    if not content.text.strip():
        return content
    made = _made(session, content)
    is_same = made is not None and made.split() == content.text.split()
    return replace(content, text="") if is_same else content


def _made(session: Session, content: Content) -> str | None:
    if content.format == TEXT or not content.source.strip():
        return None
    try:
        whole = expanded(replace(content, text=""), parts_of(session))
        return text_from_html(render_source(whole.format, whole.source), field="source")
    except TemplateProblem:
        return None  # the checks say what is wrong
