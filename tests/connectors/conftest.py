"""What the connector tests share: a permit, a record of what is in flight, accounts and messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from lux.ports.connector import Account
from lux.ports.permits import Permit
from lux.ports.receipts import Outcome, OutgoingMail


@dataclass
class Notes:
    """An in-flight record that keeps everything in order."""

    entries: list[tuple[str, int, Outcome | None]] = field(default_factory=list)
    is_halted: bool = False

    def may_leave(self) -> bool:
        return not self.is_halted

    def leaving(self, delivery_id: int) -> None:
        self.entries.append(("leaving", delivery_id, None))

    def answered(
        self, delivery_id: int, outcome: Outcome, *, code: int | None = None, error: str | None = None
    ) -> None:
        self.entries.append(("answered", delivery_id, outcome))

    def open(self) -> set[int]:
        """Return the deliveries that left and got no answer."""
        answered = {number for kind, number, _outcome in self.entries if kind == "answered"}
        return {number for kind, number, _outcome in self.entries if kind == "leaving"} - answered


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def permit() -> Permit:
    """Return a permit made without its constructor, which only the gate may call."""
    made = object.__new__(Permit)
    values = {"outbound_id": 1, "decision_id": 1, "company_id": 1, "content_hash": "0" * 64, "stop_epoch": 0}
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


@pytest.fixture
def account() -> Callable[..., Account]:
    def make(port: int, **config: str) -> Account:
        password = config.pop("password", "")
        settings = {"host": "127.0.0.1", "port": str(port), "security": "none", **config}
        return Account(provider="smtp", public_id="a", config=settings, secrets={"password": password})

    return make


def mail(number: int, *, to: str = "", body: bytes = b"Hello", sender: str = "news@shop.example") -> OutgoingMail:
    recipient = to or f"person{number}@example.org"
    head = f"From: {sender}\r\nTo: {recipient}\r\nSubject: {number}\r\nMessage-ID: <{number}@shop.example>\r\n\r\n"
    return OutgoingMail(delivery_id=number, mail_from=sender, rcpt_to=recipient, message=head.encode() + body + b"\r\n")
