"""Links to the file of an export that work for a quarter of an hour and name the key that made them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.kit import clock
from lux.kit.crypto import app_secret, derive
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from lux.kit.settings import Settings

LIFETIME: Final = 15 * 60  # seconds
_SHAPE: Final = struct.Struct(">16sQQ")  # export, key, end (Unix seconds)
_MAC_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True)
class ExportLink:
    """What a link says."""

    export: uuid.UUID
    key_id: int


def make(settings: Settings, export: uuid.UUID, key_id: int) -> str:
    """Return the token of a link."""
    ends_at = int(clock.now().timestamp()) + LIFETIME
    said = _SHAPE.pack(export.bytes, key_id, ends_at)
    return base64.urlsafe_b64encode(said + _mac(settings, said)).decode().rstrip("=")


def read(settings: Settings, token: str) -> ExportLink:
    """Return what a link says; raises NotFound when it was tampered with or its time is over."""
    try:
        whole = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, binascii.Error) as error:
        raise _gone() from error
    said, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
    if len(said) != _SHAPE.size or not hmac.compare_digest(mac, _mac(settings, said)):
        raise _gone()
    export, key_id, ends_at = _SHAPE.unpack(said)
    if ends_at <= clock.now().timestamp():
        raise _gone()
    return ExportLink(export=uuid.UUID(bytes=export), key_id=key_id)


def _mac(settings: Settings, said: bytes) -> bytes:
    return hmac.digest(derive(app_secret(settings), "export link"), said, hashlib.sha256)


def _gone() -> NotFound:
    return NotFound(_("This link does not work any more."), fix=_("Ask for the export again: it names a new one."))
