"""One bench per provider: how it is set up well, set up badly, and made to refuse; a new provider needs one here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lux.connectors.mailbox import MailboxConnector, path_of
from lux.connectors.smtp import SmtpConnector
from lux.ports.connector import Account, MailConnector
from lux.ports.receipts import Outcome

if TYPE_CHECKING:
    import pytest

    from tests.emulators.smtp import SmtpServer


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one of three messages, and what its receipt has to say."""

    name: str
    arrange: Callable[[Any], None]
    outcome: Outcome
    error: str  # a class of lux.ports.provider_errors
    number: int = 2  # the message it happens to


@dataclass(kw_only=True)
class Bench:
    """A provider ready to be tried."""

    connector: MailConnector
    account: Account
    broken: list[Account]  # each would fail before the first message
    taken: Callable[[], list[int]]  # the deliveries that arrived, in order
    good: Outcome
    server: Any = None


def _mailbox(request: pytest.FixtureRequest) -> Bench:
    folder: Path = request.getfixturevalue("tmp_path")
    file = folder / "file"
    file.write_text("in the way")

    def taken() -> list[int]:
        return [number for number in range(1, 50) if path_of(folder / "box", number).is_file()]

    def account(where: Path | None) -> Account:
        return Account(provider="mailbox", public_id="", config={}, folder=where)

    return Bench(
        connector=MailboxConnector(),
        account=account(folder / "box"),
        broken=[account(None), account(file / "below")],
        taken=taken,
        good=Outcome.CAPTURED,
    )


def _at_recipient(words: str) -> Callable[[SmtpServer], None]:
    """Return: the server says this about the second message's recipient."""

    def arrange(server: SmtpServer) -> None:
        server.script.recipients["person2@example.org"] = [words]

    return arrange


def _after_dot(words: str) -> Callable[[SmtpServer], None]:
    """Return: the server says this about the first message once it has all of it."""

    def arrange(server: SmtpServer) -> None:
        server.script.next_messages.append(words)

    return arrange


SMTP_FAULTS: Final = [
    Fault(
        name="no such user",
        arrange=_at_recipient("550 5.1.1 no such user"),
        outcome=Outcome.REFUSED,
        error="RecipientRefused",
    ),
    Fault(
        name="try later",
        arrange=_at_recipient("451 4.3.0 try later"),
        outcome=Outcome.RETRY,
        error="Transient",
    ),
    Fault(
        name="too fast",
        arrange=_at_recipient("450 4.7.1 too many messages"),
        outcome=Outcome.RETRY,
        error="RateLimited",
    ),
    Fault(
        name="blocked",
        arrange=_at_recipient("554 5.7.1 blocked, see rbl.example"),
        outcome=Outcome.FAILED,
        error="PolicyBlocked",
    ),
    Fault(
        name="content refused",
        number=1,
        arrange=_after_dot("554 5.7.1 looks like spam"),
        outcome=Outcome.FAILED,
        error="PolicyBlocked",
    ),
    Fault(
        name="too large",
        number=1,
        arrange=_after_dot("552 5.3.4 message too big"),
        outcome=Outcome.FAILED,
        error="Invalid",
    ),
]


def _smtp(request: pytest.FixtureRequest) -> Bench:
    server: SmtpServer = request.getfixturevalue("smtp_server")

    def account(**values: str) -> Account:
        config = {"host": "127.0.0.1", "port": str(server.port), "security": "none"} | values
        return Account(provider="smtp", public_id="a", config=config, secrets={"password": ""})

    return Bench(
        connector=SmtpConnector(allow_hosts=("127.0.0.1",), timeout=5, dot_timeout=5),
        account=account(),
        broken=[account(port="1"), account(port="none"), account(security="starttls"), account(host="192.0.2.1")],
        taken=lambda: [int(str(one.message["Subject"])) for one in server.messages],
        good=Outcome.SENT,
        server=server,
    )


BENCHES: Final[dict[str, Callable[[pytest.FixtureRequest], Bench]]] = {"mailbox": _mailbox, "smtp": _smtp}
# Providers that can refuse nothing about a single message, with the reason.
WITHOUT_FAULTS: Final = {
    "mailbox": "it keeps whatever it is handed; what can fail is its folder, before any message",
    "webhook": "every failure is tried again, in the receipt's words; see tests/connectors/test_webhook.py",
}
FAULTS: Final = {"smtp": SMTP_FAULTS}
# Providers that take no mail, so that the contract of mail does not speak about them; their own tests do.
NO_MAIL: Final = frozenset({"webhook"})
