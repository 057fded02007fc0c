"""Pure rules over an act: what must be in it before a person is even asked, and what they should know."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind, SendEmail

LARGE_AUDIENCE = 10_000  # recipients; above it the reviewer is told
MAX_SUBJECT = 300  # characters
SIZE_CODES = frozenset({"empty_audience", "large_audience"})  # what is said about the number of recipients
_UNSUBSCRIBE = re.compile(r"\{\{-?\s*unsubscribe_url\b")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something a reviewer should know, or that keeps an act from being submitted."""

    code: str
    severity: str  # block | warn | info
    message: str
    fix: str = ""
    field: str = ""

    def plain(self) -> dict[str, str]:
        """Return the stored form."""
        return {"code": self.code, "severity": self.severity, "message": self.message, "fix": self.fix}


def review(act: SendEmail, *, audience_count: int) -> list[Finding]:
    """Return what is to be said about a campaign mail."""
    return [*_missing(act), *_opt_out(act), *about_size(act, audience_count=audience_count)]


def about_size(act: SendEmail, *, audience_count: int) -> list[Finding]:
    """Return what is to be said about the number of recipients."""
    found = []
    if act.kind is ActKind.EMAIL_CAMPAIGN and audience_count == 0:
        found.append(
            Finding(
                code="empty_audience",
                severity="block",
                field="audience",
                message=_("Nobody in this audience may be written to."),
                fix=_("Choose another audience, or record consent for its contacts."),
            )
        )
    if audience_count > LARGE_AUDIENCE:
        found.append(
            Finding(
                code="large_audience",
                severity="info",
                message=_("This goes to more than %(n)s people.", n=LARGE_AUDIENCE),
            )
        )
    return found


def refuse_blocked(found: list[Finding]) -> None:
    """Raise InvalidInput when a finding blocks."""
    blocks = [finding for finding in found if finding.severity == "block"]
    if blocks:
        raise InvalidInput(
            blocks[0].message,
            problems=[FieldProblem(field=f.field or f.code, message=f.message, fix=f.fix) for f in blocks],
        )


def _missing(act: SendEmail) -> list[Finding]:
    wanted = (
        ("subject", act.subject.strip(), _("The subject is missing."), _("Write one.")),
        ("content", (act.html or act.text).strip(), _("The message is empty."), _("Write something.")),
        ("sender", act.from_email.strip(), _("There is no sender."), _("Choose a verified sender.")),
        (
            "postal_address",
            act.postal_address.strip(),
            _("The company's postal address is missing; marketing mail must carry it."),
            _("Enter it in the company's settings."),
        ),
    )
    found = [
        Finding(code=f"missing_{name}", severity="block", field=name, message=message, fix=fix)
        for name, value, message, fix in wanted
        if not value
    ]
    if len(act.subject) > MAX_SUBJECT or "\n" in act.subject or "\r" in act.subject:
        found.append(
            Finding(
                code="bad_subject",
                severity="block",
                field="subject",
                message=_("The subject is too long or has a line break."),
                fix=_("Keep it to one line of at most %(n)s characters.", n=MAX_SUBJECT),
            )
        )
    return found


def _opt_out(act: SendEmail) -> list[Finding]:
    parts = [part for part in (act.html, act.text) if part.strip()]
    if all(_UNSUBSCRIBE.search(part) for part in parts):
        return []
    return [
        Finding(
            code="missing_unsubscribe",
            severity="block",
            field="content",
            message=_("The unsubscribe link is missing in the HTML or the text part."),
            fix=_("Put {{ unsubscribe_url }} into both."),
        )
    ]
