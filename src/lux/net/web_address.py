"""Reads a web address that people or programs entered: one spelling, no tricks, before any name server is asked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin

from lux.kit.i18n import gettext as _
from lux.net.guard import Allowed, Endpoint, checked_host
from lux.ports.provider_errors import Invalid

LONGEST: Final = 2048  # characters of an address
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^\[\]:@%\\/?#]{1,253})(?::([0-9]{1,5}))?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_SAFE: Final = "/:?#[]@!$&'()*+,;=-._~%"  # RFC 3986: what stands in a path or a query as it is
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, kw_only=True)
class WebAddress:
    """An address in the one spelling that is used from here on."""

    scheme: str  # https | http
    host: str  # lower case, punycode, or an IP address without brackets
    port: int
    target: str  # path and query, percent-encoded

    @property
    def origin(self) -> str:
        """Return what may be shown and logged: paths and queries may hold secrets."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{shown}{port}"

    @property
    def text(self) -> str:
        """Return the whole address."""
        return self.origin + self.target


def read(url: str, *, provider: str, field: str = "url") -> WebAddress:
    """Return a web address; raises Invalid naming `field`. Asks nobody."""
    text = url.strip(" ")
    if not text or len(text) > LONGEST:
        raise _bad(_("The address is missing or longer than 2048 characters."), provider, field)
    if "\\" in text or any(sign.isspace() or not sign.isprintable() for sign in text):
        raise _bad(_("The address has a space, a line break or a backslash in it."), provider, field)
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        raise _bad(_("The address must begin with https://."), provider, field)
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in place:
        raise _bad(_("The address must not hold a user name or a password."), provider, field)
    found = _PLACE.fullmatch(place)
    if found is None:
        raise _bad(_("The address names no server that can be read."), provider, field)
    host, port = _host(found[1], provider, field), int(found[2] or DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise _bad(_("The port of the address is not a number from 1 to 65535."), provider, field)
    return WebAddress(scheme=scheme, host=host, port=port, target=_target(rest[len(place) :]))


def joined(base: WebAddress, location: str, *, provider: str, field: str = "url") -> WebAddress:
    """Return where a redirect leads; raises Invalid."""
    return read(urljoin(base.text, location.strip(" ")), provider=provider, field=field)


def require_reachable(
    address: WebAddress,
    endpoints: Iterable[Endpoint],
    *,
    allow_hosts: Iterable[str],
    allow_http: bool,
    provider: str,
    field: str = "url",
) -> None:
    """Raise Invalid for plain http and for odd ports, unless the operator allowed that host."""
    allowed = Allowed(allow_hosts)
    is_allowed = all(
        allowed.covers(address.host, ipaddress.ip_address(one.address.partition("%")[0])) for one in endpoints
    )
    if address.scheme == "http" and not allow_http and not is_allowed:
        raise _bad(_("The address must begin with https://."), provider, field)
    if address.port not in DEFAULT_PORTS.values() and not is_allowed:
        message = _("Only the ports 443 and 80 are reached. The operator can allow a host in LUX_ALLOW_HOSTS.")
        raise _bad(message, provider, field)


def _host(text: str, provider: str, field: str) -> str:
    try:
        host = checked_host(text, provider=provider)
    except Invalid as error:
        raise _bad(error.message, provider, field) from error
    last = host.rpartition(".")[2]
    if ":" in host or not _NUMBER.fullmatch(last):
        return host
    try:  # what ends in a number is an IPv4 address; 127.1, 0x7f000001 and 2130706433 are spellings nobody needs
        return str(ipaddress.IPv4Address(host))
    except ValueError as error:
        raise _bad(_("“%(host)s” is not the name of a server.", host=host[:80]), provider, field) from error


def _target(rest: str) -> str:
    before_fragment = rest.partition("#")[0]
    path = before_fragment if before_fragment.startswith("/") else f"/{before_fragment}"
    return quote(_ESCAPE.sub("%25", path), safe=_SAFE)


def _bad(message: str, provider: str, field: str) -> Invalid:
    return Invalid(message, provider=provider, field=field)
