"""The shape of a connector: declared fields, a harmless probe, and acting verbs that demand a permit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lux.ports.permits import Permit
from lux.ports.receipts import CallReceipt, InFlight, OutgoingCall, OutgoingMail, Receipt


@dataclass(frozen=True, kw_only=True)
class ConnectorField:
    """One value a connector needs."""

    name: str
    label: str
    kind: str = "text"  # text | number | choice | secret
    is_secret: bool = False
    is_required: bool = True
    choices: tuple[tuple[str, str], ...] = ()  # (value, label)
    default: str = ""
    help: str = ""  # where to get it


@dataclass(frozen=True, kw_only=True)
class ConnectorSchema:
    """What a provider is called and what it needs."""

    provider: str  # "smtp", "mailbox", ...
    label: str
    channel: str  # "email", ...
    summary: str
    fields: tuple[ConnectorField, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What one real, harmless call showed."""

    is_ok: bool
    message: str  # in plain words
    field: str | None = None  # the field to mend, when one is to blame
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)  # e.g. {"tls": "TLSv1.3", "server": "..."}


@dataclass(frozen=True, kw_only=True)
class Account:
    """A provider account opened for use: plain configuration and secrets, for the length of one call."""

    provider: str
    public_id: str
    config: Mapping[str, str]
    secrets: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    folder: Path | None = None  # where the built-in mailbox keeps what it captures


class Connector(Protocol):
    """What every provider has."""

    schema: ConnectorSchema

    def probe(self, account: Account) -> ProbeResult:
        """Make one harmless call and say what came back."""


class WebhookCaller(Protocol):
    """A way for facts to leave."""

    schema: ConnectorSchema

    def perform(self, permit: Permit, call: OutgoingCall, *, may_leave: Callable[[], bool]) -> CallReceipt:
        """Make one call and say what came back; `may_leave` is asked right before its bytes are written."""


class MailConnector(Protocol):
    """A way for mail to leave (or, for the built-in mailbox, to be kept)."""

    schema: ConnectorSchema

    def probe(self, account: Account) -> ProbeResult:
        """Make one harmless call and say what came back."""

    def perform(
        self,
        permit: Permit,
        messages: Iterable[OutgoingMail],
        *,
        account: Account,
        in_flight: InFlight,
    ) -> Iterator[Receipt]:
        """Send each message, pulling lazily, and yield one receipt per message in order.

        Right before the last byte of each, `in_flight.may_leave` is asked; after a no its receipt says HELD.
        """
