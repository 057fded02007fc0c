"""What the checks say of a message's own content, as the content room sees it, with the way to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.render.findings import Severity
from lux.render.problems import TemplateProblem
from lux.rooms.content import service as content
from lux.rooms.email.findings import Finding
from lux.rooms.email.service import content_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.render.findings import Finding as Found
    from lux.rooms.email.models import Campaign

_SEVERITIES = {Severity.ERROR: "block", Severity.WARNING: "warn", Severity.INFO: "info"}
_FIELDS = {"html": "source", "mjml": "source"}  # what the editor calls them


def check(session: Session, campaign: Campaign, composed: content.Composed, edit_url: str) -> list[Finding]:
    """Return everything that is to be said about the content."""
    written = content_of(campaign)
    try:
        said = content.check(session, written, composed)
    except TemplateProblem as problem:  # a part that compiles only when it is filled
        return [_of_problem(problem, edit_url)]
    found = [_of(one, edit_url) for one in _once(said, is_text_made=not written.text.strip())]
    if not composed.problems and not (composed.html or composed.text).strip():
        found.append(
            Finding(
                code="content_missing",
                severity="block",
                message=_("The message is empty."),
                fix=_("Write it, or begin with a starter."),
                field="source",
                url=edit_url,
            )
        )
    return found


def _once(said: Sequence[Found], *, is_text_made: bool) -> list[Found]:
    """Leave out what is said of a text part that is only made from the HTML, where the HTML says it too."""
    elsewhere = {one.code for one in said if one.field != "text"}
    return [one for one in said if not (is_text_made and one.field == "text" and one.code in elsewhere)]


def _of_problem(problem: TemplateProblem, edit_url: str) -> Finding:
    field = problem.field or "source"
    return Finding(
        code=problem.code,
        severity="block",
        message=problem.message,
        fix=problem.fix,
        field=_FIELDS.get(field, field),
        url=edit_url,
    )


def _of(one: Found, edit_url: str) -> Finding:
    line = _("Line %(n)s: ", n=one.line) if one.line and str(one.line) not in one.message else ""
    part = _("Text part: ") if one.field == "text" else ""
    tag = f" {one.tag}" if one.tag and one.tag not in one.message else ""
    return Finding(
        code=one.code,
        severity=_SEVERITIES[one.severity],
        message=f"{part}{line}{one.message}{tag}",
        fix=one.fix,
        field=_FIELDS.get(one.field, one.field),
        url=edit_url,
    )
