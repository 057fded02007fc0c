"""Webhooks: one signed POST per fact, in the shape of Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ports.connector import Account, ConnectorSchema, ProbeResult
from lux.ports.permits import Permit
from lux.ports.provider_errors import Invalid, ProviderError
from lux.ports.receipts import CallReceipt, HeldBack, Outcome, OutgoingCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from lux.net.safe_fetch import Answer, Reach

PROVIDER: Final = "webhook"
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how secrets begin, none of them
SECRET_BYTES: Final = 32
READ_BYTES: Final = 2048  # of an answer; more than its first words nobody needs
LONGEST_WAIT: Final = 86_400.0  # seconds; a longer Retry-After is cut
GONE: Final = 410


class WebhookConnector:
    """Calls web addresses that a company's people entered; a redirect is a failure, never followed."""

    def __init__(self, reach: Reach) -> None:
        """Take how far the operator lets calls go."""
        from lux.net.safe_fetch import Reach  # brings the HTTP client: loaded when something is called

        self._reach = Reach(
            allow_hosts=reach.allow_hosts,
            allow_http=reach.allow_http,
            ca_file=reach.ca_file,
            seconds=reach.seconds,
            max_bytes=READ_BYTES,
        )
        self.schema = ConnectorSchema(
            provider=PROVIDER,
            label=_("Webhooks"),
            channel="webhook",
            summary=_("Tells an address of yours what happened, signed, as it happens."),
        )

    def probe(self, account: Account) -> ProbeResult:
        """Look where the address leads, without connecting: any call would be a message of its own."""
        try:
            from lux.net import safe_fetch

            address = safe_fetch.check(account.config.get("target", ""), self._reach, provider=PROVIDER)
        except ProviderError as error:
            return ProbeResult(is_ok=False, message=error.message, field="target")
        return ProbeResult(is_ok=True, message=_("The address can be reached."), facts={"origin": address.origin})

    def perform(self, permit: Permit, call: OutgoingCall, *, may_leave: Callable[[], bool]) -> CallReceipt:
        """Make one call; every outcome is a receipt. A call without an answer is made again with the same id.

        Once the line stands, and before each part of the call is written, `may_leave` is asked.
        """
        if permit.outbound_id <= 0:
            raise Invalid("the permit is for no call", provider=PROVIDER)
        stamp = int(clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": call.message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": " ".join(signature(one, call.message_id, stamp, call.body) for one in call.secrets),
        }
        try:
            from lux.net import safe_fetch

            answer = safe_fetch.post(
                call.target, call.body, self._reach, provider=PROVIDER, headers=headers, may_go=may_leave
            )
        except HeldBack:
            return CallReceipt(outcome=Outcome.HELD, status=None, message="")
        except ProviderError as error:
            return CallReceipt(outcome=Outcome.RETRY, status=None, message=error.message)
        return _receipt(answer)


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,<base64>`: HMAC-SHA256 over id, time and body, joined by dots."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def _receipt(answer: Answer) -> CallReceipt:
    is_taken = 200 <= answer.status < 300
    return CallReceipt(
        outcome=Outcome.SENT if is_taken else Outcome.RETRY,
        status=answer.status,
        message="" if is_taken else _("It answered %(status)s.", status=answer.status),
        retry_after=None if is_taken else _wait(answer.headers.get("retry-after", "")),
        is_gone=answer.status == GONE,
    )


def _wait(text: str) -> float | None:
    """Return the seconds of a Retry-After (RFC 9110, 10.2.3): a number, or a date."""
    if text.isdecimal() and len(text) < 10:
        return min(float(text), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (aware - clock.now()).total_seconds()), LONGEST_WAIT)
