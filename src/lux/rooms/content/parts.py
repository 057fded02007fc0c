"""Blocks in messages: `{% render "header" %}` is replaced by the block's own words before anything is compiled.

What a person says yes to holds the blocks' words of that moment, so a block that is edited later changes no approved
mail. A block takes the place of its tag on one line: the lines of the message stay those its author sees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from lux.kit.i18n import gettext as _
from lux.render.problems import TemplateProblem, place

MAX_DEPTH: Final = 5
MAX_SIZE: Final = 400_000  # characters of a message with its blocks
TEXT: Final = "text"
_TAG: Final = re.compile(r"{%-?\s*render\b(?P<rest>(?:[^%]|%(?!}))*)%}")
_NAME: Final = re.compile(r"""\s*(?P<quote>["'])(?P<name>[a-z0-9-]{1,60})(?P=quote)\s*-?""")
_FOLDED: Final = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A block as the compiler needs it."""

    format: str  # mjml | html
    source: str


Parts = Mapping[str, Part]
NO_PARTS: Final[Parts] = {}


def named_in(source: str) -> set[str]:
    """Return the names of the blocks that a source names."""
    return {name["name"] for tag in _TAG.finditer(source) if (name := _NAME.fullmatch(tag["rest"])) is not None}


def expand(source: str, parts: Parts, *, format: str, field: str = "source") -> str:  # noqa: A002 - the column's name
    """Return the source with its blocks in it; raises TemplateProblem naming the line and tag that asks for one."""
    if "render" not in source:
        return source
    return _Expansion(parts=parts, format=format, field=field).run(source)


@dataclass
class _Expansion:
    parts: Parts
    format: str
    field: str

    def run(self, source: str) -> str:
        """Replace the tags of the message itself."""

        def put(tag: re.Match[str]) -> str:
            def refuse(reason: str, fix: str) -> TemplateProblem:
                line, column = place(source, tag.start())
                return TemplateProblem(reason, field=self.field, fix=fix, line=line, column=column, tag=tag[0])

            return self._of(tag, (), refuse)

        filled = _TAG.sub(put, source)
        if len(filled) > MAX_SIZE:
            raise TemplateProblem(
                _("With its blocks the message becomes too large."),
                field=self.field,
                fix=_("Use fewer or shorter ones."),
            )
        return filled

    def _of(self, tag: re.Match[str], above: tuple[str, ...], refuse: Callable[[str, str], TemplateProblem]) -> str:
        found = _NAME.fullmatch(tag["rest"])
        if found is None:
            raise refuse(_("This names no block."), _('Write {%% render "name" %%}, with nothing else in it.'))
        name = found["name"]
        part = self.parts.get(name)
        if part is None:
            raise refuse(self._missing(name, above), self._nearest(name))
        if name in above or len(above) >= MAX_DEPTH:
            way = " → ".join([*above, name])
            raise refuse(_("The blocks lead back to themselves: %(way)s.", way=way), _("Take one of them out."))
        if part.format != self.format:
            raise refuse(
                _("The block “%(name)s” is written in %(kind)s.", name=name, kind=part.format.upper()),
                _("Use a block that is written like this message."),
            )
        inner = _TAG.sub(lambda deeper: self._of(deeper, (*above, name), refuse), part.source)
        if len(inner) > MAX_SIZE:
            raise refuse(_("With its blocks the message becomes too large."), _("Use fewer or shorter ones."))
        return _FOLDED.sub(" ", inner.strip())

    def _missing(self, name: str, above: tuple[str, ...]) -> str:
        if above:
            return _("The block “%(outer)s” names “%(name)s”, which does not exist.", outer=above[-1], name=name)
        return _("There is no block “%(name)s”.", name=name)

    def _nearest(self, name: str) -> str:
        near = get_close_matches(name, self.parts, n=1)
        if near:
            return _("Did you mean “%(near)s”?", near=near[0])
        return _("Choose one from the list of blocks, or make it.")
