"""Signs messages with DKIM (RFC 6376): relaxed/simple, rsa-sha256, with a key that is parsed once."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.render.addresses import wire_domain

KEY_BITS = 2048
TXT_CHUNK = 255  # characters of one string of a TXT record

# Signed when present (RFC 6376, 5.4.1; RFC 8058 demands the two of List-Unsubscribe).
SIGNED = (
    *(b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"),
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),
)
# Signed once more than they occur, so that nobody can add another (RFC 6376, 8.15).
OVERSIGNED = (b"from", b"to", b"subject")

_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_SPACE = re.compile(rb"[ \t]+")


@dataclass(frozen=True, kw_only=True)
class DnsRecord:
    """A record for people to publish."""

    name: str
    type: str
    value: str


class DkimSigner:
    """Signs for one domain and selector."""

    def __init__(self, *, domain: str, selector: str, private_key: str) -> None:
        """Parse the PEM key once; raises InvalidInput naming `domain`, `selector` or `private_key`."""
        if not _SELECTOR.fullmatch(selector):
            raise InvalidInput(_("The selector is not valid."), field="selector", fix=_("Use letters and digits."))
        self._key = load_key(private_key)
        wire = wire_domain(domain).encode("ascii")
        self._start = b"v=1; a=rsa-sha256; c=relaxed/simple; d=%b;\r\n s=%b; t=" % (wire, selector.encode("ascii"))

    def sign(self, message: bytes, *, at: datetime | None = None) -> bytes:
        """Return the message (CRLF, header and body) with its DKIM-Signature in front."""
        head, _separator, body = message.partition(b"\r\n\r\n")
        names, canonical = canonical_headers(head + b"\r\n")
        # "simple" keeps the body as it is, but for empty lines at its end, which count as one line end.
        digest = hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()
        value = b"%b%d;\r\n h=%b;\r\n bh=%b;\r\n b=" % (
            self._start,
            int((at or clock.now()).timestamp()),
            b":\r\n  ".join(b":".join(names[index : index + 4]) for index in range(0, len(names), 4)),
            base64.b64encode(digest),
        )
        signed = canonical + b"dkim-signature:" + _relaxed(value)
        signature = self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        text = base64.b64encode(signature)
        folded = b"\r\n  ".join(text[index : index + 72] for index in range(0, len(text), 72))
        return b"DKIM-Signature: " + value + folded + b"\r\n" + message


def canonical_headers(head: bytes) -> tuple[list[bytes], bytes]:
    """Return the names to sign and their header lines in relaxed form (RFC 6376, 3.4.2), each ended by CRLF."""
    lines: dict[bytes, list[bytes]] = {}
    for line in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            lines.setdefault(name.strip().lower(), []).append(value)
    names: list[bytes] = []
    canonical: list[bytes] = []
    for name in SIGNED:
        found = lines.get(name, [])
        names += [name] * (len(found) + (name in OVERSIGNED))
        # Several of a name are signed from the bottom up.
        canonical += [name + b":" + _relaxed(value) + b"\r\n" for value in reversed(found)]
    return names, b"".join(canonical)


def _relaxed(value: bytes) -> bytes:
    return _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip()


def generate_key() -> str:
    """Return a new RSA-2048 private key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def load_key(pem: str) -> rsa.RSAPrivateKey:
    """Parse a PEM private key; raises InvalidInput unless it is RSA of at least 1024 bits."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInput(_("The signing key can't be read."), field="private_key") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 1024:
        raise InvalidInput(_("The signing key must be RSA of 2048 bits."), field="private_key")
    return key


def public_text(private_key: str) -> str:
    """Return what the DNS record of a key says."""
    der = load_key(private_key).public_key()
    encoded = der.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(encoded).decode('ascii')}"


def dns_record(*, domain: str, selector: str, private_key: str) -> DnsRecord:
    """Return the TXT record that lets others verify the signatures."""
    name = f"{selector}._domainkey.{wire_domain(domain)}"
    return DnsRecord(name=name, type="TXT", value=public_text(private_key))


def zone_text(value: str) -> str:
    """Return a TXT value as zone files and most providers want it: quoted strings of at most 255 characters."""
    return " ".join(f'"{value[index : index + TXT_CHUNK]}"' for index in range(0, len(value), TXT_CHUNK))
