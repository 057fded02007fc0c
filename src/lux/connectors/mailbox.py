"""The built-in mailbox: keeps each message as a file and never sends it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ports.connector import Account, ConnectorSchema, ProbeResult
from lux.ports.permits import Permit
from lux.ports.provider_errors import Invalid, ProviderError, Transient
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
        try:
            _folder(account)
        except ProviderError as error:
            return ProbeResult(is_ok=False, message=error.message)
        return ProbeResult(is_ok=True, message=_("Captured mail is kept on this machine."))

    def perform(
        self,
        permit: Permit,
        messages: Iterable[OutgoingMail],
        *,
        account: Account,
        in_flight: InFlight,
    ) -> Iterator[Receipt]:
        """Write each message to its file; writing it twice leaves one file.

        Raises a ProviderError when the folder can't be written to: before the first message is pulled, or, on a disk
        that has become full, after the receipt of the message that was not kept.
        """
        if permit.outbound_id <= 0:
            raise Invalid("the permit is for no outbound", provider=PROVIDER)
        folder = _folder(account)
        for mail in messages:
            if not in_flight.may_leave():
                yield _receipt(mail, Outcome.HELD)
                continue
            in_flight.leaving(mail.delivery_id)
            try:
                keep(folder, mail.delivery_id, mail.message)
            except OSError as error:
                fault = _unwritable(error)
                in_flight.answered(mail.delivery_id, Outcome.RETRY)
                yield _receipt(mail, Outcome.RETRY, fault.message, type(fault).__name__)
                raise fault from error
            in_flight.answered(mail.delivery_id, Outcome.CAPTURED)
            yield _receipt(mail, Outcome.CAPTURED)


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


def _receipt(mail: OutgoingMail, outcome: Outcome, message: str = "", error: str | None = None) -> Receipt:
    return Receipt(
        delivery_id=mail.delivery_id,
        outcome=outcome,
        code=None,
        message=message,
        provider_id=None,
        at=clock.now(),
        error=error,
    )


def _folder(account: Account) -> Path:
    """Return the folder, made if need be; raises a ProviderError when nothing can be kept there."""
    if account.folder is None:
        raise Invalid(_("The built-in mailbox has no folder."), provider=PROVIDER)
    try:
        account.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from error
    if not os.access(account.folder, os.W_OK):
        raise _unwritable(PermissionError(f"{account.folder}: permission denied"))
    return account.folder


def _unwritable(error: OSError) -> Transient:
    message = _("The folder of captured mail can't be written to: %(error)s", error=error.strerror or str(error))
    return Transient(message, provider=PROVIDER)
