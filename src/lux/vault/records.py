"""The form of a sealed record: `v1|key id|data key id|nonce|ciphertext`, AES-256-GCM with associated data."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

import rfc8785

from lux.kit import crypto

VERSION: Final = "v1"
MARK: Final = "|"


def seal(key: bytes, plain: bytes, bound_to: Sequence[str | int], *, head: Sequence[str]) -> str:
    """Encrypt under a fresh nonce, bound to `bound_to` (canonical JSON, RFC 8785), after the head's fields."""
    sealed = crypto.seal(key, plain, associated(bound_to))
    nonce, cipher = sealed[: crypto.NONCE_BYTES], sealed[crypto.NONCE_BYTES :]
    return MARK.join([*head, _text(nonce), _text(cipher)])


def unseal(key: bytes, record: str, bound_to: Sequence[str | int]) -> bytes:
    """Decrypt a record; raises InvalidTag when anything differs, ValueError when it is no record."""
    *head, nonce, cipher = record.split(MARK)
    if not head or head[0] != VERSION:
        raise ValueError("unknown record version")
    sealed = base64.b64decode(nonce, validate=True) + base64.b64decode(cipher, validate=True)
    return crypto.unseal(key, sealed, associated(bound_to))


def head_of(record: str) -> list[str]:
    """Return the fields before nonce and ciphertext: version, key id, and for secrets the data key's id."""
    return record.split(MARK)[:-2]


def associated(bound_to: Sequence[str | int]) -> bytes:
    """Return the associated data that ties a record to its place."""
    return rfc8785.dumps(list(bound_to))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
