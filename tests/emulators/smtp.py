"""An SMTP server on a real socket that records what it takes and misbehaves as scripted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
import time
import warnings
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

logging.getLogger("mail.log").setLevel(logging.CRITICAL)

Moment = Literal["connect", "MAIL", "RCPT", "DATA", "before dot", "after dot"]
# What goes wrong with the answer to a final dot: never one and not taken, taken and never one, taken and broken off in
# the middle of one, taken and one byte at a time.
Fault = Literal["silent", "taken then silent", "taken then reset", "drip"]
SILENCE = 3600.0  # seconds; whoever waits has hung up long before
DRIP = 0.05  # seconds between two bytes


@dataclass(frozen=True, kw_only=True)
class Received:
    """One message the server took (its final dot came)."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    connection: int  # 1, 2, … in the order of connecting
    is_encrypted: bool
    user: str | None  # who logged in on this connection
    at: float = 0.0  # when it was taken, by the machine's clock that never goes back

    @property
    def message(self) -> EmailMessage:
        """Return the parsed message."""
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass(kw_only=True)
class Script:
    """What the server does wrong; change it at any time, replies are full SMTP lines."""

    # Address → the replies it gets, one by one; the last one stays: ["451 4.7.1 later", "250 OK"].
    recipients: dict[str, list[str]] = field(default_factory=dict)
    # Replies to the next RCPTs whoever they are for, then all is well again.
    next_recipients: deque[str] = field(default_factory=deque)
    # Replies to the next MAILs, and to the next final dots.
    next_senders: deque[str] = field(default_factory=deque)
    next_messages: deque[str] = field(default_factory=deque)
    # The connection breaks at these moments, one after the other. "after dot": the message is
    # taken and recorded, but the client never hears so; "before dot": it is lost half-way.
    drops: deque[Moment] = field(default_factory=deque)
    # What goes wrong with the next final dots, one each.
    faults: deque[Fault] = field(default_factory=deque)
    # How many of the next STARTTLS get no TLS but noise.
    broken_tls: int = 0
    # Seconds before the answer to a command ("." is the final dot).
    delays: dict[str, float] = field(default_factory=dict)
    # After so many messages on one connection the server says 421 and hangs up; 0 = never.
    messages_per_connection: int = 0


class SmtpServer:
    """A server on 127.0.0.1 and a free port, in a thread of its own.

    `users` makes AUTH (PLAIN, LOGIN) required; `tls` is `starttls` or `implicit`, with a context
    from `tests.services.tls.Authority`.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        users: dict[str, str] | None = None,
        tls: Literal["none", "starttls", "implicit"] = "none",
        context: ssl.SSLContext | None = None,
        has_pipelining: bool = True,
        max_size: int = 33_554_432,
    ) -> None:
        """Start it; `max_size` in bytes is announced as SIZE."""
        self.users = users or {}
        self.tls = tls
        self.context = context
        self.has_pipelining = has_pipelining
        self.max_size = max_size
        self.script = Script()
        self.messages: list[Received] = []
        self.connections = 0
        self.open: set[_Protocol] = set()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server = self._call(self._listen(0))
        self.port = self._server.sockets[0].getsockname()[1]

    def recipients(self) -> list[str]:
        """Return every recipient of every message taken, with repetitions."""
        return [each for message in self.messages for each in message.recipients]

    def pause(self) -> None:
        """Refuse connections and break those that exist; `resume` listens on the same port."""
        self._call(self._hang_up())

    def resume(self) -> None:
        """Listen again after `pause`."""
        self._server = self._call(self._listen(self.port))

    def stop(self) -> None:
        """End the server and its thread."""
        self._call(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(15)

    async def _listen(self, port: int) -> asyncio.Server:
        context = self.context if self.tls == "implicit" else None
        return await self._loop.create_server(lambda: _Protocol(self), self.host, port, ssl=context, backlog=512)

    async def _hang_up(self) -> None:
        self._server.close()
        me = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not me]
        for protocol in list(self.open):
            protocol.break_off()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


class _Protocol(SMTP):
    """One connection: the rules of SMTP are aiosmtpd's, the faults are the script's."""

    def __init__(self, server: SmtpServer) -> None:
        with warnings.catch_warnings():
            # Requiring a password without TLS is what some of the servers in tests do.
            warnings.simplefilter("ignore", UserWarning)
            super().__init__(
                _Handler(server),
                loop=asyncio.get_running_loop(),
                data_size_limit=server.max_size,
                enable_SMTPUTF8=True,
                hostname="smtp.emulator.test",
                ident="emulator",
                tls_context=server.context if server.tls == "starttls" else None,
                auth_required=bool(server.users),
                auth_require_tls=server.tls == "starttls",
                authenticator=_authenticator(server),
                timeout=120,
            )
        self.server = server
        self.number = 0
        self.taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self.number:
            self.server.connections += 1
            self.number = self.server.connections
            self.server.open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.server.open.discard(self)
        super().connection_lost(error)

    def break_off(self) -> None:
        """Reset the connection without a word."""
        transport = self._original_transport or self.transport
        if isinstance(transport, asyncio.Transport):
            with contextlib.suppress(AttributeError):  # a TLS transport of Python 3.11 that has just closed
                transport.abort()

    def hang_up(self) -> None:
        """Close the connection when everything has been written."""
        if self.transport is not None:
            self.transport.close()

    def drops(self, moment: Moment) -> bool:
        """Break the connection when the script says so for this moment."""
        script = self.server.script
        if not script.drops or script.drops[0] != moment:
            return False
        script.drops.popleft()
        self.break_off()
        return True

    async def answer_badly(self, fault: Fault) -> str:
        """Answer a message that was taken as the fault says; returns what is left to say."""
        if fault == "taken then silent":
            await asyncio.sleep(SILENCE)
        if fault == "taken then reset":
            self._say(b"25")
            self.break_off()
            return "421 closed"
        for byte in b"250 2.0.0":
            self._say(bytes([byte]))
            await asyncio.sleep(DRIP)
        return " taken"

    def _say(self, raw: bytes) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.write(raw)

    async def smtp_STARTTLS(self, arg: str) -> None:
        script = self.server.script
        if script.broken_tls > 0:
            script.broken_tls -= 1
            await self.push("220 go ahead")
            self._say(b"this is no TLS\r\n" * 8)
            self.hang_up()
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_DATA(self, arg: str) -> None:
        script = self.server.script
        if script.drops and script.drops[0] == "before dot" and self._has_recipients():
            await self.push("354 go on")
            await self._reader.readuntil(b"\r\n")
            self.drops("before dot")
            return
        await super().smtp_DATA(arg)

    def _has_recipients(self) -> bool:
        return self.envelope is not None and bool(self.envelope.rcpt_tos)

    async def _handle_client(self) -> None:
        if self.drops("connect"):
            return
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()


class _Handler:
    """aiosmtpd's hooks: each asks the script first."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_EHLO(
        self,
        server: _Protocol,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        extra = ["250-PIPELINING"] if self._server.has_pipelining else []
        return [*responses[:-1], *extra, "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_MAIL(
        self,
        server: _Protocol,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        script = self._server.script
        await self._delay("MAIL")
        server.drops("MAIL")
        reply = script.next_senders.popleft() if script.next_senders else "250 2.1.0 OK"
        if reply.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply

    async def handle_RCPT(
        self,
        server: _Protocol,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        await self._delay("RCPT")
        server.drops("RCPT")
        reply = self._recipient_reply(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: _Protocol, session: Session, envelope: Envelope) -> str:
        script = self._server.script
        await self._delay(".")
        if server.drops("DATA"):
            return "451 4.3.0 lost"
        if script.next_messages:
            return script.next_messages.popleft()
        fault = script.faults.popleft() if script.faults else None
        if fault == "silent":
            await asyncio.sleep(SILENCE)
        self._server.messages.append(
            Received(
                mail_from=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                raw=bytes(envelope.original_content or b""),
                connection=server.number,
                is_encrypted=session.ssl is not None or self._server.tls == "implicit",
                user=session.auth_data,
                at=time.monotonic(),
            )
        )
        if fault is not None:
            return await server.answer_badly(fault)
        server.drops("after dot")
        server.taken += 1
        if server.taken == script.messages_per_connection:
            await server.push("250 2.0.0 taken")
            await server.push("421 4.7.0 enough on this connection")
            server.hang_up()
            return "421 closed"
        return "250 2.0.0 taken"

    def _recipient_reply(self, address: str) -> str:
        script = self._server.script
        if script.next_recipients:
            return script.next_recipients.popleft()
        replies = script.recipients.get(address)
        if not replies:
            return "250 2.1.5 OK"
        return replies.pop(0) if len(replies) > 1 else replies[0]

    async def _delay(self, command: str) -> None:
        seconds = self._server.script.delays.get(command, 0)
        if seconds:
            await asyncio.sleep(seconds)


def _authenticator(server: SmtpServer) -> Any:
    def check(smtp: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        name, password = data.login.decode(), data.password.decode()
        is_right = server.users.get(name) == password
        # An unhandled failure makes aiosmtpd answer 535 5.7.8.
        return AuthResult(success=is_right, handled=False, auth_data=name if is_right else None)

    return check
