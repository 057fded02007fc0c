"""Slows down who tries keys: wrong ones are counted per sender, in the database, for all processes together."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from flask import request

from lux.kit import rates
from lux.ui import web

if TYPE_CHECKING:
    from lux.kit.rates import Allowance

PER_MINUTE: Final = 30  # wrong keys of one sender
_SITE_BITS: Final = 64  # of an IPv6 address: what one customer line or one server gets


def count() -> Allowance:
    """Count a wrong key of whoever sent this request; raises RateLimitReached (429) when there were too many.

    A right key is never asked how many wrong ones came from its address: behind one address (Zapier's, an office's)
    stand many, and one of them with an old key must not shut the others out.
    """
    return rates.take(web.database(), f"wrong key {sender(request.remote_addr or '')}", PER_MINUTE, 60)


def sender(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or the /64 that an IPv6 address lies in."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a socket without an address
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _SITE_BITS), strict=False))
    return str(found)
