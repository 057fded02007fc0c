"""What a connector says about each message it was handed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Outcome(enum.Enum):
    """What became of one message; the gate maps it to the state of a delivery."""

    SENT = "sent"  # the next hop took responsibility
    CAPTURED = "captured"  # kept by the built-in mailbox, never sent
    RETRY = "retry"  # a passing fault, nothing was taken: try later
    FAILED = "failed"  # refused for good (content, account, policy)
    REFUSED = "refused"  # this recipient does not exist or does not want mail: suppress
    UNKNOWN = "unknown"  # bytes had left and no answer came: never repeat blindly
    HELD = "held"  # asked to stop before its last byte: nothing was taken, and no try is counted


class HeldBack(Exception):
    """Raised on the way to the last byte of a message: it may not leave any more."""


@dataclass(frozen=True, kw_only=True)
class OutgoingMail:
    """One finished message on its way out."""

    delivery_id: int
    mail_from: str
    rcpt_to: str
    message: bytes  # RFC 5322, CRLF, not dot-stuffed


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The outcome of one message, with the provider's own words."""

    delivery_id: int
    outcome: Outcome
    code: int | None  # SMTP reply code where there is one
    message: str  # the provider's words, redacted
    provider_id: str | None  # queue id or Message-ID where the provider names one
    at: datetime
    retry_after: float | None = None  # seconds, when the provider said so
    error: str | None = None  # name from ports.provider_errors, None when it went well


@dataclass(frozen=True, kw_only=True)
class OutgoingCall:
    """One fact on its way to a web address."""

    target: str
    message_id: str  # the same at every try: by it receivers drop doubles
    body: bytes
    secrets: tuple[str, ...]  # `whsec_…`, newest first; each one signs


@dataclass(frozen=True, kw_only=True)
class CallReceipt:
    """What a web address said to a call."""

    outcome: Outcome
    status: int | None  # HTTP, None when no answer came
    message: str
    retry_after: float | None = None  # seconds, when it said so
    is_gone: bool = False  # 410: it wants no more


class InFlight(Protocol):
    """Says whether the message in hand may still leave, and keeps a record of the one whose fate is open."""

    def may_leave(self) -> bool:
        """Say whether nothing stops it at this moment: asked right before the last bytes, and while waiting for them.

        It is cheap (what it knows is at most a second old). After a False the connection is closed without the last
        byte, and the receipt says HELD.
        """

    def leaving(self, delivery_id: int) -> None:
        """Note that the last byte of this message is about to be written."""

    def answered(
        self, delivery_id: int, outcome: Outcome, *, code: int | None = None, error: str | None = None
    ) -> None:
        """Note what the other side said: the outcome, its reply code, the name of the error."""
