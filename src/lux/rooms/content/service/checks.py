"""What is to be said about a message before it goes anywhere: where, how grave, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from sqlalchemy.orm import Session

from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.render.findings import Finding, Severity
from lux.render.inspect import inspect_mail
from lux.render.liquid import MergeField, fields_used
from lux.render.mime import MailTemplate
from lux.render.problems import TemplateProblem
from lux.rooms.content import addresses, house, queries
from lux.rooms.content.service.composing import TEXT, Composed, Content, base_url, expanded, parts_of
from lux.rooms.content.service.composing import composed as compose_all
from lux.rooms.content.service.fields import groups
from lux.rooms.content.service.media import is_ready

_BY_PLACE = frozenset({"field_unknown", "field_without_fallback"})  # said below with the author's own lines
NEVER_EMPTY = frozenset({"email", "lifecycle", "unsubscribe_url", "view_url", "postal_address"})


def check(session: Session, content: Content, made: Composed | None = None) -> list[Finding]:
    """Return everything there is to say, gravest first; lines are those of what the author wrote."""
    composed = made or compose_all(session, content)
    if composed.problems:
        return [_of_problem(problem) for problem in composed.problems]
    content = expanded(content, parts_of(session))
    known = {field.name for group in groups(session, house.values(session)) for field in group.fields}
    template = MailTemplate(
        subject=composed.subject,
        preview_text=composed.preview_text,
        html=composed.html,
        text=composed.text,
        from_name="",
        from_email="",
    )
    general = [one for one in inspect_mail(template, known_fields=known) if one.code not in _BY_PLACE]
    found = [*_placed(content, general), *_fields(content, known), *_pictures(session, content)]
    return sorted(_distinct(found), key=lambda one: list(Severity).index(one.severity))


def _placed(content: Content, found: Sequence[Finding]) -> Iterable[Finding]:
    """Take out lines of what was compiled, and what a text part made from the HTML only repeats."""
    is_text_written = bool(content.text.strip()) or content.format == TEXT
    elsewhere = {one.code for one in found if one.field != "text"}
    for one in found:
        if one.field == "text" and not is_text_written and one.code in elsewhere:
            continue
        is_compiled = one.field == "html" or (one.field == "text" and not content.text.strip())
        yield replace(one, line=None, field="source") if is_compiled else one


def _pictures(session: Session, content: Content) -> Iterable[Finding]:
    """Say which pictures of the library are gone, or do not say what they show."""
    named = list(addresses.named_in(content.source, base_url(session)))
    known = queries.media_by_public_ids(session, company_of(session), [public_id for public_id, _name in named])
    for public_id, name in named:
        row = known.get(public_id)
        line = content.source.count("\n", 0, content.source.find(name)) + 1
        if row is None or all(one["name"] != name for one in row.files):
            message = _("This picture is not in the media library (any more).")
            fix = _("Put another one in its place.")
            yield _at("media_missing", message, fix, line=line, tag=name)
        elif not is_ready(row):
            message = _("The picture “%(name)s” does not say what it shows.", name=row.name)
            fix = _("Write its alternative text in the media library, or mark it as decoration.")
            yield _at("media_silent", message, fix, line=line, tag=name)


def _at(code: str, message: str, fix: str, *, line: int, tag: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message=message, fix=fix, field="source", line=line, tag=tag)


def _fields(content: Content, known: set[str]) -> Iterable[Finding]:
    sources = {"subject": content.subject, "preview_text": content.preview_text, "source": content.source}
    if content.format != TEXT or content.text.strip():
        sources["text"] = content.text
    for part, source in sources.items():
        for used in fields_used(source, field=part):
            if (finding := _field(used, part, known)) is not None:
                yield finding


def _field(used: MergeField, part: str, known: set[str]) -> Finding | None:
    if used.name.partition(".")[0].partition("[")[0] == "lux":
        return None  # said by the general look
    if used.name not in known:
        near = get_close_matches(used.name, known, n=1)
        fix = (
            _("Did you mean “%(near)s”?", near=near[0])
            if near
            else _("Choose one from the list of merge fields, or create the field.")
        )
        message = _("There is no merge field “%(name)s”: its place would stay empty.", name=used.name)
        return _finding("field_unknown", Severity.ERROR, message, fix, part, used)
    root = used.name.partition(".")[0]
    if used.has_default or used.name in NEVER_EMPTY or root in {"brand", "company"}:
        return None
    message = _("Who has no “%(name)s” sees a gap.", name=used.name)
    fix = _('Write {{ %(name)s | default: "…" }}.', name=used.name)
    return _finding("field_without_fallback", Severity.INFO, message, fix, part, used)


def _finding(code: str, severity: Severity, message: str, fix: str, part: str, used: MergeField) -> Finding:  # noqa: PLR0917 - the columns of a finding
    return Finding(
        code=code, severity=severity, message=message, fix=fix, field=part, line=used.line, tag=f"{{{{ {used.name} }}}}"
    )


def _of_problem(problem: TemplateProblem) -> Finding:
    return Finding(
        code=problem.code,
        severity=Severity.ERROR,
        message=problem.message,
        field=problem.field or "source",
        line=problem.line,
        tag=problem.tag,
        fix=problem.fix,
    )


def _distinct(found: Sequence[Finding]) -> list[Finding]:
    return list({(one.code, one.field, one.line, one.message): one for one in found}.values())
