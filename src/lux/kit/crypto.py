"""Keys of the installation, sealed records and one-way hashes."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Callable

    from lux.kit.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12


def random_token(size: int = 32) -> str:
    """Return an unguessable URL-safe token of `size` random bytes."""
    return secrets.token_urlsafe(size)


def token_hash(token: str) -> str:
    """Return the hex SHA-256 under which a random token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def derive(secret: bytes, purpose: str, size: int = KEY_BYTES) -> bytes:
    """Derive a key for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=None, info=purpose.encode()).derive(secret)


def seal(key: bytes, plain: bytes, associated: bytes) -> bytes:
    """Encrypt with AES-256-GCM under a fresh nonce; returns nonce + ciphertext."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, associated)


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Decrypt what `seal` made; raises cryptography.exceptions.InvalidTag when anything was changed."""
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)


def app_secret(settings: Settings) -> bytes:
    """Return the installation's signing secret: LUX_SECRET_KEY, else the key file; raises FileNotFoundError."""
    text = settings.secret_key.get_secret_value()
    if text:
        return hashlib.sha256(text.encode()).digest()
    return base64.b64decode(app_key_file(settings).read_text().strip())


def app_key_file(settings: Settings) -> Path:
    """Return where the signing secret lives."""
    return settings.home / "keys" / "app.key"


def make_app_key(settings: Settings) -> bool:
    """Make the signing key file once; says whether it was made now."""
    return not settings.secret_key.get_secret_value() and make_key_file(app_key_file(settings), "")


def make_key_file(path: Path, prefix: str) -> bool:
    """Write a new random key readable by its owner only, unless there is one; says whether it was made now."""
    if path.exists():
        return False
    text = prefix + base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n"
    return _place(path, text, os.link)  # a link is made or not made, and never over what is there


def replace_key_file(path: Path, text: str) -> None:
    """Put other keys into a key file, whole or not at all; they are on the disk when this returns."""
    _place(path, text, os.replace)


def _place(path: Path, text: str, move: Callable[[Path, Path], None]) -> bool:
    """Write beside the path, then give the file its name: a crash leaves the earlier state or the new one.

    Says whether it has the name now; a link is refused where there is a file already.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        move(unfinished, path)
    except FileExistsError:
        return False
    finally:
        unfinished.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)
    return True


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk: a file's own fsync does not hold its name (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
