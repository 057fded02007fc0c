"""Moves a stylesheet into the elements it styles, because many mail programs drop <style>; leaves Liquid as it is."""

from __future__ import annotations

from functools import lru_cache

import css_inline

from lux.kit.i18n import gettext as _
from lux.render.held import hold
from lux.render.markup import TAG, pieces
from lux.render.problems import TemplateProblem, place


def inline_css(source: str, *, field: str = "html") -> str:
    """Return HTML with its CSS inlined; what can't be inlined (media queries, :hover) stays in <style>.

    Nothing is loaded from anywhere: linked stylesheets are dropped. Raises TemplateProblem.
    """
    held = hold(source, field=field, for_parser=True)
    for piece in pieces(held.text):
        if piece.kind == TAG and piece.name.startswith("mj"):
            line, column = place(source, held.source_index(piece.start))
            raise TemplateProblem(
                _("This is MJML, not HTML."),
                field=field,
                fix=_("Choose MJML as the format of this mail."),
                line=line,
                column=column,
                tag=held.text[piece.start : piece.end],
            )
    try:
        html: str = _inliner().inline(held.text)
    except ValueError as error:
        raise TemplateProblem(
            _("The stylesheet can't be read: %(why)s.", why=error),
            field=field,
            fix=_("Check the CSS inside <style>."),
        ) from error
    return held.put_back(html)


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        keep_style_tags=True,
        remove_inlined_selectors=True,
        load_remote_stylesheets=False,
    )
