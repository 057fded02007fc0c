"""Compiles MJML into the HTML that mail programs understand, leaving Liquid as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from mjml import mjml2html

from lux.kit.i18n import gettext as _
from lux.render.held import Held, hold
from lux.render.markup import COMMENT, TAG, Piece, pieces
from lux.render.problems import TemplateProblem, place

MAX_DEPTH = 60  # elements within elements; the compiler recurses

COMPONENTS = frozenset(
    {
        *("mjml", "mj-head", "mj-body", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint"),
        *("mj-font", "mj-html-attributes", "mj-selector", "mj-html-attribute", "mj-preview"),
        *("mj-style", "mj-title", "mj-accordion", "mj-accordion-element", "mj-accordion-title"),
        *("mj-accordion-text", "mj-button", "mj-carousel", "mj-carousel-image", "mj-column"),
        *("mj-divider", "mj-group", "mj-hero", "mj-image", "mj-navbar", "mj-navbar-link"),
        *("mj-raw", "mj-section", "mj-social", "mj-social-element", "mj-spacer", "mj-table"),
        *("mj-text", "mj-wrapper"),
    }
)
_POSITION = re.compile(r"at position (\d+):\d+$")
_STRAY = re.compile(r"<(?![A-Za-z/!?])")


def mjml_to_html(source: str, *, field: str = "mjml") -> str:
    """Return the HTML of an MJML source; raises TemplateProblem with line and tag."""
    held = hold(source, field=field, for_parser=True)
    check = _Check(held=held, source=source, field=field)
    check.run()
    try:
        html: str = mjml2html(held.text, fonts={})
    except ValueError as error:
        raise check.compiler_problem(error) from error
    return held.put_back(html)


@dataclass(kw_only=True)
class _Check:
    """Finds what the compiler would report without a line, or drop without a word."""

    held: Held
    source: str
    field: str
    opened: list[Piece] = dataclass_field(default_factory=list)

    def run(self) -> None:
        """Walk over all tags; raises TemplateProblem for the first thing wrong."""
        text = self.held.text
        has_root = has_body = False
        position = 0
        for piece in pieces(text):
            self._check_text(position, piece.start, inside=bool(self.opened))
            position = piece.end
            if not self.opened and (has_root or piece.name != "mjml") and piece.kind != COMMENT:
                raise self._at(piece.start, *_root_words())
            if piece.kind != TAG:
                continue
            self._check_tag(piece)
            has_root = True
            has_body = has_body or (piece.name == "mj-body" and len(self.opened) == 1)
            self._step(piece)
        self._check_text(position, len(text), inside=bool(self.opened))
        if self.opened:
            name = self.opened[-1].name
            reason = _("<%(name)s> is never closed.", name=name)
            raise self._at(self.opened[-1].start, reason, _("Add </%(name)s>.", name=name))
        if not has_body:
            raise self._at(0, *_root_words())

    def compiler_problem(self, error: ValueError) -> TemplateProblem:
        """Return what the compiler said, with the line when it names a position (in bytes)."""
        words = str(error).replace(" in root template", "")
        found = _POSITION.search(words)
        why = _POSITION.sub("", words).strip()
        reason = _("The MJML can't be compiled: %(why)s.", why=why)
        if found is None:
            return TemplateProblem(reason, field=self.field)
        before = self.held.text.encode()[: int(found[1])].decode(errors="ignore")
        return self._at(len(before), reason, "")

    def _check_text(self, start: int, end: int, *, inside: bool) -> None:
        text = self.held.text[start:end]
        if stray := _STRAY.search(text):
            reason = _("A lone “<” is not allowed in MJML.")
            raise self._at(start + stray.start(), reason, _("Write &lt; instead."))
        if text.strip() and not inside:
            raise self._at(start + len(text) - len(text.lstrip()), *_root_words())

    def _check_tag(self, piece: Piece) -> None:
        if piece.name == "mj-include":
            reason = _("<mj-include> is not available: a mail holds all its content itself.")
            raise self._at(piece.start, reason, _("Paste the content, or use a block."))
        if piece.name.startswith("mj-") and piece.name not in COMPONENTS:
            reason = _("There is no MJML element <%(name)s>.", name=piece.name)
            raise self._at(piece.start, reason, _("Check its spelling."))
        for item in piece.attributes:
            if self.held.text[item.start - 1] not in "\"'":
                reason = _("The attribute “%(name)s” has no value in quotes.", name=item.name)
                raise self._at(piece.start, reason, _('Write %(name)s="…".', name=item.name))

    def _step(self, piece: Piece) -> None:
        if not piece.is_closing:
            if not piece.is_empty:
                self.opened.append(piece)
            if len(self.opened) > MAX_DEPTH:
                reason = _("Elements are nested more than %(limit)s deep.", limit=MAX_DEPTH)
                raise self._at(piece.start, reason, _("Simplify the structure."))
            return
        opener = self.opened.pop() if self.opened else None
        if opener is None:
            reason = _("</%(name)s> closes nothing.", name=piece.name)
            raise self._at(piece.start, reason, _("Take it out."))
        if opener.name != piece.name:
            line = place(self.source, self.held.source_index(opener.start))[0]
            reason = _(
                "</%(name)s> stands where <%(opener)s> of line %(line)s is still open.",
                name=piece.name,
                opener=opener.name,
                line=line,
            )
            raise self._at(piece.start, reason, _("Close <%(name)s> first.", name=opener.name))

    def _at(self, index: int, reason: str, fix: str) -> TemplateProblem:
        text = self.held.text
        line, column = place(self.source, self.held.source_index(index))
        end = text.find(">", index)
        tag = self.held.put_back(text[index : end + 1 if end >= 0 else index + 40])
        return TemplateProblem(
            reason,
            field=self.field,
            fix=fix,
            line=line,
            column=column,
            tag=tag.strip().split("\n", 1)[0],
        )


def _root_words() -> tuple[str, str]:
    return (
        _("MJML must begin with <mjml>, end with </mjml> and have an <mj-body> inside."),
        _("Write <mjml><mj-body> … </mj-body></mjml>, with nothing around it."),
    )
