"""Looks a mail over before it goes: what pre-flight and the editor tell people about its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from lux.kit.i18n import gettext as _
from lux.render.findings import Finding, Severity
from lux.render.inspect_markup import inspect_markup
from lux.render.links import collect_links
from lux.render.liquid import MergeField, fields_used
from lux.render.mime import MailTemplate
from lux.render.problems import TemplateProblem

CLIP_BYTES = 102_400  # Gmail cuts a mail's HTML here
LONG_SUBJECT = 70  # characters; phones show fewer

# What LUX adds to every mail; `lux` itself is for its own links.
OWN_FIELDS = frozenset({"unsubscribe_url", "view_url", "postal_address"})
RESERVED = "lux"

_SHOUTING = re.compile(r"[!?]{3,}|[$€£]{2,}")
_FAKE_REPLY = re.compile(r"\s*(re|aw|fwd?|wg)\s*:", re.IGNORECASE)
SPAM_WORDS = frozenset(
    {
        *("100% free", "act now", "buy now", "cash bonus", "click here", "double your", "earn money", "free money"),
        *("guaranteed income", "limited time only", "lowest price", "make money", "miracle", "no obligation"),
        *("no risk", "once in a lifetime", "order now", "risk free", "this is not spam", "urgent", "winner"),
        *("you have been selected", "you won"),
    }
)


def clip_size(html: str) -> int:
    """Return the bytes of a mail's HTML as Gmail counts them before it clips."""
    return len(html.encode("utf-8", "replace"))


def inspect_mail(template: MailTemplate, *, known_fields: Collection[str], is_marketing: bool = True) -> list[Finding]:
    """Return all findings, gravest first; `known_fields` are the dotted merge fields the company has."""
    findings = [*_subject(template.subject), *_preview(template)]
    readable = True
    for field, source in (
        ("subject", template.subject),
        ("preview_text", template.preview_text),
        ("html", template.html),
        ("text", template.text),
    ):
        try:
            findings += _fields(fields_used(source, field=field), field, known_fields)
        except TemplateProblem as problem:
            readable = False
            findings.append(_from_problem(problem))
    if readable:
        findings += _readable(template, is_marketing=is_marketing)
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _readable(template: MailTemplate, *, is_marketing: bool) -> list[Finding]:
    findings: list[Finding] = []
    checks: list[Callable[[], Collection[Finding]]] = [
        lambda: inspect_markup(template.html),
        lambda: collect_links(template.html).findings,
        lambda: _size(template.html),
    ]
    if is_marketing:
        checks.append(lambda: _duties(template))
    for check in checks:
        findings += check()
    return findings


def _subject(subject: str) -> list[Finding]:
    def finding(code: str, message: str, fix: str, severity: Severity = Severity.WARNING) -> Finding:
        return Finding(code=code, severity=severity, message=message, field="subject", fix=fix)

    if not subject.strip():
        return [
            finding("subject_missing", _("The mail has no subject."), _("Write a subject."), Severity.ERROR),
        ]
    found = []
    letters = [letter for letter in subject if letter.isalpha()]
    if len(letters) > 10 and all(letter.isupper() for letter in letters):
        message = _("The subject is all in capitals: filters take that for spam.")
        found.append(finding("subject_capitals", message, _("Write it like a sentence.")))
    if len(subject) > LONG_SUBJECT:
        message = _("The subject has %(count)s characters; phones show about 40.", count=len(subject))
        found.append(finding("subject_long", message, _("Put the important words first.")))
    if _SHOUTING.search(subject):
        message = _("Rows of exclamation marks or currency signs look like spam.")
        found.append(finding("subject_shouting", message, _("Leave one, or none.")))
    if _FAKE_REPLY.match(subject):
        message = _("The subject pretends to be a reply. In some countries that is against the law.")
        found.append(finding("subject_fake_reply", message, _("Take out the “Re:”.")))
    words = sorted(word for word in SPAM_WORDS if word in subject.lower())
    if words:
        message = _("Filters dislike these words: %(words)s.", words=", ".join(words))
        found.append(finding("spam_words", message, _("Say it in another way.")))
    return found


def _preview(template: MailTemplate) -> list[Finding]:
    if template.preview_text.strip() or not template.html.strip():
        return []
    return [
        Finding(
            code="preview_missing",
            severity=Severity.INFO,
            message=_("Without a preview text the inbox shows the first words of the mail."),
            field="preview_text",
            fix=_("Write one sentence that goes on where the subject ends."),
        )
    ]


def _fields(used: list[MergeField], field: str, known: Collection[str]) -> list[Finding]:
    findings = []
    for item in used:
        root = item.name.partition(".")[0].partition("[")[0]
        if root == RESERVED:
            message = _("“%(name)s” is reserved for LUX itself.", name=item.name)
            code, severity, fix = "field_reserved", Severity.ERROR, _("Take it out.")
        elif item.name not in known and item.name not in OWN_FIELDS:
            message = _("There is no merge field “%(name)s”; its place would stay empty.", name=item.name)
            code, severity, fix = "field_unknown", Severity.ERROR, _("Check its spelling, or create the field.")
        elif not item.has_default and item.name in known:
            message = _("Contacts without “%(name)s” will see a gap.", name=item.name)
            code, severity = "field_without_fallback", Severity.INFO
            fix = _('Write {{ %(name)s | default: "…" }}.', name=item.name)
        else:
            continue
        findings.append(
            Finding(code=code, severity=severity, message=message, field=field, line=item.line, tag=item.name, fix=fix)
        )
    return findings


def _duties(template: MailTemplate) -> list[Finding]:
    findings = []
    for part in ("html", "text"):
        source = template.html if part == "html" else template.text
        if not source.strip():
            continue
        names = {item.name for item in fields_used(source, field=part)}
        if "unsubscribe_url" not in names:
            findings.append(
                Finding(
                    code="unsubscribe_missing",
                    severity=Severity.ERROR,
                    message=_("There is no way to unsubscribe in the mail."),
                    field=part,
                    fix=_("Add a link to {{ unsubscribe_url }}, usually at the end."),
                )
            )
        if "postal_address" not in names:
            findings.append(
                Finding(
                    code="postal_address_missing",
                    severity=Severity.ERROR,
                    message=_("The company's postal address is not in the mail; the law asks for it."),
                    field=part,
                    fix=_("Add {{ postal_address }}, usually at the end."),
                )
            )
    return findings


def _size(html: str) -> list[Finding]:
    size = clip_size(html)
    if size <= CLIP_BYTES:
        return []
    message = _("The HTML has %(size)s KB; Gmail cuts a mail after 102 KB.", size=round(size / 1024))
    fix = _("Shorten the mail, or split it in two.")
    return [Finding(code="clipped", severity=Severity.WARNING, message=message, field="html", fix=fix)]


def _from_problem(problem: TemplateProblem) -> Finding:
    return Finding(
        code=problem.code,
        severity=Severity.ERROR,
        message=problem.reason,
        field=problem.field or "",
        line=problem.line,
        tag=problem.tag,
        fix=problem.fix,
    )
