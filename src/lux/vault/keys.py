"""The master keys: where they come from, whether they fit the database, and making the first one."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lux.kit import crypto
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import VaultLocked
from lux.kit.i18n import gettext as _
from lux.kit.logs import register_secret
from lux.vault import records
from lux.vault.models import DataKey, VaultKeyCheck

if TYPE_CHECKING:
    from pathlib import Path

    from lux.kit.settings import Settings

KNOWN_TEXT: Final = b"lux vault"
_KEY_ID = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, kw_only=True)
class MasterKeys:
    """Master keys that fit the database; the first one wraps what is new."""

    active_id: str
    by_id: dict[str, bytes]

    def __repr__(self) -> str:
        """Name the keys without showing them."""
        return f"MasterKeys({', '.join(self.by_id)})"


def key_file(settings: Settings) -> Path:
    """Return where the master key lives."""
    return settings.home / "keys" / "master.key"


def prepare_keys(settings: Settings, db: Database) -> list[str]:
    """Make what a first start needs, and return notes for the console.

    A master key is made only while the database knows of none: a second one would open nothing.
    """
    notes = []
    if crypto.make_app_key(settings):
        notes.append(_("Made a signing key: %(path)s", path=crypto.app_key_file(settings)))
    with db.read(ALL_COMPANIES) as session:
        is_new = not _checks(session) and session.scalar(select(DataKey.id).limit(1)) is None
    if is_new:
        notes += _first_key(settings, db)
    with db.read(ALL_COMPANIES) as session:
        try:
            fitting_keys(settings, session)
        except VaultLocked as locked:
            notes.append(f"{locked.message} {locked.fix}")
    return notes


def fitting_keys(settings: Settings, session: Session) -> MasterKeys:
    """Return the master keys after trying them; raises VaultLocked with the reason and the fix."""
    keys = read_keys(settings)
    checks = _checks(session)
    if not checks:
        raise VaultLocked(
            _("The vault was never set up, or its key check is gone from the database."),
            fix=_("Start LUX with `lux serve` once; if secrets were stored before, restore the database's backup."),
        )
    fitting = {}
    for key_id, key in keys.items():
        if key_id in checks and not _fits(key_id, key, checks[key_id]):
            raise _wrong_key(settings)
        if key_id in checks:
            fitting[key_id] = key
    if not fitting:
        raise _wrong_key(settings)
    return MasterKeys(active_id=next(iter(fitting)), by_id=fitting)


def add_check(session: Session, key_id: str, key: bytes) -> None:
    """Seal the known text, so that this key is recognised from now on."""
    record = records.seal(key, KNOWN_TEXT, ["lux-key-check", 1, key_id], head=("v1", key_id))
    session.add(VaultKeyCheck(key_id=key_id, record=record))
    session.flush()


def parse_keys(text: str) -> dict[str, bytes]:
    """Read `k2:<base64>,k1:<base64>`, newest first; raises ValueError."""
    found: dict[str, bytes] = {}
    for part in re.split(r"[,\s]+", text.strip()):
        key_id, _colon, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError("a key is not base64") from error
        if not _KEY_ID.fullmatch(key_id) or len(key) != crypto.KEY_BYTES or key_id in found:
            raise ValueError("a key is not `name:base64 of 32 bytes`")
        register_secret(encoded)
        found[key_id] = key
    return found


def _first_key(settings: Settings, db: Database) -> list[str]:
    path = key_file(settings)
    was_made = not settings.master_keys.get_secret_value() and crypto.make_key_file(path, "k1:")
    try:
        keys = read_keys(settings)
        with db.begin(ALL_COMPANIES) as session:
            for key_id, key in keys.items():
                add_check(session, key_id, key)
    except VaultLocked:
        return []  # the caller says why
    except IntegrityError:
        # Another process was first: its key counts, ours was never used.
        if was_made:
            path.unlink(missing_ok=True)
        return []
    if not was_made:
        return []
    return [
        _("Made the vault's key: %(path)s", path=path),
        _("Keep a copy of it somewhere else: without it, stored passwords can't be read by anyone."),
    ]


def read_keys(settings: Settings) -> dict[str, bytes]:
    """Return the master keys at hand, newest first, fitting or not; raises VaultLocked when there is none."""
    given = settings.master_keys.get_secret_value()
    path = key_file(settings)
    try:
        return parse_keys(given or path.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        raise VaultLocked(
            _(
                "The vault is locked: its key %(path)s is missing and LUX_MASTER_KEYS is not set.",
                path=path,
            ),
            fix=_("Put the key file back from your backup. A new key could not open what is stored."),
        ) from error
    except OSError as error:
        raise VaultLocked(
            _("The vault is locked: its key %(path)s can't be read.", path=path),
            fix=_("Make the file readable for the user that runs LUX, and for nobody else."),
        ) from error
    except ValueError as error:
        raise VaultLocked(
            _("The vault is locked: its key is damaged."),
            fix=_("It must read k1: followed by 32 bytes in base64. Restore it from your backup."),
        ) from error


def _checks(session: Session) -> dict[str, str]:
    return {row.key_id: row.record for row in session.scalars(select(VaultKeyCheck))}


def _fits(key_id: str, key: bytes, record: str) -> bool:
    try:
        return records.unseal(key, record, ["lux-key-check", 1, key_id]) == KNOWN_TEXT
    except (InvalidTag, ValueError):
        return False


def _wrong_key(settings: Settings) -> VaultLocked:
    source = "LUX_MASTER_KEYS" if settings.master_keys.get_secret_value() else str(key_file(settings))
    return VaultLocked(
        _(
            "The vault is locked: the key in %(source)s is not the one this database was used with.",
            source=source,
        ),
        fix=_("Put the right key back from your backup. Nothing was changed."),
    )
