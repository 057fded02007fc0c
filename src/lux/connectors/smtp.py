"""SMTP: hands messages to a mail server the company names, one after the other over one connection."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path

from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.net.smtp import Handover, Security, SmtpConnection, SmtpServer, connect
from lux.net.smtp_replies import HELD, INVALID, RETRY, UNKNOWN, Reply
from lux.ports.connector import Account, ConnectorField, ConnectorSchema, ProbeResult
from lux.ports.permits import Permit
from lux.ports.provider_errors import AuthFailed, Invalid, ProviderError
from lux.ports.receipts import HeldBack, InFlight, Outcome, OutgoingMail, Receipt
from lux.render.addresses import wire_address

PROVIDER = "smtp"
DEFAULT_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


class SmtpConnector:
    """Sends through any SMTP server: the company's own, or a provider's relay."""

    def __init__(
        self,
        *,
        ca_file: str | Path | None = None,
        allow_hosts: Iterable[str] = (),
        timeout: float = 30.0,
        dot_timeout: float = 120.0,
    ) -> None:
        """Take the operator's extra certificate authority, the private hosts that are allowed, and time limits (s)."""
        self._ca_file = ca_file
        self._allow_hosts = tuple(allow_hosts)
        self._timeout = timeout
        self._dot_timeout = dot_timeout
        self.schema = _schema()

    def probe(self, account: Account) -> ProbeResult:
        """Connect, encrypt, sign in, and do nothing; say what came back and which field to mend."""
        try:
            connection = connect(self._server(account))
        except ProviderError as error:
            return ProbeResult(is_ok=False, message=error.message, field=error.field)
        try:
            reply = connection.command("NOOP")
            facts = connection.facts
        except OSError:
            connection.close()
            message = _("The server hung up right after the sign-in.")
            return ProbeResult(is_ok=False, message=message, field="username")
        connection.quit()
        if not reply.is_good:
            message = _("The server answered: %(words)s", words=f"{reply.code} {reply.words}")
            return ProbeResult(is_ok=False, message=message)
        return ProbeResult(is_ok=True, message=_("The server is ready to take mail."), facts=facts)

    def perform(
        self,
        permit: Permit,
        messages: Iterable[OutgoingMail],
        *,
        account: Account,
        in_flight: InFlight,
    ) -> Iterator[Receipt]:
        """Send each message, pulling lazily, and yield one receipt per message in order.

        Raises a ProviderError when no connection can be had: before the first message is pulled, or after the receipt
        of a message that could not be offered. No message is left without its receipt. While it waits for anything but
        the answer to a final dot, and right before that dot, it asks whether the message may still leave.
        """
        if permit.outbound_id <= 0:
            raise Invalid("the permit is for no outbound", provider=PROVIDER)
        line = _Line(self._server(account), in_flight)
        try:
            if not line.is_opened():
                return
            for mail in messages:
                try:
                    is_opened = line.is_opened()
                except ProviderError as error:
                    yield _receipt(mail, Handover(verdict=RETRY, reply=None), error.message)
                    raise
                if not is_opened:
                    yield _receipt(mail, Handover(verdict=HELD, reply=None), "")
                    continue
                receipt = line.receipt_for(mail)
                yield receipt
                if receipt.error == AuthFailed.__name__:
                    # It lets everybody in and then asks for a name: every other message would hear the same.
                    message = _("The server wants a user name and a password: %(words)s", words=receipt.message)
                    raise AuthFailed(message, provider=PROVIDER, code=receipt.code, field="username")
        finally:
            line.hang_up()

    def _server(self, account: Account) -> SmtpServer:
        config = account.config
        try:
            security = Security(config.get("security") or Security.STARTTLS.value)
            port = int(config.get("port") or DEFAULT_PORTS[security])
        except ValueError as error:
            raise Invalid(
                _("The port or the kind of encryption is not valid."), provider=PROVIDER, field="port"
            ) from error
        return SmtpServer(
            host=config.get("host", ""),
            port=port,
            security=security,
            username=config.get("username", ""),
            password=account.secrets.get("password", ""),
            timeout=self._timeout,
            dot_timeout=self._dot_timeout,
            ca_file=self._ca_file,
            allow_hosts=self._allow_hosts,
        )


class _Line:
    """A connection that is opened again when it broke."""

    def __init__(self, server: SmtpServer, in_flight: InFlight) -> None:
        self._server = server
        self._in_flight = in_flight
        self._connection: SmtpConnection | None = None

    def open(self) -> SmtpConnection:
        """Return the open connection; raises a ProviderError or HeldBack."""
        if self._connection is None:
            self._connection = connect(self._server, self._in_flight.may_leave)
        return self._connection

    def is_opened(self) -> bool:
        """Open it where it is not; False = nothing may leave any more. Raises a ProviderError."""
        try:
            self.open()
        except HeldBack:
            return False
        return True

    def hang_up(self) -> None:
        """Say goodbye when connected."""
        if self._connection is not None:
            self._connection.quit()
            self._connection = None

    def receipt_for(self, mail: OutgoingMail) -> Receipt:
        """Hand one message over and say what became of it."""
        try:
            sender, recipient = wire_address(mail.mail_from), wire_address(mail.rcpt_to)
        except InvalidInput as error:
            return _receipt(mail, Handover(verdict=INVALID, reply=None), error.message)
        handover = self._hand_over(mail, sender, recipient)
        if handover.is_stale:
            # The server had closed the idle connection; nothing of this message was taken.
            try:
                if not self.is_opened():
                    return _receipt(mail, Handover(verdict=HELD, reply=None), "")
            except ProviderError as error:
                return _receipt(mail, handover, error.message)
            handover = self._hand_over(mail, sender, recipient)
        return _receipt(mail, handover, self._words(handover))

    def _hand_over(self, mail: OutgoingMail, sender: str, recipient: str) -> Handover:
        has_left, is_usable = False, False

        def leaving() -> None:
            nonlocal has_left
            self._in_flight.leaving(mail.delivery_id)
            has_left = True

        try:
            handover = self.open().send(sender, recipient, mail.message, leaving=leaving)
            is_usable = not handover.is_closed
        except HeldBack:
            if has_left:  # its last bytes had begun to leave, and the very last one did not
                self._in_flight.answered(mail.delivery_id, Outcome.RETRY)
            return Handover(verdict=HELD, reply=None, is_closed=True)
        finally:
            if not is_usable:  # in the middle of a message nothing may be said, not even goodbye
                self._drop()
        if has_left and handover.verdict.outcome is not Outcome.UNKNOWN:
            verdict, reply = handover.verdict, handover.reply
            code = reply.code if reply else None
            self._in_flight.answered(mail.delivery_id, verdict.outcome, code=code, error=verdict.error)
        return handover

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _words(self, handover: Handover) -> str:
        if handover.reply is not None:
            return self._redacted(handover.reply)
        if handover.verdict == UNKNOWN:
            return _("The connection broke after the message and before the answer: nobody knows whether it was taken.")
        if handover.verdict == RETRY:
            return _("The connection broke before the message was complete.")
        return ""

    def _redacted(self, reply: Reply) -> str:
        """Return the server's words without the password, should it repeat it."""
        words = reply.words
        password = self._server.password
        if password:
            for secret in (password, base64.b64encode(password.encode()).decode("ascii")):
                words = words.replace(secret, "***")
        return words


def _receipt(mail: OutgoingMail, handover: Handover, message: str) -> Receipt:
    reply, is_sent = handover.reply, handover.verdict.outcome is Outcome.SENT
    return Receipt(
        delivery_id=mail.delivery_id,
        outcome=handover.verdict.outcome,
        code=reply.code if reply else None,
        message=message,
        provider_id=reply.queue_id if reply and is_sent else None,
        at=clock.now(),
        error=handover.verdict.error,
    )


def _schema() -> ConnectorSchema:
    return ConnectorSchema(
        provider=PROVIDER,
        label=_("Mail server (SMTP)"),
        channel="email",
        summary=_("Sends through a mail server of yours, or through a provider's relay."),
        fields=(
            ConnectorField(
                name="host",
                label=_("Server"),
                help=_("Your provider calls it “outgoing server” or “SMTP server”, for example smtp.example.com."),
            ),
            ConnectorField(
                name="security",
                label=_("Encryption"),
                kind="choice",
                choices=(
                    (Security.STARTTLS.value, _("STARTTLS (usually port 587)")),
                    (Security.TLS.value, _("TLS from the start (usually port 465)")),
                    (Security.NONE.value, _("None (a relay on your own network)")),
                ),
                default=Security.STARTTLS.value,
                help=_("Take what your provider names; when both are offered, either is good."),
            ),
            ConnectorField(name="port", label=_("Port"), kind="number", default="587"),
            ConnectorField(
                name="username",
                label=_("User name"),
                is_required=False,
                help=_("Often the whole mail address. Leave it empty when the relay knows this machine."),
            ),
            ConnectorField(
                name="password",
                label=_("Password"),
                kind="secret",
                is_secret=True,
                is_required=False,
                help=_("Many providers want an app password or an SMTP key here, not the one you sign in with."),
            ),
            ConnectorField(
                name="pace",
                label=_("Most messages per second"),
                kind="number",
                is_required=False,
                help=_("What your provider allows. Empty means as fast as the server takes them."),
            ),
        ),
    )
