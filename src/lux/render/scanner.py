"""Finds the Liquid constructs of a source in one linear pass, and refuses what no mail needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lux.kit.i18n import gettext as _
from lux.render.problems import TemplateProblem, place

MAX_SOURCE = 512_000  # characters of one template
MAX_CONSTRUCTS = 2_000  # {{ }} and {% %} of one template
MAX_CONSTRUCT = 2_000  # characters of one of them
MAX_BRACKETS = 20  # of one of them: the parser recurses
MAX_BLANK = 100  # white space in a row inside one: the parser's patterns are quadratic in it

OUTPUT, TAG, RAW = "output", "tag", "raw"

TAGS = frozenset(
    {
        *("if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase"),
        *("for", "break", "continue", "endfor", "assign", "capture", "endcapture"),
        *("comment", "endcomment", "cycle", "echo", "raw", "#"),
    }
)
BLOCKS = {f"end{name}": name for name in ("if", "unless", "case", "for", "capture", "comment")}
TAG_NAMES = "if, unless, case, for, assign, capture, cycle, echo, comment, raw"

_OPENING = re.compile(r"\{[{%]")
_TAG_NAME = re.compile(r"(#|\w+)\s*(.*)", re.DOTALL)
_END_RAW = re.compile(r"\{%-?\s{0,100}endraw\s{0,100}-?%\}")
_BLANK = re.compile(rf"\s{{{MAX_BLANK + 1}}}")


@dataclass(frozen=True, slots=True)
class Construct:
    """One `{{ … }}`, `{% … %}` or whole `{% raw %}` block."""

    start: int
    end: int
    kind: str  # OUTPUT, TAG or RAW
    name: str  # the tag's name, "" for an output
    body: str  # what stands inside, without dashes and outer white space
    trims: bool  # has a dash that eats white space around it


def constructs(source: str, *, field: str) -> tuple[Construct, ...]:
    """Return all constructs in order; raises TemplateProblem for a bad one."""
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(
            _("This is longer than %(limit)s characters.", limit=MAX_SOURCE),
            field=field,
            fix=_("Shorten it; large pictures belong into the media library, not into the text."),
        )
    found: list[Construct] = []
    for construct in _walk(source, field):
        found.append(construct)
        if len(found) > MAX_CONSTRUCTS:
            raise _problem(
                source,
                construct.start,
                field,
                _("There are more than %(limit)s merge fields and tags.", limit=MAX_CONSTRUCTS),
                fix=_("Use a loop, or split the content."),
            )
    _check_blocks(source, found, field)
    return tuple(found)


def _check_blocks(source: str, found: list[Construct], field: str) -> None:
    open_blocks: list[Construct] = []
    for construct in found:
        in_comment = bool(open_blocks) and open_blocks[-1].name == "comment"
        if construct.kind != TAG or (in_comment and construct.name not in {"comment", "endcomment"}):
            continue
        if construct.name in BLOCKS.values():
            open_blocks.append(construct)
        elif construct.name in BLOCKS:
            _close_block(source, construct, open_blocks, field)
    if open_blocks:
        left = open_blocks[-1]
        raise _problem(
            source,
            left.start,
            field,
            _("“%(name)s” is never closed.", name=left.name),
            fix=_("Add {%% end%(name)s %%} after it.", name=left.name),
        )


def _close_block(source: str, construct: Construct, open_blocks: list[Construct], field: str) -> None:
    wanted = BLOCKS[construct.name]
    opener = open_blocks.pop() if open_blocks else None
    if opener is None or opener.name != wanted:
        reason = (
            _("“%(name)s” closes nothing.", name=construct.name)
            if opener is None
            else _(
                "“%(name)s” stands where “%(opener)s” of line %(line)s is still open.",
                name=construct.name,
                opener=opener.name,
                line=place(source, opener.start)[0],
            )
        )
        fix = _("Take it out, or close the inner block first.")
        raise _problem(source, construct.start, field, reason, fix=fix)


def _walk(source: str, field: str) -> Iterator[Construct]:
    position = 0
    while opening := _OPENING.search(source, position):
        start = opening.start()
        closing = "}}" if source[start + 1] == "{" else "%}"
        inner_end = source.find(closing, start + 2)
        if inner_end < 0:
            raise _problem(
                source,
                start,
                field,
                _("“%(opening)s” is never closed.", opening=opening.group()),
                fix=_("Add “%(closing)s” after it.", closing=closing),
            )
        construct = _construct(source, start, inner_end + 2, field)
        yield construct
        position = construct.end


def _construct(source: str, start: int, end: int, field: str) -> Construct:
    inside = source[start + 2 : end - 2]
    trims = inside.startswith("-") or inside.endswith("-")
    body = inside.removeprefix("-").removesuffix("-").strip()

    def refuse(reason: str, fix: str) -> TemplateProblem:
        return _problem(source, start, field, reason, fix=fix)

    if not body:
        raise refuse(_("There is nothing between the braces."), _("Name a merge field."))
    if len(inside) > MAX_CONSTRUCT or inside.count("[") > MAX_BRACKETS or _BLANK.search(inside):
        raise refuse(
            _("This merge field or tag is too long or too nested, or has too much white space in it."),
            _("Keep it under %(limit)s characters, on few lines.", limit=MAX_CONSTRUCT),
        )
    if source[start + 1] == "{":
        return Construct(start, end, OUTPUT, "", body, trims)
    named = _TAG_NAME.match(body)
    if named is None or named[1] not in TAGS:
        raise refuse(
            _("There is no such tag in mails: “%(name)s”.", name=named[1] if named else body[:20]),
            _("Use one of: %(names)s.", names=TAG_NAMES),
        )
    if named[1] != "raw":
        return Construct(start, end, TAG, named[1], named[2], trims)
    closing = _END_RAW.search(source, end)
    if closing is None:
        raise refuse(_("“raw” is never closed."), _("Add {% endraw %} after it."))
    return Construct(start, closing.end(), RAW, "raw", source[end : closing.start()], trims)


def _problem(source: str, start: int, field: str, reason: str, *, fix: str) -> TemplateProblem:
    line, column = place(source, start)
    shown = source[start : start + 80].split("\n", 1)[0].rstrip()
    return TemplateProblem(reason, field=field, fix=fix, line=line, column=column, tag=shown)
