"""Pure rules over an act: what must be in it before a person is even asked, and what they should know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind, QueuedAct

LARGE_AUDIENCE = 10_000  # recipients; above it the reviewer is told
MAX_SUBJECT = 300  # characters
# What goes to an audience, which may not be empty.
TO_MANY = frozenset({ActKind.EMAIL_CAMPAIGN, ActKind.SMS_CAMPAIGN, ActKind.SERIES})
SIZE_CODES = frozenset({"empty_audience", "large_audience"})  # what is said about the number of recipients


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something a reviewer should know, or that keeps an act from being submitted."""

    code: str
    severity: str  # block | warn | info
    message: str
    fix: str = ""
    field: str = ""
    place: str = ""  # where it stands, in words, with a little of what stands around it

    def plain(self) -> dict[str, str]:
        """Return the stored form."""
        known = {"code": self.code, "severity": self.severity, "message": self.message, "fix": self.fix}
        return {**known, "place": self.place} if self.place else known


# What each kind can't do without; one of the names joined by "|" is enough.
REQUIRED: Final[Mapping[ActKind, tuple[str, ...]]] = {
    ActKind.EMAIL_CAMPAIGN: ("subject", "html|text", "from_email"),
    ActKind.TEST_EMAIL: (),
    ActKind.SMS_CAMPAIGN: ("text", "sender"),
    ActKind.SOCIAL_POST: ("target", "text|media"),
    ActKind.SOCIAL_COMMENT: ("target", "in_reply_to", "text"),
    ActKind.DIRECT_MESSAGE: ("target", "recipient", "text|media"),
    ActKind.AUTOMATION: ("name", "trigger", "steps"),
    ActKind.LANDING_PAGE: ("name", "address", "html"),
    ActKind.TRANSACTIONAL_TEMPLATE: ("name", "subject", "html|text", "from_email"),
    ActKind.SERIES: ("subject", "html|text", "from_email", "rule", "most", "until"),
}


def review(act: QueuedAct, *, audience_count: int) -> list[Finding]:
    """Return what is to be said about an act by its shape; its words are looked at in `lux.gate.review`."""
    return [*_missing(act), *_subject(act), *about_size(act, audience_count=audience_count)]


def about_size(act: QueuedAct, *, audience_count: int) -> list[Finding]:
    """Return what is to be said about the number of recipients."""
    found = []
    if act.kind in TO_MANY and audience_count == 0:
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


def _missing(act: QueuedAct) -> list[Finding]:
    found = []
    for names in REQUIRED[act.kind]:
        if any(_is_there(getattr(act, name)) for name in names.split("|")):
            continue
        field, message, fix = _WORDS[names.split("|")[0]]
        found.append(Finding(code=f"missing_{field}", severity="block", field=field, message=message(), fix=fix()))
    return found


def _is_there(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _subject(act: QueuedAct) -> list[Finding]:
    subject = str(getattr(act, "subject", ""))
    if len(subject) <= MAX_SUBJECT and "\n" not in subject and "\r" not in subject:
        return []
    return [
        Finding(
            code="bad_subject",
            severity="block",
            field="subject",
            message=_("The subject is too long or has a line break."),
            fix=_("Keep it to one line of at most %(n)s characters.", n=MAX_SUBJECT),
        )
    ]


_Words = Callable[[], str]
_WORDS: Final[Mapping[str, tuple[str, _Words, _Words]]] = {  # name → field for people, message, fix
    "subject": ("subject", lambda: _("The subject is missing."), lambda: _("Write one.")),
    "html": ("content", lambda: _("The message is empty."), lambda: _("Write something.")),
    "text": ("content", lambda: _("The message is empty."), lambda: _("Write something.")),
    "from_email": ("sender", lambda: _("There is no sender."), lambda: _("Choose a verified sender.")),
    "sender": ("sender", lambda: _("There is no sender."), lambda: _("Choose a number or a name to send from.")),
    "target": ("target", lambda: _("There is no account to publish on."), lambda: _("Choose one.")),
    "recipient": ("recipient", lambda: _("There is nobody to answer."), lambda: _("Choose a conversation.")),
    "in_reply_to": ("in_reply_to", lambda: _("There is nothing to answer."), lambda: _("Choose a post.")),
    "name": ("name", lambda: _("The name is missing."), lambda: _("Give it one.")),
    "trigger": ("trigger", lambda: _("Nothing starts it."), lambda: _("Choose what starts it.")),
    "steps": ("steps", lambda: _("It has no steps."), lambda: _("Add at least one.")),
    "address": ("address", lambda: _("The page has no address."), lambda: _("Choose one.")),
    "rule": ("rule", lambda: _("Nothing says when it runs."), lambda: _("Choose a rhythm.")),
    "most": ("most", lambda: _("There is no limit to its runs."), lambda: _("Say how many at most.")),
    "until": ("until", lambda: _("It has no end."), lambda: _("Choose a last day.")),
}
CODES: Final = SIZE_CODES | {"bad_subject"} | {f"missing_{field}" for field, _message, _fix in _WORDS.values()}
