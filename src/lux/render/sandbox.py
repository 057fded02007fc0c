"""The Liquid environment for people's templates: few tags, bounded filters, a budget of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from io import StringIO
from typing import TextIO

from liquid import BoundTemplate, Environment, RenderContext, Token
from liquid.ast import BlockNode, Node
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import LoopExpression
from liquid.builtin.expressions.primitive import RangeLiteral, StringLiteral
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    cycle_tag,
    echo_tag,
    for_tag,
    if_tag,
    inline_comment_tag,
    unless_tag,
)
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.exceptions import FilterArgumentError, LocalNamespaceLimitError, ResourceLimitError
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from liquid.undefined import Undefined
from liquid.utils import ReadOnlyChainMap

from lux.render.filters import MAX_BITS, MAX_VALUE, SAFE, check_size, size_of

MAX_OUTPUT = 1_000_000  # bytes of one rendered field
MAX_LOCALS = 400_000  # characters in all assigned values
MAX_LOOP = 10_000  # iterations of one nest of loops
MAX_WORK = 60_000  # steps of one render, a step being about a microsecond
FILTER_STEPS = 3
CHARACTERS_PER_STEP = 200
ITEMS_PER_STEP = 2
# What the library's filters let through on odd values, beside their own errors.
FILTER_FAULTS = (ArithmeticError, AttributeError, LookupError, ValueError)

SAFE_TAGS = (
    content.Literal,
    illegal.Illegal,
    if_tag.IfTag,
    unless_tag.UnlessTag,
    case_tag.CaseTag,
    for_tag.BreakTag,
    for_tag.ContinueTag,
    assign_tag.AssignTag,
    capture_tag.CaptureTag,
    comment_tag.CommentTag,
    inline_comment_tag.InlineCommentTag,
    cycle_tag.CycleTag,
    echo_tag.EchoTag,
)


class BudgetContext(RenderContext):
    """A render context that counts steps and refuses to go on when a template takes too many."""

    __slots__ = ("local_sizes", "loop_weight", "work")

    def __init__(
        self,
        template: BoundTemplate,
        *,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the library's name
    ) -> None:
        """Start with an unspent budget and without the library's own `now` and `today`."""
        super().__init__(template, globals=globals)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)
        self.work = 0
        self.loop_weight = 1
        self.local_sizes: dict[str, int] = {}

    def spend(self, steps: int) -> None:
        """Count steps; raises ResourceLimitError when the budget is used up."""
        self.work += steps
        if self.work > MAX_WORK:
            raise ResourceLimitError("the template takes too much work", token=None)

    def assign(self, key: str, val: object) -> None:
        """Keep a local value, bounded over all locals."""
        size = size_of(val)
        self.spend(1 + steps_of(val))
        self.local_sizes[key] = size
        if len(self.local_sizes) > 1_000 or sum(self.local_sizes.values()) > MAX_LOCALS:
            raise LocalNamespaceLimitError("the assigned values become too large", token=None)
        self.locals[key] = val

    @contextmanager
    def loop(self, namespace: Mapping[str, object], forloop: ForLoop | TableRow) -> Iterator[RenderContext]:
        """Pay for a loop before it runs."""
        self.spend(forloop.length * self.loop_weight)
        with super().loop(namespace, forloop) as context:
            yield context

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """Return the filter, metered."""
        function = super().filter(name, token)

        def metered(value: object, *args: object, **named: object) -> object:
            if named and not (name == "default" and named.keys() == {"allow_false"}):
                raise FilterArgumentError(f"{name}: takes no named argument", token=token)
            self.spend(FILTER_STEPS + steps_of(value))
            try:
                result = function(value, *args, **named)
            except FILTER_FAULTS as error:
                raise FilterArgumentError(f"{name}: {error}", token=token) from error
            if isinstance(result, int) and result.bit_length() > MAX_BITS:
                raise ResourceLimitError("a number becomes too large", token=token)
            check_size(size_of(result))
            self.spend(steps_of(result))
            return result

        return metered

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        """Return a buffer for `capture`, bounded like any value."""
        del buf
        return BoundedText(MAX_VALUE)


def steps_of(value: object) -> int:
    """Return what it costs to walk over a value once."""
    items = len(value) if isinstance(value, list | tuple) else 0
    return size_of(value) // CHARACTERS_PER_STEP + items // ITEMS_PER_STEP


class BoundedText(StringIO):
    """Text that refuses to grow beyond a limit, in characters."""

    def __init__(self, limit: int) -> None:
        """Start empty."""
        super().__init__(newline="")
        self.limit = limit
        self.size = 0

    def write(self, text: str, /) -> int:
        """Add text; raises ResourceLimitError beyond the limit."""
        self.size += len(text)
        if self.size > self.limit:
            raise ResourceLimitError("the output becomes too large", token=None)
        return super().write(text)


class BudgetTemplate(BoundTemplate):
    """A template that renders within a budget."""

    context_class = BudgetContext

    def _get_buffer(self) -> StringIO:
        return BoundedText(MAX_OUTPUT)


class BoundedRange(RangeLiteral):
    """A range that is refused before it is walked when it is too long."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> range:
        """Return the range; raises ResourceLimitError beyond MAX_LOOP."""
        found = super().evaluate(context)
        if found.stop - found.start > MAX_LOOP:
            raise ResourceLimitError("the loop is too long", token=self.token)
        return found


class PrintedNode(output.OutputNode):
    """An output that prints nothing for a whole mapping, which people never mean to see."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value."""
        value = self.expression.evaluate(context)
        return 0 if isinstance(value, Mapping) else buffer.write(to_liquid_string(value, context.autoescape))


class Printed(output.Output):
    """The `{{ }}` of mails."""

    node_class = PrintedNode


class PlainLiteral(StringLiteral):
    """Text written inside a construct: escaped like any value, so that `default: "Tom & Jerry"` is right in HTML."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> str:  # noqa: ARG002 - the library's signature
        """Return the text."""
        return self.value


class WeighedFor(for_tag.ForNode):
    """A loop that knows what one iteration costs."""

    __slots__ = ("weight",)

    def __init__(
        self,
        token: Token,
        expression: LoopExpression,
        block: BlockNode,
        default: BlockNode | None = None,
    ) -> None:
        """Count the nodes and expressions of the body once, when the template is compiled."""
        if isinstance(expression.iterable, RangeLiteral):
            literal = expression.iterable
            expression.iterable = BoundedRange(literal.token, literal.start, literal.stop)
        super().__init__(token, expression, block, default)
        self.weight = weight_of(block)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Run the loop after its price is known to the context."""
        if isinstance(context, BudgetContext):
            context.loop_weight = self.weight
        return super().render_to_output(context, buffer)


class WeighedForTag(for_tag.ForTag):
    """The `for` tag with a priced body."""

    node_class = WeighedFor


def weight_of(node: Node) -> int:
    """Return how many nodes and expressions one pass over a node touches at most."""
    inner = sum(weight_of(child) for child in node.children(NO_CONTEXT))
    return 1 + inner + sum(_weight_of_expression(expression) for expression in node.expressions())


def _weight_of_expression(expression: Expression) -> int:
    return 1 + sum(_weight_of_expression(child) for child in expression.children())


class MailLiquid(Environment):
    """Liquid without file access, includes, counters or unescaped output."""

    template_class = BudgetTemplate
    context_depth_limit = 20
    block_nesting_limit = 20
    loop_iteration_limit = MAX_LOOP
    output_stream_limit = MAX_OUTPUT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002 - the library's signature
        """Register what a mail may use, and nothing else."""
        for tag in (*SAFE_TAGS, Printed, WeighedForTag):
            self.add_tag(tag)
        self.filters.update(SAFE)


@lru_cache(maxsize=2)
def environment(*, html: bool) -> MailLiquid:
    """Return the environment for HTML (values are escaped) or for text."""
    return MailLiquid(autoescape=html, undefined=Undefined)


NO_CONTEXT = RenderContext(BoundTemplate(Environment(), []))  # our tags have no partials to load
