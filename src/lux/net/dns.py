"""Looks up DNS records with a time limit; name servers can be named, for tests and closed networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

LIFETIME = 5.0  # seconds for one question, all servers and repetitions together


@dataclass(frozen=True, kw_only=True)
class MailExchanger:
    """One MX record; the lowest preference is asked first."""

    preference: int
    host: str


def txt(name: str, servers: Sequence[str] = (), *, lifetime: float = LIFETIME) -> list[str] | None:
    """Return the TXT values of a name, [] when it has none, None when no name server answered."""
    answer = _ask(name, "TXT", servers, lifetime)
    if answer is None:
        return None
    return [b"".join(item.strings).decode("utf-8", "replace") for item in answer if isinstance(item, TXT)]


def mx(name: str, servers: Sequence[str] = (), *, lifetime: float = LIFETIME) -> list[MailExchanger] | None:
    """Return the mail exchangers of a domain, first choice first; [] when there are none, None without an answer."""
    answer = _ask(name, "MX", servers, lifetime)
    if answer is None:
        return None
    found = [
        MailExchanger(preference=item.preference, host=item.exchange.to_text(omit_final_dot=True))
        for item in answer
        if isinstance(item, MX)
    ]
    return sorted(found, key=lambda item: (item.preference, item.host))


def cname(name: str, servers: Sequence[str] = (), *, lifetime: float = LIFETIME) -> list[str] | None:
    """Return where an alias points, [] when the name is none, None when no name server answered."""
    answer = _ask(name, "CNAME", servers, lifetime)
    if answer is None:
        return None
    return [item.target.to_text(omit_final_dot=True) for item in answer if isinstance(item, CNAME)]


def _ask(name: str, kind: str, servers: Sequence[str], lifetime: float) -> Sequence[object] | None:
    try:
        question = dns.name.from_text(name)
    except dns.exception.DNSException:
        return []  # what is no name has no records
    try:
        resolver = _resolver(servers)
        resolver.timeout = min(2.0, lifetime)
        answer = resolver.resolve(question, dns.rdatatype.from_text(kind), search=False, lifetime=lifetime)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    return list(answer)


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    if not servers:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [_name_server(server) for server in servers]
    return resolver


def _name_server(text: str) -> dns.nameserver.Nameserver:
    """Read "192.0.2.1", "192.0.2.1:5353" or "[2001:db8::1]:53"."""
    host, colon, port = text.rpartition(":")
    if colon and (host.count(":") == 0 or host.startswith("[")) and port.isdecimal():
        return dns.nameserver.Do53Nameserver(host.strip("[]"), int(port))
    return dns.nameserver.Do53Nameserver(text.strip("[]"))
