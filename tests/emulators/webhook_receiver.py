"""An HTTP server on a real socket that notes what it is sent and answers, late, wrongly or not at all, as scripted."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Step:
    """How one request is met."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    delay: float = 0.0  # seconds before the first byte of the answer
    drip: float = 0.0  # seconds between two bytes of the answer
    reset: bool = False  # hang up hard after the request, without an answer
    endless: bool = False  # a body that never ends
    raw: bytes = b""  # these bytes instead of an answer


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    server_name: str = ""  # what TLS asked for


class WebhookReceiver:
    """Answers on 127.0.0.1; each request takes the next step of `script`, then `default`."""

    def __init__(
        self, script: Iterable[Step] = (), *, default: Step | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        """Start it."""
        self.script = deque(script)
        self.default = default or Step()
        self.requests: list[Received] = []
        self.connections = 0
        self._context = context
        self._names: dict[int, str] = {}
        if context is not None:
            context.sni_callback = lambda sock, name, _context: self._names.__setitem__(id(sock), name or "")
        self._is_open = True
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self._socket.getsockname()[1])

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Return an address on it."""
        return f"{'https' if self._context else 'http'}://{host}:{self.port}{path}"

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Received]:
        """Return the requests once there are as many."""
        until = time.monotonic() + seconds
        while len(self.requests) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.requests

    def stop(self) -> None:
        """End the server."""
        self._is_open = False
        with contextlib.suppress(OSError):
            socket.create_connection(self._socket.getsockname(), 1).close()
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            connection, _peer = self._socket.accept()
            if not self._is_open:
                connection.close()
                return
            self.connections += 1
            threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.settimeout(30)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            name = self._names.pop(id(connection), "")
            with contextlib.closing(connection):
                self.requests.append(_read(connection, name))
                step = self.script.popleft() if self.script else self.default
                _answer(connection, step)


def _read(connection: socket.socket, name: str) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65_536)
        if not received:
            raise ConnectionError("hung up")
        data += received
    head, _blank, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {key.lower(): value.strip() for key, _colon, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    method, target, _version = first.split(" ")
    return Received(method=method, target=target, headers=headers, body=body, server_name=name)


def _answer(connection: socket.socket, step: Step) -> None:
    time.sleep(step.delay)
    if step.reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    length = "" if step.endless else f"Content-Length: {len(step.body)}\r\n"
    extra = "".join(f"{key}: {value}\r\n" for key, value in step.headers.items())
    head = f"HTTP/1.1 {step.status} X\r\n{length}{extra}Connection: close\r\n\r\n".encode()
    answer = step.raw or head + step.body
    if not step.drip:
        connection.sendall(answer)
    for byte in answer if step.drip else b"":
        connection.sendall(bytes([byte]))
        time.sleep(step.drip)
    while step.endless:
        connection.sendall(b"x" * 65_536)
