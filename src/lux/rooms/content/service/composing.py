"""From what people wrote to what leaves: HTML and text with the recipient's merge fields still in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lux.render.inline import inline_css
from lux.render.liquid import compile_template
from lux.render.mjml import mjml_to_html
from lux.render.plaintext import text_from_html
from lux.render.problems import TemplateProblem
from lux.rooms.content import house
from lux.rooms.content.house import House

MJML, HTML, TEXT = "mjml", "html", "text"
FORMATS = (MJML, HTML, TEXT)


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


def compose(content: Content, house_values: House) -> Composed:
    """Compile all parts of a message; problems are collected, not raised."""
    problems: list[TemplateProblem] = []
    html = _tried(problems, lambda: render_source(content.format, content.source, house_values=house_values))
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
    return text_from_html(html, field="source") if html else ""


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
