"""E-mail addresses: as people write them, and the key under which each is known once."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

MAX_LENGTH = 254  # RFC 5321, section 4.5.3.1.3


@dataclass(frozen=True, kw_only=True)
class EmailAddress:
    """One valid address: what is shown and sent to, and what is compared."""

    text: str  # trimmed, otherwise as written
    key: str  # case-folded, domain in punycode

    @property
    def domain(self) -> str:
        """Return the domain in punycode, lower case."""
        return self.key.rpartition("@")[2]


def parse_email(address: str, *, field: str = "email") -> EmailAddress:
    """Read an address (syntax only, nothing is looked up); raises InvalidInput naming the field."""
    text = unicodedata.normalize("NFC", address.strip())
    if not text:
        raise InvalidInput(
            field=field,
            message=_("The e-mail address is missing."),
            fix=_("Enter an address like name@example.com."),
        )
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidInput(
            field=field,
            message=_(
                "“%(address)s” is not an e-mail address: %(why)s",
                address=_short(text),
                why=str(error),
            ),
            fix=_("Enter an address like name@example.com."),
        ) from error
    domain = found.ascii_domain.casefold()
    # The part before the @ keeps what was written: validate_email would only normalise it.
    local = unicodedata.normalize("NFC", found.local_part.casefold())
    return EmailAddress(text=text, key=f"{local}@{domain}")


def email_key(address: str, *, field: str = "email") -> str:
    """Return the key of an address: trimmed, case-folded, punycode domain; raises InvalidInput."""
    return parse_email(address, field=field).key


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"
