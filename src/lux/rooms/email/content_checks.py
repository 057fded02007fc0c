"""What the checks say of a message's own content: merge fields, links, pictures, size, subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.render.findings import Severity
from lux.render.held import hold
from lux.render.links import is_web
from lux.render.markup import TAG, pieces
from lux.render.problems import TemplateProblem
from lux.rooms.email.findings import Finding

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.email.composing import Composed

CLIP_BYTES = 102 * 1024  # Gmail cuts a message off above it
LONG_SUBJECT = 70  # characters; phones show fewer
# What every message has beside the recipient's own fields (see gate.messages and render.mime).
OWN_FIELDS = frozenset({"email", "postal_address", "unsubscribe_url", "view_url", "company", "brand", "lux"})
_SEVERITIES = {Severity.ERROR: "block", Severity.WARNING: "warn", Severity.INFO: "info"}


def check(session: Session, company_id: int, composed: Composed, edit_url: str) -> list[Finding]:
    """Return everything that is to be said about the content."""
    found = [
        *_subject(composed, edit_url),
        *_templates(composed, edit_url),
        *_fields(session, company_id, composed, edit_url),
        *_unsubscribe(composed, edit_url),
    ]
    if composed.html:
        found += [*_links_and_pictures(composed.html, edit_url), *_size(composed.html, edit_url)]
    return found


def known_fields(session: Session, company_id: int) -> frozenset[str]:
    """Return every merge field that has a value for recipients."""
    names = {one.name for source in installed().merge_sources for one in source.fields(session, company_id)}
    return frozenset(names) | OWN_FIELDS


def _subject(composed: Composed, url: str) -> Iterator[Finding]:
    if not composed.subject.strip():
        yield Finding(
            code="subject_missing",
            severity="block",
            message=_("The subject is missing."),
            fix=_("Say in one line what the mail is about."),
            field="subject",
            url=url,
        )
    elif len(composed.subject) > LONG_SUBJECT:
        yield Finding(
            code="subject_long",
            severity="warn",
            message=_("The subject has %(n)s characters; phones cut it off.", n=len(composed.subject)),
            fix=_("Keep it under %(n)s, with the important words first.", n=LONG_SUBJECT),
            field="subject",
            url=url,
        )
    if not composed.preview_text.strip():
        yield Finding(
            code="preview_missing",
            severity="info",
            message=_("There is no preview text: inboxes show the first words of the mail instead."),
            fix=_("Add a short sentence that goes on where the subject ends."),
            field="preview_text",
            url=url,
        )


def _templates(composed: Composed, url: str) -> Iterator[Finding]:
    for problem in composed.problems:
        yield of_problem(problem, url)
    if not composed.problems and not (composed.html or composed.text).strip():
        yield Finding(
            code="content_missing",
            severity="block",
            message=_("The message is empty."),
            fix=_("Write it, or begin with a starter."),
            field="source",
            url=url,
        )
    for one in composed.findings:
        place = _(" (line %(line)s)", line=one.line) if one.line else ""
        yield Finding(
            code=one.code,
            severity=_SEVERITIES[one.severity],
            message=one.message + place,
            fix=one.fix,
            field=one.field,
            url=url,
        )


def of_problem(problem: TemplateProblem, url: str) -> Finding:
    """Return what a template's compiler said, with its line and tag."""
    return Finding(
        code="template_problem",
        severity="block",
        message=problem.message,
        fix=problem.fix,
        field=problem.field or "source",
        url=url,
    )


def _fields(session: Session, company_id: int, composed: Composed, url: str) -> Iterator[Finding]:
    known = known_fields(session, company_id)
    for name in sorted(composed.fields):
        if name in known or name.partition(".")[0] in known:
            continue
        near = get_close_matches(name, known, n=1)
        yield Finding(
            code="unknown_field",
            severity="block",
            message=_("There is no merge field “%(name)s”: everybody would get an empty place.", name=name),
            fix=_("Did you mean “%(near)s”?", near=near[0])
            if near
            else _("Choose one from the list beside the editor, or take it out."),
            field="source",
            url=url,
        )


def _unsubscribe(composed: Composed, url: str) -> Iterator[Finding]:
    parts = {_("the HTML part"): composed.html, _("the text part"): composed.text}
    missing = [name for name, part in parts.items() if part.strip() and "unsubscribe_url" not in part]
    if missing:
        yield Finding(
            code="unsubscribe_missing",
            severity="block",
            message=_("The unsubscribe link is missing in %(parts)s.", parts=_(" and ").join(missing)),
            fix=_("Put {{ unsubscribe_url }} there as the target of a link."),
            field="source",
            url=url,
        )


def _size(html: str, url: str) -> Iterator[Finding]:
    size = len(html.encode())
    if size > CLIP_BYTES:
        yield Finding(
            code="too_large",
            severity="warn",
            message=_("The HTML has %(n)s KB. Gmail cuts messages off above 102 KB.", n=round(size / 1024)),
            fix=_("Shorten it, or split it: the unsubscribe link at the end must not be cut off."),
            field="source",
            url=url,
        )


def _links_and_pictures(html: str, url: str) -> Iterator[Finding]:
    try:
        held = hold(html, field="html")
    except TemplateProblem:
        return  # said already
    targets: list[str] = []
    without_alt = 0
    for piece in pieces(held.text):
        if piece.kind != TAG or piece.is_closing:
            continue
        if piece.name in {"a", "area"} and piece.get("href") is not None:
            targets.append(held.put_back(piece.get("href") or ""))
        elif piece.name == "img" and piece.get("alt") is None:
            without_alt += 1
    yield from _broken(targets, url)
    if without_alt:
        yield Finding(
            code="alt_missing",
            severity="warn",
            message=_("%(n)s pictures have no alternative text.", n=without_alt),
            fix=_('Describe what they show, or write alt="" for pure decoration.'),
            field="source",
            url=url,
        )


def _broken(targets: Iterable[str], url: str) -> Iterator[Finding]:
    for target in dict.fromkeys(targets):
        text = target.strip()
        if "{{" in text or "{%" in text or is_web(text):
            continue
        if text.startswith(("mailto:", "tel:", "sms:")):
            continue
        is_placeholder = not text or text.startswith("#")
        yield Finding(
            code="link_empty" if is_placeholder else "link_broken",
            severity="warn" if is_placeholder else "block",
            message=_("A link leads nowhere: “%(target)s”.", target=text[:80]),
            fix=_("Write a full address that begins with https://."),
            field="source",
            url=url,
        )
