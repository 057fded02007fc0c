"""What an SMTP server's replies mean for one message (RFC 5321, 4.2; RFC 3463 for the x.y.z codes)."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from lux.ports.receipts import Outcome

MAX_WORDS = 400  # characters of a reply that a receipt keeps

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\b")
_QUEUED = re.compile(
    r"(?:\bqueued as |\bid=|\bok:? (?!queued))[ :<]*((?=[\w.@+-]*\d)[A-Za-z0-9][\w.@+-]{3,80})", re.IGNORECASE
)
# Words of a refusal at RCPT that are about us, not about the recipient.
_ABOUT_US = re.compile(
    r"\b(?:black|block|deny)?listed\b|\bblocked\b|\bspam|\brelay|\breputation|\bpolicy|\bnot permitted\b|\bauthenticat",
    re.IGNORECASE,
)


class Stage(enum.Enum):
    """Where in the conversation a reply was given."""

    GREETING = "greeting"  # connecting, EHLO, STARTTLS
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the word DATA
    DOT = "dot"  # the message


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One reply, its lines joined."""

    code: int
    text: str

    @property
    def enhanced(self) -> tuple[int, int, int] | None:
        """Return the x.y.z code, None when there is none."""
        found = _ENHANCED.match(self.text)
        return (int(found[1]), int(found[2]), int(found[3])) if found else None

    @property
    def is_good(self) -> bool:
        """Say whether the server agrees."""
        return 200 <= self.code < 400

    @property
    def is_final(self) -> bool:
        """Say whether the refusal is for good."""
        return self.code >= 500

    @property
    def words(self) -> str:
        """Return the text for people and records: one line, shortened."""
        return " ".join(self.text.split())[:MAX_WORDS]

    @property
    def queue_id(self) -> str | None:
        """Return the server's own name for the message it took, when it says one."""
        found = _QUEUED.search(self.text)
        return found[1] if found else None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a reply means for the message."""

    outcome: Outcome
    error: str | None  # a name from ports.provider_errors


SENT = Verdict(outcome=Outcome.SENT, error=None)
RETRY = Verdict(outcome=Outcome.RETRY, error="Transient")
SLOWER = Verdict(outcome=Outcome.RETRY, error="RateLimited")
REFUSED = Verdict(outcome=Outcome.REFUSED, error="RecipientRefused")
FULL = Verdict(outcome=Outcome.FAILED, error="Transient")  # the mailbox is full: no reason to suppress
BLOCKED = Verdict(outcome=Outcome.FAILED, error="PolicyBlocked")
INVALID = Verdict(outcome=Outcome.FAILED, error="Invalid")
SIGN_IN = Verdict(outcome=Outcome.RETRY, error="AuthFailed")
HELD = Verdict(outcome=Outcome.HELD, error=None)
UNKNOWN = Verdict(outcome=Outcome.UNKNOWN, error="Ambiguous")

NEEDS_LOGIN = frozenset({530, 535, 538})
ABOUT_SENDER = frozenset({(1, 7), (1, 8)})
TOO_LARGE = frozenset({(2, 3), (3, 4)})
MAILBOX_FULL = (2, 2)


def verdict(stage: Stage, reply: Reply) -> Verdict:
    """Return what a reply to MAIL, RCPT, DATA or the final dot means."""
    if reply.is_good:
        return SENT
    subject = reply.enhanced[1:] if reply.enhanced else (0, 0)
    if not reply.is_final:
        return SLOWER if reply.code == 421 or subject[0] == 7 or subject == (4, 5) else RETRY
    if reply.code in NEEDS_LOGIN:
        return SIGN_IN
    if subject == MAILBOX_FULL or (reply.code == 552 and stage is Stage.RCPT):
        return FULL
    if subject in TOO_LARGE or reply.code == 552:
        return INVALID
    return REFUSED if _is_about_recipient(stage, subject, reply) else BLOCKED


def _is_about_recipient(stage: Stage, subject: tuple[int, int], reply: Reply) -> bool:
    """Say whether a refusal is the recipient's own.

    A blocked relay refuses at RCPT too (5.7.x, or words only), and suppressing a whole list for it could not be undone.
    """
    if stage is Stage.MAIL or subject in ABOUT_SENDER:
        return False
    if subject[0] in {1, 2}:  # the recipient's address, the recipient's mailbox
        return True
    return stage is Stage.RCPT and subject[0] in {0, 4} and not _ABOUT_US.search(reply.text)
