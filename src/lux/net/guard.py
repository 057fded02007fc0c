"""Checks where a host name that people typed leads, before anything connects there (server-side request forgery)."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lux.kit.i18n import gettext as _
from lux.ports.provider_errors import Invalid, Transient

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Never, whatever is allowed: addresses of this link (cloud metadata), of nobody, and of everybody.
NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/128", "fe80::/10", "fec0::/10", "fd00:ec2::254/128", "fd20:ce::254/128", "ff00::/8"),
    )
)
SHARED = ipaddress.ip_network("100.64.0.0/10")  # carrier-grade NAT: not "private" to Python, not public either
NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One address to connect to; connecting to it asks no name server again."""

    family: int
    address: str
    port: int


def resolve(host: str, port: int, *, allow_hosts: Iterable[str] = (), provider: str) -> list[Endpoint]:
    """Return the addresses of a host; raises Invalid naming `host` when any of them is not to be reached.

    Private and loopback addresses need the host, or its network, in `allow_hosts`; a few are never reached.
    """
    name = checked_host(host, provider=provider)
    allowed = Allowed(allow_hosts)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise _unknown(host, provider, error) from error
    endpoints = [Endpoint(family=family, address=str(place[0]), port=port) for family, _t, _p, _c, place in found]
    for endpoint in endpoints:
        address = ipaddress.ip_address(endpoint.address.partition("%")[0])
        if is_never(address):
            message = _("The server “%(host)s” leads to an address that LUX never connects to.", host=host)
            raise Invalid(message, provider=provider, field="host")
        if not is_public(address) and not allowed.covers(name, address):
            message = _(
                "The server “%(host)s” is on a private network. The operator can allow it in LUX_ALLOW_HOSTS.",
                host=host,
            )
            raise Invalid(message, provider=provider, field="host")
    return endpoints


def checked_host(host: str, *, provider: str) -> str:
    """Return a host name or address ready to be looked up; raises Invalid naming `host`."""
    text = host.strip()
    literal = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "%" not in literal:  # a zone id names an interface of this machine
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(literal))
    try:
        name = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _HOST.fullmatch(name):
        message = _("“%(host)s” is not the name of a server.", host=text[:80])
        raise Invalid(message, provider=provider, field="host")
    return name.lower().rstrip(".")


class Allowed:
    """The operator's list of hosts and networks that may be private."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                self._names.add(entry.strip().lower().rstrip("."))

    def covers(self, name: str, address: IPAddress) -> bool:
        """Say whether the operator allowed this name, or the network of this address."""
        candidates = (address, *embedded(address))
        return name in self._names or any(
            item in network for item in candidates for network in self._networks if item.version == network.version
        )


def is_never(address: IPAddress) -> bool:
    """Say whether an address, or one inside it, must never be reached."""
    return any(
        item in network
        for item in (address, *embedded(address))
        for network in NEVER
        if item.version == network.version
    )


def is_public(address: IPAddress) -> bool:
    """Say whether an address, and each one inside it, belongs to the public internet."""
    return all(item.is_global and not (item.version == 4 and item in SHARED) for item in (address, *embedded(address)))


def embedded(address: IPAddress) -> Sequence[IPAddress]:
    """Return the IPv4 addresses that an IPv6 address carries: mapped, 6to4, Teredo, NAT64, compatible."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    found: list[IPAddress] = [item for item in (address.ipv4_mapped, address.sixtofour) if item is not None]
    found += address.teredo or ()
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    is_compatible = 1 < int(address) < 1 << 32
    if is_compatible or any(address in network for network in NAT64):
        found.append(last)
    return found


def _unknown(host: str, provider: str, error: OSError | UnicodeError) -> Invalid | Transient:
    passing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
    if passing:
        message = _("The name servers do not answer, so “%(host)s” can't be found now.", host=host)
        return Transient(message, provider=provider, field="host")
    message = _("There is no server called “%(host)s”.", host=host)
    return Invalid(message, provider=provider, field="host")
