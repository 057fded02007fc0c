"""The line to an SMTP server: a checked address, TLS with a verified certificate, commands and replies."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.net.guard import Endpoint
from lux.net.smtp_replies import Reply
from lux.ports.provider_errors import Invalid, Transient

PROVIDER = "smtp"
MAX_REPLY = 65_536  # bytes of one reply
CHUNK = 65_536

_LINE = re.compile(rb"(\d{3})([ -]?)([^\r\n]*)\r?\n")


class Wire:
    """One connection; every method raises OSError when it breaks or takes too long."""

    def __init__(self, sock: socket.socket, host: str, timeout: float) -> None:
        self._socket = sock
        self._host = host
        self._timeout = timeout
        self._buffer = b""
        self.is_encrypted = False

    @classmethod
    def open(cls, endpoints: Sequence[Endpoint], host: str, timeout: float) -> Wire:
        """Connect to the first address that answers; raises Transient when none does."""
        last: OSError | None = None
        for endpoint in endpoints:
            sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
            sock.settimeout(timeout)
            try:
                sock.connect((endpoint.address, endpoint.port))
            except OSError as error:
                sock.close()
                last = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return cls(sock, host, timeout)
        port = endpoints[0].port if endpoints else 0
        message = _("“%(host)s” does not answer on port %(port)s.", host=host, port=port)
        raise Transient(message, provider=PROVIDER, field="port") from last

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Switch to TLS; raises Invalid when the certificate is not right, Transient when TLS fails."""
        if self._buffer:
            # Words that came before TLS could be an attacker's (CVE-2021-38371 and its kin).
            raise Invalid(_("The server spoke out of turn before encryption."), provider=PROVIDER, field="host")
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=self._host)
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

    def write(self, data: bytes) -> None:
        """Send all bytes; when this raises, not all of them were handed over."""
        self._socket.settimeout(self._timeout)
        self._socket.sendall(data)

    def read(self, within: float | None = None) -> Reply:
        """Return the next reply, within some seconds; raises OSError, also for what is no SMTP."""
        deadline = clock.monotonic() + (within or self._timeout)
        lines: list[str] = []
        size = 0
        while True:
            found = _LINE.match(self._buffer)
            if found is None:
                self._receive(deadline)
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

    def _receive(self, deadline: float) -> None:
        if len(self._buffer) > MAX_REPLY or b"\n" in self._buffer:
            raise ConnectionError("this is not an SMTP server")
        left = deadline - clock.monotonic()
        if left <= 0:
            raise TimeoutError("the server is too slow")
        self._socket.settimeout(left)
        received = self._socket.recv(CHUNK)
        if not received:
            raise ConnectionError("the server hung up")
        self._buffer += received


def tls_context(ca_file: str | Path | None) -> ssl.SSLContext:
    """Return a context that verifies certificates against the system's authorities and one file more."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=str(ca_file))
    return context
