"""From what people wrote to what leaves: HTML and text with the recipient's merge fields still in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lux.identity import companies
from lux.kit.db.session import company_of, settings_of
from lux.render.inline import inline_css
from lux.render.liquid import compile_template
from lux.render.mjml import mjml_to_html
from lux.render.plaintext import text_from_html
from lux.render.problems import TemplateProblem
from lux.rooms.content import addresses, house, parts, queries
from lux.rooms.content.house import House
from lux.rooms.content.parts import NO_PARTS, Part, Parts

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MJML, HTML, TEXT = "mjml", "html", "text"
FORMATS = (MJML, HTML, TEXT)
VIEW_ONLY = "{{ view_url }}\n"  # the text of a mail whose HTML holds no word, so that none is empty


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a message says, wherever it is kept."""

    format: str = MJML  # mjml | html | text
    subject: str = ""
    preview_text: str = ""
    source: str = ""  # MJML, HTML or plain text
    text: str = ""  # the text part; empty = made from the source


@dataclass(frozen=True, kw_only=True)
class Composed:
    """The parts of a message, compiled; Liquid of the recipient is still in them."""

    subject: str = ""
    preview_text: str = ""
    html: str = ""  # empty for plain text
    text: str = ""
    problems: tuple[TemplateProblem, ...] = ()


def render_source(format: str, source: str, *, house_values: House | None = None) -> str:  # noqa: A002 - the column's name
    """Return the HTML of an MJML or HTML source ("" for plain text); raises TemplateProblem naming line and tag.

    With `house_values` the company's and brand's fields are filled in; the recipient's stay.
    """
    if format == TEXT or not source.strip():
        return ""
    compile_template(source, field="source", html=True)  # complains with the author's own line
    html = mjml_to_html(source, field="source") if format == MJML else inline_css(source, field="source")
    return house.freeze(html, house_values, field="source", html=True) if house_values else html


def composed(session: Session, content: Content, *, is_preview: bool = False) -> Composed:
    """Compile a message of the session's company with its values, blocks and pictures.

    A preview keeps the pictures' addresses as they are: it is looked at from within.
    """
    return compose(
        content,
        house.values(session),
        blocks=parts_of(session),
        base_url="" if is_preview else base_url(session),
    )


def base_url(session: Session) -> str:
    """Return the address under which mails of the session's company find us."""
    return companies.current(session).public_url or settings_of(session).base_url


def parts_of(session: Session) -> Parts:
    """Return the company's blocks by their key."""
    rows = queries.blocks(session, company_of(session))
    return {row.key: Part(format=row.format, source=row.source) for row in rows}


def expanded(content: Content, blocks: Parts) -> Content:
    """Return the content with its blocks in it; raises TemplateProblem."""
    filled = parts.expand(content.source, blocks, format=content.format)
    return replace(content, source=filled, text=parts.expand(content.text, blocks, format=TEXT, field="text"))


def compose(content: Content, house_values: House, *, blocks: Parts = NO_PARTS, base_url: str = "") -> Composed:
    """Compile all parts of a message; problems are collected, not raised.

    With a `base_url` our own pictures get their whole addresses.
    """
    try:
        content = expanded(content, blocks)
    except TemplateProblem as problem:
        return Composed(problems=(problem,))
    made = _compiled(content, house_values, base_url)
    return replace(made, text=addresses.absolute(made.text, base_url))


def _compiled(content: Content, house_values: House, base_url: str) -> Composed:
    problems: list[TemplateProblem] = []
    html = _tried(problems, lambda: render_source(content.format, content.source, house_values=house_values))
    html = addresses.absolute(html, base_url)
    return Composed(
        subject=_tried(problems, lambda: _line(content.subject, house_values, "subject")),
        preview_text=_tried(problems, lambda: _line(content.preview_text, house_values, "preview_text")),
        html=html,
        text=_tried(problems, lambda: _text(content, html, house_values)),
        problems=tuple(_distinct(problems)),
    )


def _text(content: Content, html: str, house_values: House) -> str:
    written = content.text or (content.source if content.format == TEXT else "")
    if written.strip():
        field = "text" if content.text else "source"
        return house.freeze(written, house_values, field=field, html=False)
    made = text_from_html(html, field="source") if html else ""
    return made if made.strip() or not html else VIEW_ONLY


def _line(text: str, house_values: House, field: str) -> str:
    return house.freeze(text, house_values, field=field, html=False)


def _tried(problems: list[TemplateProblem], make: Callable[[], str]) -> str:
    try:
        return make()
    except TemplateProblem as problem:
        problems.append(problem)
        return ""


def _distinct(problems: list[TemplateProblem]) -> list[TemplateProblem]:
    return list({(problem.field, problem.line, problem.reason): problem for problem in problems}.values())
