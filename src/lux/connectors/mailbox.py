"""The built-in mailbox: keeps each message as a file and never sends it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lux.kit import clock
from lux.ports.connector import Account, ConnectorSchema, ProbeResult
from lux.ports.permits import Permit
from lux.ports.provider_errors import Invalid
from lux.ports.receipts import InFlight, Outcome, OutgoingMail, Receipt

PROVIDER = "mailbox"
_SPREAD = 1000  # deliveries per folder, so that no folder grows without end


class MailboxConnector:
    """Captures mail for trying things out; its deliveries end `captured`."""

    schema = ConnectorSchema(
        provider=PROVIDER,
        label="Built-in mailbox",
        channel="email",
        summary="Keeps every message here so that you can look at it. Nothing is sent.",
    )

    def probe(self, account: Account) -> ProbeResult:
        """Say whether the folder can be written to."""
        folder = _folder(account)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return ProbeResult(is_ok=os.access(folder, os.W_OK), message="Captured mail is kept on this machine.")
        except OSError as error:
            return ProbeResult(is_ok=False, message=f"The folder of captured mail can't be written to: {error}")

    def perform(
        self,
        permit: Permit,
        messages: Iterable[OutgoingMail],
        *,
        account: Account,
        in_flight: InFlight,
    ) -> Iterator[Receipt]:
        """Write each message to its file; writing it twice leaves one file."""
        if permit.outbound_id <= 0:
            raise Invalid("the permit is for no outbound", provider=PROVIDER)
        folder = _folder(account)
        for mail in messages:
            in_flight.leaving(mail.delivery_id)
            keep(folder, mail.delivery_id, mail.message)
            in_flight.answered(mail.delivery_id, Outcome.CAPTURED)
            yield Receipt(
                delivery_id=mail.delivery_id,
                outcome=Outcome.CAPTURED,
                code=None,
                message="",
                provider_id=None,
                at=clock.now(),
            )


def path_of(folder: Path, delivery_id: int) -> Path:
    """Return where a delivery's message is kept."""
    return folder / str(delivery_id // _SPREAD) / f"{delivery_id}.eml"


def keep(folder: Path, delivery_id: int, message: bytes) -> None:
    """Write one message; it appears whole or not at all."""
    path = path_of(folder, delivery_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(message)
    unfinished.replace(path)


def _folder(account: Account) -> Path:
    if account.folder is None:
        raise Invalid("the mailbox has no folder", provider=PROVIDER)
    return account.folder
