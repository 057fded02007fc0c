"""What is wrong with a template, said with its line and the construct to blame."""

from __future__ import annotations

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

SHOWN_TAG = 60  # characters of the construct that a message repeats


class TemplateProblem(InvalidInput):
    """This template can't be used."""

    code = "template_problem"

    def __init__(
        self,
        reason: str,
        *,
        field: str,
        fix: str = "",
        line: int | None = None,
        column: int | None = None,
        tag: str = "",
    ) -> None:
        """Keep the reason, the place (line and column from 1) and the construct to blame."""
        self.reason = reason
        self.line = line
        self.column = column
        self.tag = tag if len(tag) <= SHOWN_TAG else tag[: SHOWN_TAG - 1] + "…"
        super().__init__(self._words(), field=field, fix=fix)

    def _words(self) -> str:
        if self.line and self.tag:
            return _(
                "Line %(line)s, %(tag)s: %(reason)s",
                line=self.line,
                tag=self.tag,
                reason=self.reason,
            )
        if self.line:
            return _("Line %(line)s: %(reason)s", line=self.line, reason=self.reason)
        return self.reason


def place(source: str, index: int) -> tuple[int, int]:
    """Return line and column, both from 1, of an index of the source."""
    index = max(0, min(index, len(source)))
    return source.count("\n", 0, index) + 1, index - source.rfind("\n", 0, index)
