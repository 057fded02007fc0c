"""The one guarded way to web addresses that people entered: webhooks, media by URL, pages of a company's site."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx2

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.net import http, web_address
from lux.net.guard import Endpoint
from lux.net.lookup import look_up
from lux.net.smtp_wire import always
from lux.net.web_address import WebAddress
from lux.ports.provider_errors import Ambiguous, Invalid, ProviderError, Transient

SECONDS: Final = 10.0  # from the first question to a name server to the last byte
MOST_BYTES: Final = 10 * 1024 * 1024
MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far fetching may go: the operator's word, and limits."""

    allow_hosts: tuple[str, ...] = ()  # names and networks that may be private, plain http, or on other ports
    allow_http: bool = False
    ca_file: str = ""
    seconds: float = SECONDS
    max_bytes: int = MOST_BYTES


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    address: str  # scheme, host and port that answered, after redirects
    is_whole: bool = True  # False: the body was longer than what was asked for


def get(url: str, reach: Reach, *, provider: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Fetch a document; up to three redirects, each checked like the first address. Raises ProviderError.

    A body above `reach.max_bytes` raises Invalid: half a document is none.
    """
    deadline = clock.monotonic() + reach.seconds
    address = web_address.read(url, provider=provider)
    for _hop in range(MOST_REDIRECTS + 1):
        answer = _exchange("GET", address, reach, deadline, provider=provider, headers=headers or {})
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location:
            if not answer.is_whole:
                message = _("What “%(host)s” sends is larger than allowed.", host=address.host)
                raise Invalid(message, provider=provider, field="url")
            return answer
        address = web_address.joined(address, location, provider=provider)
    raise Invalid(_("The address leads on and on."), provider=provider, field="url")


def post(
    url: str,
    body: bytes,
    reach: Reach,
    *,
    provider: str,
    headers: Mapping[str, str],
    may_go: Callable[[], bool] = always,
) -> Answer:
    """Send a body once; a redirect is an answer like any other and is not followed. Raises ProviderError.

    Of the answer's body, `reach.max_bytes` are read. Raises Ambiguous when the request had left and no answer came,
    HeldBack when `may_go`, asked before each of its bytes is written, says no.
    """
    deadline = clock.monotonic() + reach.seconds
    address = web_address.read(url, provider=provider)
    return _exchange("POST", address, reach, deadline, provider=provider, headers=headers, body=body, may_go=may_go)


def check(url: str, reach: Reach, *, provider: str) -> WebAddress:
    """Return a web address that may be reached as things stand now; raises ProviderError. Connects nowhere."""
    address = web_address.read(url, provider=provider)
    _endpoints(address, reach, clock.monotonic() + reach.seconds, provider)
    return address


def _exchange(
    method: str,
    address: WebAddress,
    reach: Reach,
    deadline: float,
    *,
    provider: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    may_go: Callable[[], bool] = always,
) -> Answer:
    endpoints = _endpoints(address, reach, deadline, provider, may_go)
    seconds = max(0.001, deadline - clock.monotonic())
    with (
        _named(address, provider, is_write=body is not None),
        http.client(endpoints, seconds=seconds, ca_file=reach.ca_file, may_go=may_go) as client,
        client.stream(method, address.text, content=body, headers=dict(headers)) as response,
    ):
        content, is_whole = _read(response, reach.max_bytes)
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(
            status=response.status_code, headers=found, body=content, address=address.origin, is_whole=is_whole
        )


def _read(response: httpx2.Response, most: int) -> tuple[bytes, bool]:
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > most:
            return bytes(content[:most]), False
    return bytes(content), True


def _endpoints(
    address: WebAddress, reach: Reach, deadline: float, provider: str, may_go: Callable[[], bool] = always
) -> Sequence[Endpoint]:
    try:
        found = look_up(
            address.host,
            address.port,
            allow_hosts=reach.allow_hosts,
            deadline=deadline,
            may_go=may_go,
            provider=provider,
        )
    except ProviderError as error:
        error.field = "url"
        raise
    web_address.require_reachable(
        address, found, allow_hosts=reach.allow_hosts, allow_http=reach.allow_http, provider=provider
    )
    return found


@contextmanager
def _named(address: WebAddress, provider: str, *, is_write: bool) -> Iterator[None]:
    """Turn the library's errors into ours; none of them shows more of an address than its host."""
    host = address.host
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise _unreached(host, error, provider) from error
    except httpx2.TransportError as error:
        is_late = isinstance(error, httpx2.TimeoutException)
        message = (
            _("“%(host)s” did not answer in time.", host=host)
            if is_late
            else _("The connection to “%(host)s” broke before the answer.", host=host)
        )
        kind: type[ProviderError] = Ambiguous if is_write else Transient
        raise kind(message, provider=provider, field="url", code="timeout" if is_late else "broken") from error
    except (httpx2.InvalidURL, httpx2.DecodingError, httpx2.StreamError) as error:
        message = _("“%(host)s” does not speak HTTP as it should.", host=host)
        raise Invalid(message, provider=provider, field="url", code="protocol") from error


def _unreached(host: str, error: Exception, provider: str) -> ProviderError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            message = _("The certificate of “%(host)s” is not right: %(why)s.", host=host, why=cause.verify_message)
            return Invalid(message, provider=provider, field="url", code="certificate")
        if isinstance(cause, ssl.SSLError):
            message = _("“%(host)s” does not speak TLS.", host=host)
            return Invalid(message, provider=provider, field="url", code="tls")
        cause = cause.__cause__ or cause.__context__
    return Transient(_("“%(host)s” does not answer.", host=host), provider=provider, field="url", code="connect")
