"""The key that signs checkpoints: Ed25519 (RFC 8032), never in the database, newest first when there are several."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature

from lux.kit import crypto
from lux.kit.errors import LuxError
from lux.kit.i18n import gettext as _
from lux.kit.logs import register_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from lux.kit.settings import Settings


class KeyMissing(LuxError):
    """The key that signs the audit log's checkpoints is missing or damaged."""

    code = "audit_key_missing"


def key_file(settings: Settings) -> Path:
    """Return where the key lives unless LUX_AUDIT_KEY holds it."""
    return settings.home / "keys" / "audit.key"


def make_key(settings: Settings) -> bool:
    """Make the key file once; says whether it was made now."""
    return not settings.audit_key.get_secret_value() and crypto.make_key_file(key_file(settings), "")


def signing_key(settings: Settings, *, may_make: bool) -> Ed25519PrivateKey:
    """Return the newest key; raises KeyMissing. A key is made only where none has signed anything yet."""
    if may_make:
        make_key(settings)
    found = _keys(settings)
    if not found:
        raise KeyMissing(
            _("The key that signs the audit log's checkpoints is missing: %(path)s", path=key_file(settings)),
            fix=_("Put it back from your backup, or set LUX_AUDIT_KEY. Rows go on being chained meanwhile."),
        )
    return found[0]


def public_keys(settings: Settings) -> Sequence[str]:
    """Return the public keys of this installation in base64, newest first; none while no key is there."""
    return [public_text(one) for one in _keys(settings)]


def public_text(key: Ed25519PrivateKey) -> str:
    """Return a key's public half in base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def fingerprint(public: str) -> str:
    """Return what people compare: the first 16 hex digits of the public key's SHA-256, in groups of four."""
    digits = hashlib.sha256(base64.b64decode(public)).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def is_signature(public: str, signature: bytes, message: bytes) -> bool:
    """Say whether a public key's owner signed a message."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(signature, message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _keys(settings: Settings) -> list[Ed25519PrivateKey]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    text = settings.audit_key.get_secret_value()
    try:
        parts = (text or key_file(settings).read_text(encoding="ascii")).replace(",", " ").split()
        for part in parts:
            register_secret(part)
        return [Ed25519PrivateKey.from_private_bytes(base64.b64decode(part, validate=True)) for part in parts]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise KeyMissing(
            _("The key that signs the audit log's checkpoints can't be read."),
            fix=_("It must be 32 bytes in base64, readable for the user that runs LUX. Restore it from your backup."),
        ) from error
