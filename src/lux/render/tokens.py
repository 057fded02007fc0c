"""Short keyed tokens in mail links: each is bound to one purpose and one delivery, and says nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

MAC_BYTES = 10
ID_BYTES = 8
LENGTH = 24  # characters of a token

OPEN, CLICK, UNSUBSCRIBE, VIEW, TRAP = "o", "c", "u", "v", "t"
PURPOSES = frozenset({OPEN, CLICK, UNSUBSCRIBE, VIEW, TRAP})

_PERSON = {purpose: b"lux-" + purpose.encode() for purpose in PURPOSES}


def mint(key: bytes, purpose: str, delivery_id: int) -> str:
    """Return the token of a delivery for one purpose: 8 bytes of id and 10 of keyed BLAKE2s, URL-safe."""
    payload = delivery_id.to_bytes(ID_BYTES, "big")
    mac = hashlib.blake2s(payload, digest_size=MAC_BYTES, key=key, person=_PERSON[purpose]).digest()
    return base64.urlsafe_b64encode(payload + mac).decode("ascii")


def read(key: bytes, purpose: str, token: str) -> int | None:
    """Return the delivery id of a token, None for anything not minted with this key for this purpose."""
    if len(token) != LENGTH or purpose not in PURPOSES:
        return None
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    payload, mac = raw[:ID_BYTES], raw[ID_BYTES:]
    wanted = hashlib.blake2s(payload, digest_size=MAC_BYTES, key=key, person=_PERSON[purpose]).digest()
    return int.from_bytes(payload, "big") if hmac.compare_digest(mac, wanted) else None
