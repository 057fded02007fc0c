"""The line to an SMTP server: a checked address, TLS with a verified certificate, commands and replies."""

from __future__ import annotations

import errno
import os
import re
import selectors
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.net.guard import Endpoint
from lux.net.smtp_replies import Reply
from lux.ports.provider_errors import Invalid, Transient
from lux.ports.receipts import HeldBack

PROVIDER = "smtp"
MAX_REPLY = 65_536  # bytes of one reply
CHUNK = 65_536
SLICE = 0.25  # seconds of waiting between two questions whether to go on

_T = TypeVar("_T")
_LINE = re.compile(rb"(\d{3})([ -]?)([^\r\n]*)\r?\n")


def always() -> bool:
    """Go on: for what nothing stops, as a probe."""
    return True


class Wire:
    """One connection; every method raises OSError when it breaks or takes too long.

    While it waits it asks `may_go`, and raises HeldBack after a no.
    """

    def __init__(self, sock: socket.socket, host: str, timeout: float, may_go: Callable[[], bool] = always) -> None:
        self._socket = sock
        self._host = host
        self._timeout = timeout
        self._may_go = may_go
        self._buffer = b""
        self.is_encrypted = False

    @classmethod
    def open(
        cls, endpoints: Sequence[Endpoint], host: str, timeout: float, may_go: Callable[[], bool] = always
    ) -> Wire:
        """Connect to the first address that answers; raises Transient when none does."""
        last: OSError | None = None
        for endpoint in endpoints:
            sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
            try:
                _connect(sock, endpoint, clock.monotonic() + timeout, may_go)
            except OSError as error:
                sock.close()
                last = error
                continue
            except HeldBack:
                sock.close()
                raise
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return cls(sock, host, timeout, may_go)
        port = endpoints[0].port if endpoints else 0
        message = _("“%(host)s” does not answer on port %(port)s.", host=host, port=port)
        raise Transient(message, provider=PROVIDER, field="port") from last

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Switch to TLS; raises Invalid when the certificate is not right, Transient when TLS fails."""
        if self._buffer:
            # Words that came before TLS could be an attacker's (CVE-2021-38371 and its kin).
            raise Invalid(_("The server spoke out of turn before encryption."), provider=PROVIDER, field="host")
        try:
            self._socket = wrapped = context.wrap_socket(
                self._socket, server_hostname=self._host, do_handshake_on_connect=False
            )
            self._in_slices(wrapped.do_handshake, clock.monotonic() + self._timeout)
        except ssl.SSLCertVerificationError as error:
            message = _(
                "The certificate of “%(host)s” is not right: %(why)s.", host=self._host, why=error.verify_message
            )
            raise Invalid(message, provider=PROVIDER, field="host") from error
        except ssl.SSLError as error:
            message = _(
                "“%(host)s” does not speak TLS here: choose another port or another kind of encryption.",
                host=self._host,
            )
            raise Invalid(message, provider=PROVIDER, field="security") from error
        except OSError as error:
            message = _("The connection to “%(host)s” broke while it was being encrypted.", host=self._host)
            raise Transient(message, provider=PROVIDER, field="host") from error
        self.is_encrypted = True

    @property
    def tls_version(self) -> str:
        """Return for example "TLSv1.3", or nothing without TLS."""
        return (self._socket.version() or "") if isinstance(self._socket, ssl.SSLSocket) else ""

    @property
    def peer(self) -> str:
        """Return the address at the other end."""
        return str(self._socket.getpeername()[0])

    @property
    def own_name(self) -> str:
        """Return our end of the line as an address literal (RFC 5321, 4.1.3)."""
        address = str(self._socket.getsockname()[0]).partition("%")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def require(self) -> None:
        """Raise HeldBack when it may not go on."""
        if not self._may_go():
            raise HeldBack

    def write(self, data: bytes) -> None:
        """Send all bytes; when this raises, not all of them were handed over."""
        deadline, rest = clock.monotonic() + self._timeout, memoryview(data)
        while rest:
            # What was begun has to be offered again in the same shape: TLS has put it into a record.
            piece = rest[:CHUNK]
            rest = rest[self._in_slices(partial(self._socket.send, piece), deadline) :]

    def read(self, within: float | None = None, *, is_patient: bool = False) -> Reply:
        """Return the next reply, within some seconds; raises OSError, also for what is no SMTP.

        A patient reader is not held back: what it waits for is the fate of something that has left.
        """
        deadline = clock.monotonic() + (within or self._timeout)
        lines: list[str] = []
        size = 0
        while True:
            found = _LINE.match(self._buffer)
            if found is None:
                self._receive(deadline, is_patient=is_patient)
                continue
            self._buffer = self._buffer[found.end() :]
            lines.append(found[3].decode("utf-8", "replace"))
            size += found.end()
            if size > MAX_REPLY:
                raise ConnectionError("the reply has no end")
            if found[2] != b"-":
                return Reply(code=int(found[1]), text="\n".join(lines))

    def close(self) -> None:
        """Close at once."""
        self._socket.close()

    def _receive(self, deadline: float, *, is_patient: bool) -> None:
        if len(self._buffer) > MAX_REPLY or b"\n" in self._buffer:
            raise ConnectionError("this is not an SMTP server")
        received = self._in_slices(lambda: self._socket.recv(CHUNK), deadline, is_patient=is_patient)
        if not received:
            raise ConnectionError("the server hung up")
        self._buffer += received

    def _in_slices(self, step: Callable[[], _T], deadline: float, *, is_patient: bool = False) -> _T:
        """Return what a step of the socket gives before a moment; between slices of waiting it may be held back."""
        while (left := deadline - clock.monotonic()) > 0:
            self._socket.settimeout(left if is_patient else min(left, SLICE))
            try:
                return step()
            except TimeoutError:
                if not is_patient:
                    self.require()
        raise TimeoutError("the server is too slow")


def _connect(sock: socket.socket, endpoint: Endpoint, deadline: float, may_go: Callable[[], bool]) -> None:
    sock.settimeout(0)
    code = sock.connect_ex((endpoint.address, endpoint.port))
    if code in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_WRITE)
            while not selector.select(min(SLICE, max(0.0, deadline - clock.monotonic()))):
                if clock.monotonic() >= deadline:
                    raise TimeoutError("the server is too slow")
                if not may_go():
                    raise HeldBack
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def tls_context(ca_file: str | Path | None) -> ssl.SSLContext:
    """Return a context that verifies certificates against the system's authorities and one file more."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=str(ca_file))
    return context
