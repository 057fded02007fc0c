"""Who follows a link of a mail to the company's own site: a sealed word for one contact, one domain, a few minutes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag

from lux.kit import clock, crypto, rates
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import RateLimitReached
from lux.net import web_address
from lux.ports.provider_errors import Invalid
from lux.rooms.site import queries
from lux.rooms.site.addresses import covering
from lux.rooms.site.forms import is_local

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings

CLICK: Final = "site-identity"
CHECK: Final = "site-check"
SECONDS: Final = {CLICK: 900, CHECK: 3600}
PARAMETER: Final = "lux_id"
_SIZE: Final = 8


def mint(settings: Settings, purpose: str, *, company_id: int, number: int, host: str) -> str:
    """Return a word that says a number (a contact, a domain) to this company's site at this host, for a while."""
    ends = int(clock.now().timestamp()) + SECONDS[purpose]
    plain = number.to_bytes(_SIZE, "big") + ends.to_bytes(_SIZE, "big")
    sealed = crypto.seal(_key(settings, purpose), plain, f"{company_id}|{host}".encode())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(settings: Settings, purpose: str, token: str, *, company_id: int, host: str) -> int | None:
    """Return the number of a word made for this purpose, company and host that has not expired; else None."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        plain = crypto.unseal(_key(settings, purpose), sealed, f"{company_id}|{host}".encode())
    except (InvalidTag, binascii.Error, ValueError):
        return None
    number, ends = int.from_bytes(plain[:_SIZE], "big"), int.from_bytes(plain[_SIZE:], "big")
    return number if clock.now().timestamp() < ends else None


def redeem(db: Database, session: Session, token: str, *, host: str) -> int | None:
    """Return the contact a word names, the first time it is shown; None for any other, and for an old one."""
    contact_id = read(settings_of(session), CLICK, token, company_id=company_of(session), host=host)
    if contact_id is None:
        return None
    used = hashlib.sha256(token.encode()).hexdigest()
    try:
        rates.take(db, f"{CLICK}:{used}", 1, rates.KEEP_SECONDS, session=session)
    except RateLimitReached:
        return None
    return contact_id


def dressed(session: Session, contact_id: int, url: str) -> str:
    """Return a link's target with who follows it, where it leads to a registered domain; any other as it is.

    The word stands behind the `#`, which no browser sends to a server; where the target has one of its own, it stands
    in the query.
    """
    setup = queries.setup(session)
    if setup is None or not setup.identifies_clicks:
        return url
    try:
        address = web_address.read(url.strip(), provider="site")
    except Invalid:
        return url
    domain = covering(address.host, [one.host for one in queries.domains(session)])
    if not domain or (address.scheme != "https" and not is_local(address.host)):
        return url
    token = mint(settings_of(session), CLICK, company_id=company_of(session), number=contact_id, host=domain)
    return with_parameter(url.strip(), f"{PARAMETER}={token}")


def with_parameter(url: str, pair: str) -> str:
    """Put a parameter behind the `#`, or into the query where the address has a fragment."""
    before, sign, fragment = url.partition("#")
    if not fragment:
        return f"{before}#{pair}"
    return f"{before}{'&' if '?' in before else '?'}{pair}{sign}{fragment}"


def _key(settings: Settings, purpose: str) -> bytes:
    return _derived(crypto.app_secret(settings), purpose)


@lru_cache(maxsize=8)
def _derived(secret: bytes, purpose: str) -> bytes:
    return crypto.derive(secret, purpose)
