"""Mail addresses as the wire wants them: ASCII, with the domain in punycode, and nothing that could break a header."""

from __future__ import annotations

import re

import idna

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

MAX_ADDRESS = 254  # RFC 5321, 4.5.3.1.3
MAX_LOCAL = 64

# RFC 5322 dot-atom; quoted local parts are refused, no mailbox people use has one.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ASCII_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def wire_address(address: str, *, field: str = "email") -> str:
    """Return an address in ASCII; raises InvalidInput for what can't be one on the wire."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise _invalid(address, field, _("It needs a name, an “@” and a domain."))
    if not local.isascii():
        reason = _("Letters outside ASCII before the “@” are not accepted by most mail servers.")
        raise _invalid(address, field, reason)
    if len(local) > MAX_LOCAL or not _LOCAL.fullmatch(local):
        raise _invalid(address, field, _("What stands before the “@” is not valid."))
    wire = f"{local}@{wire_domain(domain, field=field)}"
    if len(wire) > MAX_ADDRESS:
        raise _invalid(address, field, _("It is longer than %(limit)s characters.", limit=MAX_ADDRESS))
    return wire


def wire_domain(domain: str, *, field: str = "domain") -> str:
    """Return a domain in ASCII, lower case (IDNA 2008); raises InvalidInput."""
    text = domain.lower()
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise _invalid(domain, field, _("The domain is not valid.")) from error
    if not _ASCII_DOMAIN.fullmatch(text):
        raise _invalid(domain, field, _("The domain is not valid."))
    return text


def _invalid(address: str, field: str, reason: str) -> InvalidInput:
    shown = "".join(letter if letter.isprintable() else "�" for letter in address[:80])
    return InvalidInput(
        _("“%(address)s” can't be used as a mail address. %(reason)s", address=shown, reason=reason),
        field=field,
        fix=_("Write it like name@example.com."),
    )
