"""An SMTP client that keeps its connection, sends the envelope in one go, and knows what became of each message."""

from __future__ import annotations

import base64
import contextlib
import enum
import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.net.guard import checked_host, is_public
from lux.net.lookup import look_up
from lux.net.smtp_replies import INVALID, RETRY, UNKNOWN, Reply, Stage, Verdict, verdict
from lux.net.smtp_wire import PROVIDER, Wire, always, tls_context
from lux.ports.provider_errors import AuthFailed, Invalid, ProviderError, Transient
from lux.ports.receipts import HeldBack

TIMEOUT = 30.0  # seconds for one command; a final dot may take longer (RFC 5321, 4.5.3.2)
DOT_TIMEOUT = 120.0
LAST_WORDS = 1.0  # seconds to wait for the reason when a connection breaks while writing
TAIL = 16_384  # bytes that leave together with the final dot; what comes before does no harm

_NOT_WIRE = re.compile(r"[^!-~]|[<>]")


class Security(enum.Enum):
    """How the connection is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """Where to connect and as whom."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    helo: str = ""  # our name; empty = our address
    timeout: float = TIMEOUT
    dot_timeout: float = DOT_TIMEOUT
    ca_file: str | Path | None = None
    allow_hosts: Iterable[str] = ()


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What became of one message."""

    verdict: Verdict
    reply: Reply | None  # None when the connection broke
    is_closed: bool = False  # the connection can't be used again
    is_stale: bool = False  # it was dead before this message: another may be tried at once


class SmtpConnection:
    """An open, greeted, encrypted and signed-in connection; make it with `connect`."""

    def __init__(self, wire: Wire, server: SmtpServer) -> None:
        self._wire = wire
        self._server = server
        self.features: dict[str, str] = {}
        self._used = 0

    @property
    def facts(self) -> dict[str, str]:
        """Return what people may want to know of the connection."""
        return {
            "address": self._wire.peer,
            "tls": self._wire.tls_version or "none",
            "pipelining": "yes" if "PIPELINING" in self.features else "no",
            "size_limit": self.features.get("SIZE", ""),
        }

    def command(self, line: str) -> Reply:
        """Send one command and return the reply; raises OSError, and ValueError for a line break in it."""
        if "\r" in line or "\n" in line:
            raise ValueError("a command is one line")
        self._wire.write(line.encode("ascii") + b"\r\n")
        return self._wire.read()

    def send(self, mail_from: str, rcpt_to: str, message: bytes, *, leaving: Callable[[], None]) -> Handover:
        """Hand one message over; `leaving` is called right before the bytes that complete it are written.

        Raises HeldBack when it may not leave any more; then the connection has to be closed, for it is in its middle.
        The addresses are on-the-wire ASCII; the message has CRLF line ends and is not dot-stuffed.
        """
        envelope = self._envelope(mail_from, rcpt_to, message)
        if isinstance(envelope, Handover):
            return envelope
        self._used += 1
        try:
            refusal = self._open_envelope(envelope)
        except OSError:
            self.close()
            return Handover(verdict=RETRY, reply=None, is_closed=True, is_stale=self._used > 1)
        if refusal is not None:
            return self._after_refusal(refusal)
        return self._deliver(message, leaving)

    def quit(self) -> None:
        """Say goodbye and close; a broken connection is just closed."""
        with contextlib.suppress(OSError):
            self._wire.write(b"QUIT\r\n")
            self._wire.read(LAST_WORDS, is_patient=True)
        self.close()

    def close(self) -> None:
        """Close at once."""
        self._wire.close()

    def greet(self) -> None:
        """Read the greeting, say EHLO, encrypt, sign in; raises a ProviderError that says what to mend."""
        server = self._server
        if server.security is Security.TLS:
            self._wire.encrypt(tls_context(server.ca_file))
        self._expect(self._wire.read(), _("The server does not accept connections now"))
        self._hello()
        if server.security is Security.STARTTLS:
            if "STARTTLS" not in self.features:
                message = _("The server does not offer STARTTLS on port %(port)s.", port=server.port)
                raise Invalid(message, provider=PROVIDER, field="security")
            self._expect(self.command("STARTTLS"), _("The server refuses to encrypt"))
            self._wire.encrypt(tls_context(server.ca_file))
            self._hello()
        if server.username:
            self._sign_in()

    def _hello(self) -> None:
        name = self._server.helo or self._wire.own_name
        reply = self.command(f"EHLO {name}")
        if reply.code in {500, 502}:  # a server from before 1995, or a firewall that plays one
            reply = self.command(f"HELO {name}")
        self._expect(reply, _("The server does not want to talk to us"))
        self.features = {}
        for line in reply.text.split("\n")[1:]:
            name, _blank, value = line.strip().replace("AUTH=", "AUTH ").partition(" ")
            self.features[name.upper()] = value.strip()

    def _sign_in(self) -> None:
        if not self._wire.is_encrypted and is_public(ipaddress.ip_address(self._wire.peer.partition("%")[0])):
            message = _("Without encryption the password could be read by others.")
            raise Invalid(message, provider=PROVIDER, field="security")
        offered = self.features.get("AUTH", "").upper().split()
        name, password = self._server.username.encode(), self._server.password.encode()
        if "PLAIN" in offered:
            reply = self.command("AUTH PLAIN " + _b64(b"\0" + name + b"\0" + password))
        elif "LOGIN" in offered:
            reply = self.command("AUTH LOGIN")
            for secret in (name, password):
                reply = self.command(_b64(secret)) if reply.code == 334 else reply
        else:
            message = _("The server offers no sign-in with a password here.")
            raise Invalid(message, provider=PROVIDER, field="security" if not self._wire.is_encrypted else "username")
        if reply.is_good and reply.code != 334:
            return
        if not reply.is_final and reply.code >= 400:
            raise Transient(_("The server can't check the password now."), provider=PROVIDER, code=reply.code)
        raise AuthFailed(
            _("The server refuses the user name or the password."), provider=PROVIDER, code=reply.code, field="password"
        )

    def _envelope(self, mail_from: str, rcpt_to: str, message: bytes) -> list[bytes] | Handover:
        """Return MAIL, RCPT and DATA, or why this message can't be offered to this server."""
        if _NOT_WIRE.search(mail_from + rcpt_to):
            raise ValueError("an address is not ready for the wire")
        options = ""
        limit = self.features.get("SIZE", "")
        if "SIZE" in self.features:
            if limit.isdecimal() and 0 < int(limit) < len(message):
                text = _("The message has %(size)s bytes; the server takes %(limit)s.", size=len(message), limit=limit)
                return Handover(verdict=INVALID, reply=Reply(code=552, text=text))
            options = f" SIZE={len(message)}"
        if not message.isascii():
            if "8BITMIME" not in self.features:
                text = _("The server takes only 7-bit messages.")
                return Handover(verdict=INVALID, reply=Reply(code=554, text=text))
            options += " BODY=8BITMIME"
        return [
            f"MAIL FROM:<{mail_from}>{options}\r\n".encode("ascii"),
            f"RCPT TO:<{rcpt_to}>\r\n".encode("ascii"),
            b"DATA\r\n",
        ]

    def _open_envelope(self, commands: list[bytes]) -> tuple[Stage, Reply] | None:
        """Send the envelope; return the first refusal, None when the server waits for the message."""
        stages = (Stage.MAIL, Stage.RCPT, Stage.DATA)
        if "PIPELINING" not in self.features:
            for stage, line in zip(stages, commands, strict=True):
                self._wire.write(line)
                reply = self._wire.read()
                if not reply.is_good:
                    return stage, reply
            return None
        self._wire.write(b"".join(commands))
        replies = [self._wire.read() for _command in commands]
        answers = zip(stages, replies, strict=True)
        refused = next(((stage, reply) for stage, reply in answers if not reply.is_good), None)
        if refused is not None and replies[2].is_good:
            if refused[0] is not Stage.RCPT:
                raise ConnectionError("the server lost track of the envelope")
            # It waits for a message to nobody (RFC 2920, 3.1): give it an empty one.
            self._wire.write(b".\r\n")
            self._wire.read()
        return refused

    def _after_refusal(self, refusal: tuple[Stage, Reply]) -> Handover:
        stage, reply = refusal
        is_closed = reply.code == 421 or not self._reset()
        if is_closed:
            self.close()
        is_stale = reply.code == 421 and self._used > 1
        return Handover(verdict=verdict(stage, reply), reply=reply, is_closed=is_closed, is_stale=is_stale)

    def _reset(self) -> bool:
        try:
            return self.command("RSET").is_good
        except (OSError, HeldBack):
            return False

    def _deliver(self, message: bytes, leaving: Callable[[], None]) -> Handover:
        data = stuffed(message)
        try:
            if len(data) > TAIL:
                self._wire.write(data[:-TAIL])
            self._wire.require()
            leaving()
            self._wire.write(data[-TAIL:])
        except OSError:
            return self._broken_before_dot()
        try:
            reply = self._wire.read(self._server.dot_timeout, is_patient=True)
        except OSError:
            self.close()
            return Handover(verdict=UNKNOWN, reply=None, is_closed=True)
        if reply.code == 421:
            self.close()
        return Handover(verdict=verdict(Stage.DOT, reply), reply=reply, is_closed=reply.code == 421)

    def _broken_before_dot(self) -> Handover:
        """Not all bytes were handed over, so the final dot was not, and nothing was taken; the server may say why."""
        try:
            reply = self._wire.read(LAST_WORDS, is_patient=True)
        except OSError:
            reply = None
        self.close()
        is_refusal = reply is not None and not reply.is_good
        result = verdict(Stage.DOT, reply) if reply is not None and is_refusal else RETRY
        return Handover(verdict=result, reply=reply if is_refusal else None, is_closed=True)

    def _expect(self, reply: Reply, words: str) -> None:
        if reply.is_good:
            return
        message = f"{words}: {reply.code} {reply.words}"
        kind: type[ProviderError] = Invalid if reply.is_final else Transient
        raise kind(message, provider=PROVIDER, code=reply.code, field="host")


def connect(server: SmtpServer, may_go: Callable[[], bool] = always) -> SmtpConnection:
    """Open a connection; raises Invalid, AuthFailed or Transient with words for people and the field to mend.

    Raises HeldBack when `may_go`, which it asks while it waits, says no.
    """
    deadline = clock.monotonic() + server.timeout
    endpoints = look_up(
        server.host, server.port, allow_hosts=server.allow_hosts, deadline=deadline, may_go=may_go, provider=PROVIDER
    )
    wire = Wire.open(endpoints, checked_host(server.host, provider=PROVIDER), server.timeout, may_go)
    connection = SmtpConnection(wire, server)
    try:
        connection.greet()
    except (ProviderError, HeldBack):
        connection.close()
        raise
    except OSError as error:
        connection.close()
        message = _("“%(host)s” answers, but not as a mail server: %(why)s.", host=server.host, why=error)
        raise Transient(message, provider=PROVIDER, field="port") from error
    return connection


def stuffed(message: bytes) -> bytes:
    """Return the message as DATA wants it: dots at line starts doubled, ended by a dot on its own line."""
    data = message.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        data = b"." + data
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
