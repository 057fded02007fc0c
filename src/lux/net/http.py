"""HTTP over a connection that goes to checked addresses only, within one deadline from first to last byte."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from lux.kit import clock
from lux.net.guard import Endpoint
from lux.net.smtp_wire import always, tls_context
from lux.ports.receipts import HeldBack

if TYPE_CHECKING:
    import ssl

AGENT = "LUX/1"
for _name in ("httpx2", "httpcore2"):  # they log whole addresses, whose paths may be secrets
    logging.getLogger(_name).setLevel(logging.WARNING)
_PIECE = 65_536  # bytes written between two looks at the clock


class PinnedTransport(httpx2.HTTPTransport):
    """Connects to the given addresses whatever the host is called; name and certificate are those of the URL."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        deadline: float,
        ca_file: str = "",
        may_go: Callable[[], bool] = always,
    ) -> None:
        """Take addresses that `guard.resolve` returned, and the moment (`clock.monotonic`) at which all ends."""
        context = _context(ca_file)
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        # The public constructor has no place for a network backend; the pool it makes has.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context, max_connections=1, network_backend=_PinnedBackend(endpoints, deadline, may_go)
        )


def client(
    endpoints: Sequence[Endpoint], *, seconds: float, ca_file: str = "", may_go: Callable[[], bool] = always
) -> httpx2.Client:
    """Return a client for one exchange: no redirects, no cookies kept, nothing from the environment.

    Before it connects and before it writes it asks `may_go`; after a no it raises HeldBack.
    """
    return httpx2.Client(
        transport=PinnedTransport(endpoints, deadline=clock.monotonic() + seconds, ca_file=ca_file, may_go=may_go),
        timeout=seconds,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
    )


class _PinnedBackend(httpcore2.NetworkBackend):
    def __init__(self, endpoints: Sequence[Endpoint], deadline: float, may_go: Callable[[], bool]) -> None:
        self._endpoints = endpoints
        self._deadline = deadline
        self._may_go = may_go
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the name was resolved and checked; it is asked for no second time
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        last: Exception = httpcore2.ConnectError("no address")
        for endpoint in self._endpoints:
            if not self._may_go():
                raise HeldBack
            within = _left(self._deadline, timeout, httpcore2.ConnectTimeout)
            try:
                stream = self._backend.connect_tcp(
                    endpoint.address, port, timeout=within, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
                continue
            return _TimedStream(stream, self._deadline, self._may_go)
        raise last


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every step ends at the same moment, so that a slow drip of bytes gains nothing."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float, may_go: Callable[[], bool]) -> None:
        self._stream = stream
        self._deadline = deadline
        self._may_go = may_go

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            if not self._may_go():
                raise HeldBack
            within = _left(self._deadline, timeout, httpcore2.WriteTimeout)
            self._stream.write(buffer[start : start + _PIECE], within)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        within = _left(self._deadline, timeout, httpcore2.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, within), self._deadline, self._may_go)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's shape
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None, error: Callable[[str], Exception]) -> float:
    left = deadline - clock.monotonic()
    if left <= 0:
        raise error("the time is up")
    return left if timeout is None else min(left, timeout)


@lru_cache(maxsize=4)
def _context(ca_file: str) -> ssl.SSLContext:
    return tls_context(ca_file or None)
