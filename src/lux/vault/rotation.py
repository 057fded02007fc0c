"""Changing the master key: data keys are wrapped anew, secrets stay as they are; it can be broken off and resumed."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lux.kit import crypto
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.vault import keys
from lux.vault.keys import MasterKeys
from lux.vault.models import DataKey, VaultKeyCheck
from lux.vault.secrets import unwrap, wrap

if TYPE_CHECKING:
    from lux.kit.settings import Settings

CHUNK: Final = 100  # data keys per transaction


def rotate_master(settings: Settings, db: Database) -> list[str]:
    """Put a new master key in the place of the present one; returns notes for the console.

    With a key file the new key is made here. With LUX_MASTER_KEYS the operator has put it in front already; raises
    WrongState when there is none. Raises VaultLocked when the present key does not fit.
    """
    with db.read(ALL_COMPANIES) as session:
        present = keys.fitting_keys(settings, session)
        has_begun = len(keys.read_keys(settings)) > 1
    is_file = not settings.master_keys.get_secret_value()
    if is_file and not has_begun:
        _add_to_file(settings, present)
    newest = next(iter(keys.read_keys(settings)))
    if not is_file and newest == present.active_id and not has_begun:
        raise WrongState(
            _("There is no new key."),
            fix=_("Put it in front: LUX_MASTER_KEYS=k2:<new key>,k1:<present key>."),
        )
    count = _wrap_all(settings, db, newest)
    notes = [_("%(count)s data keys are wrapped by %(key)s now.", count=count, key=newest)]
    if is_file:
        _write_file(settings, {newest: keys.read_keys(settings)[newest]})
        notes.append(
            _("Keep a copy of %(path)s; the earlier key opens nothing any more.", path=keys.key_file(settings))
        )
    else:
        notes.append(_("Remove the earlier keys from LUX_MASTER_KEYS; they open nothing any more."))
    return notes


def _wrap_all(settings: Settings, db: Database, newest: str) -> int:
    """Wrap every data key by the newest master key, some at a time, then forget the checks of older ones."""
    with db.begin(ALL_COMPANIES) as session:
        if session.scalar(select(VaultKeyCheck.id).where(VaultKeyCheck.key_id == newest)) is None:
            keys.add_check(session, newest, keys.read_keys(settings)[newest])
    total = 0
    while count := _wrap_some(settings, db, newest):
        total += count
    with db.begin(ALL_COMPANIES) as session:
        session.execute(delete(VaultKeyCheck).where(VaultKeyCheck.key_id != newest))
        _note(session, newest, total)
    return total


def _wrap_some(settings: Settings, db: Database, newest: str) -> int:
    with db.begin(ALL_COMPANIES) as session:
        fitting = keys.fitting_keys(settings, session)
        master = MasterKeys(active_id=newest, by_id=fitting.by_id)
        rows = session.scalars(
            select(DataKey).where(DataKey.key_id != newest).order_by(DataKey.id).limit(CHUNK).with_for_update()
        ).all()
        for row in rows:
            row.wrapped = wrap(master, row.company_id, row.dek_id, unwrap(master, row))
            row.key_id = newest
        return len(rows)


def _add_to_file(settings: Settings, present: MasterKeys) -> None:
    number = max((int(name[1:]) for name in present.by_id if name[1:].isdecimal()), default=0) + 1
    _write_file(settings, {f"k{number}": os.urandom(crypto.KEY_BYTES), **present.by_id})


def _write_file(settings: Settings, found: dict[str, bytes]) -> None:
    """Replace the key file whole or not at all; no data key is wrapped by what is not on the disk."""
    text = ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in found.items())
    crypto.replace_key_file(keys.key_file(settings), f"{text}\n")


def _note(session: Session, newest: str, count: int) -> None:
    audit.append(
        session,
        audit.INSTALLATION,
        actor=audit.Actor(type="operator"),
        action="vault.master_rotated",
        object_type="master_key",
        object_id=newest,
        detail={"data_keys": count},
    )
