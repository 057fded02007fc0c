"""Compiles and renders people's Liquid templates, and says which merge fields they name."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from liquid import BoundTemplate
from liquid.ast import Node
from liquid.builtin.expressions.primitive import RangeLiteral, StringLiteral
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.expression import Expression
from liquid.static_analysis import TemplateAnalysis

from lux.kit.i18n import gettext as _
from lux.render.problems import TemplateProblem, place
from lux.render.sandbox import NO_CONTEXT, BoundedRange, PlainLiteral, environment
from lux.render.scanner import Construct, constructs

PlainValue = str | int | float | bool | None | Sequence["PlainValue"] | Mapping[str, "PlainValue"]

# What the parser and the filters let through on hostile input, beside their own LiquidError.
RAW_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
LOOP_NAMES = frozenset({"forloop", "tablerowloop"})


@dataclass(frozen=True, kw_only=True)
class MergeField:
    """A merge field that a template names."""

    name: str  # dotted, as written: "custom.size"
    line: int
    has_default: bool  # a fallback stands beside it


class Template:
    """A compiled template of one field; rendering takes plain values only."""

    def __init__(self, source: str, *, field: str, bound: BoundTemplate, parts: tuple[Construct, ...]) -> None:
        self.source = source
        self.field = field
        self.constructs = parts
        self._bound = bound
        self._analysis = bound.analyze(include_partials=False)
        _check(self)

    @property
    def analysis(self) -> TemplateAnalysis:
        """Return what the parser knows of variables, filters and tags."""
        return self._analysis

    @property
    def nodes(self) -> list[Node]:
        """Return the parse tree."""
        return self._bound.nodes

    def fields(self) -> list[MergeField]:
        """Return each merge field once per line, in order of appearance."""
        found = {
            (variable.span.index, str(variable))
            for variables in self._analysis.globals.values()
            for variable in variables
            if str(variable.segments[0]) not in LOOP_NAMES
        }
        fields = [
            MergeField(
                name=name,
                line=place(self.source, index)[0],
                has_default="default" in self.construct_at(index).partition("|")[2],
            )
            for index, name in sorted(found)
        ]
        return list(dict.fromkeys(fields))

    def construct_at(self, index: int) -> str:
        """Return the construct that holds an index of the source, as written, or nothing."""
        number = bisect_right(self.constructs, index, key=lambda construct: construct.start) - 1
        if number < 0 or self.constructs[number].end <= index:
            return ""
        construct = self.constructs[number]
        return self.source[construct.start : construct.end].split("\n", 1)[0]

    def render(self, data: Mapping[str, PlainValue]) -> str:
        """Render; raises TemplateProblem when the template fails on this data or works too much."""
        check_plain(data)
        try:
            return self._bound.render(data)
        except LiquidError as error:
            raise self.problem(error) from error
        except RAW_FAULTS as error:
            raise self.refuse(_("This template can't be rendered: %(why)s.", why=error)) from error

    def problem(self, error: LiquidError) -> TemplateProblem:
        """Return a parser's or renderer's error in our terms."""
        return _problem(self.source, self.field, self.constructs, error)

    def refuse(self, reason: str, *, index: int = -1, fix: str = "") -> TemplateProblem:
        """Return a problem at an index of the source."""
        if index < 0:
            return TemplateProblem(reason, field=self.field, fix=fix)
        line, column = place(self.source, index)
        return TemplateProblem(
            reason,
            field=self.field,
            fix=fix,
            line=line,
            column=column,
            tag=self.construct_at(index),
        )


def compile_template(source: str, *, field: str, html: bool) -> Template:
    """Compile a template; `html` escapes what values bring in. Raises TemplateProblem."""
    source = unix_lines(source)
    parts = constructs(source, field=field)
    try:
        bound = environment(html=html).from_string(source)
    except LiquidError as error:
        raise _problem(source, field, parts, error) from error
    except RAW_FAULTS as error:
        raise TemplateProblem(_("This template can't be read: %(why)s.", why=error), field=field) from error
    return Template(source, field=field, bound=bound, parts=parts)


def unix_lines(text: str) -> str:
    """Return a text whose line ends are all LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def fields_used(source: str, *, field: str = "html") -> list[MergeField]:
    """Return the merge fields a source names; raises TemplateProblem when it can't be compiled."""
    return compile_template(source, field=field, html=False).fields()


def check_plain(value: object) -> None:
    """Refuse anything but plain text, numbers, lists and mappings (their exact types)."""
    if type(value) in {str, int, float, bool, type(None)}:
        return
    if type(value) is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise TypeError(f"merge data has a key that is not text: {key!r}")
            check_plain(item)
    elif type(value) is list:
        for item in value:
            check_plain(item)
    else:
        raise TypeError(f"merge data may not hold {type(value).__name__}")


def _check(template: Template) -> None:
    known = environment(html=False).filters
    for name, spans in template.analysis.filters.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise template.refuse(
                _("There is no filter “%(name)s”.", name=name),
                index=spans[0].index,
                fix=_("Did you mean “%(near)s”?", near=near[0])
                if near
                else _("Take it out, or use one of: %(names)s.", names=", ".join(sorted(known))),
            )
    for node in template.nodes:
        _check_node(template, node)


def _check_node(template: Template, node: Node) -> None:
    for expression in node.expressions():
        _check_expression(template, expression)
    for child in node.children(NO_CONTEXT):
        _check_node(template, child)


def _check_expression(template: Template, expression: Expression) -> None:
    if type(expression) is StringLiteral:
        expression.__class__ = PlainLiteral
    # A loop's own range was made a BoundedRange; any other could be walked without limit.
    if isinstance(expression, RangeLiteral) and not isinstance(expression, BoundedRange):
        raise template.refuse(
            _("A range like (1..3) can only be looped over."),
            index=expression.token.start_index,
            fix=_("Write for example {% for i in (1..3) %}."),
        )
    for child in expression.children():
        _check_expression(template, child)


def _problem(source: str, field: str, parts: tuple[Construct, ...], error: LiquidError) -> TemplateProblem:
    fix = ""
    if isinstance(error, ResourceLimitError):
        fix = _("Loop over fewer things, or say less in one mail.")
    index = error.token.start_index if error.token is not None else -1
    if index < 0:
        return TemplateProblem(_sentence(error), field=field, fix=fix)
    line, column = place(source, index)
    number = bisect_right(parts, index, key=lambda construct: construct.start) - 1
    tag = source[parts[number].start : parts[number].end] if number >= 0 else ""
    return TemplateProblem(
        _sentence(error),
        field=field,
        fix=fix,
        line=line,
        column=column,
        tag=tag.split("\n", 1)[0],
    )


def _sentence(error: LiquidError) -> str:
    text = str(error.message or error.__class__.__name__)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
