"""Data keys: one company's key for its secrets, wrapped by a master key; made at the first use, rotated, destroyed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lux.kit import crypto
from lux.kit.db.session import dialect_of, tenant_sql
from lux.kit.errors import VaultLocked
from lux.kit.i18n import gettext as _
from lux.vault import records
from lux.vault.keys import MasterKeys
from lux.vault.models import DataKey, VaultKeyCheck

_TRIES: Final = 3  # a key may be retired between finding and locking it


def take_turn(session: Session, company_id: int) -> None:
    """Let one writer of a company's secrets in at a time, on MariaDB; to be called before the first row is written.

    There a look for a key that is not there locks the gap, and a row of the company holds the company's own row, which
    the audit chain wants for itself: two writers who did both would wait for each other.
    """
    if dialect_of(session) == "mysql":
        session.execute(tenant_sql(company_id, "SELECT id FROM company WHERE id = :company_id FOR UPDATE"))


def for_sealing(session: Session, master: MasterKeys, company_id: int) -> tuple[str, bytes]:
    """Return the id and the key that seals what is new, made at the first use.

    The key's row stays locked until the caller's transaction ends: a rotation waits for it before it deletes an
    earlier key, so that nothing is ever sealed by a key that is gone.
    """
    look = _living(company_id).where(DataKey.retired_at.is_(None)).order_by(DataKey.id.desc()).limit(1)
    for _try in range(_TRIES):
        found = session.scalars(look.with_for_update(read=True)).one_or_none()
        if found is not None:
            return found.dek_id, unwrap(master, found)
        try:
            with session.begin_nested():
                made, key = make(session, master, company_id)
        except IntegrityError:  # another session was first: its key counts
            continue
        return made.dek_id, key
    raise VaultLocked(_("The vault's keys are being changed just now."), fix=_("Try again in a moment."))


def make(session: Session, master: MasterKeys, company_id: int) -> tuple[DataKey, bytes]:
    """Make a new data key under an id that this company never had; raises VaultLocked during a change of master keys.

    The check of the wrapping master key stays locked until the transaction ends: a rotation of master keys waits for
    it before it forgets that key.
    """
    check = select(VaultKeyCheck.id).where(VaultKeyCheck.key_id == master.active_id).with_for_update(read=True)
    if session.scalar(check) is None:
        raise VaultLocked(_("The vault's keys are being changed just now."), fix=_("Try again in a moment."))
    dek_id, key = f"d{_number(session, company_id) + 1}", os.urandom(crypto.KEY_BYTES)
    row = DataKey(
        company_id=company_id, dek_id=dek_id, key_id=master.active_id, wrapped=wrap(master, company_id, dek_id, key)
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row, key


def living(session: Session, company_id: int) -> Sequence[DataKey]:
    """Return a company's keys that were not destroyed, the oldest first."""
    return session.scalars(_living(company_id).order_by(DataKey.id)).all()


def wrap(master: MasterKeys, company_id: int, dek_id: str, key: bytes) -> str:
    """Return a data key sealed by the active master key."""
    bound_to: Sequence[str | int] = ["lux-dek", 1, company_id, dek_id, master.active_id]
    return records.seal(master.by_id[master.active_id], key, bound_to, head=(records.VERSION, master.active_id))


def unwrap(master: MasterKeys, row: DataKey) -> bytes:
    """Return a data key; raises VaultLocked when its master key is not there, InvalidTag when it was changed."""
    key = master.by_id.get(row.key_id)
    if key is None:
        raise VaultLocked(
            _(
                "The vault is locked for this company: its master key %(key)s is missing.",
                key=row.key_id,
            ),
            fix=_("Add the older key to LUX_MASTER_KEYS or to the key file again."),
        )
    return records.unseal(key, row.wrapped, ["lux-dek", 1, row.company_id, row.dek_id, row.key_id])


def _living(company_id: int) -> Select[DataKey]:
    return select(DataKey).where(DataKey.company_id == company_id, DataKey.destroyed_at.is_(None))


def _number(session: Session, company_id: int) -> int:
    """Return the highest number a key of this company ever had; destroyed keys keep their row and with it their id."""
    query = select(DataKey.dek_id).where(DataKey.company_id == company_id)
    if dialect_of(session) == "mysql":  # a snapshot may be older than another session's key; a lock reads the latest
        query = query.with_for_update()
    return max((int(name[1:]) for name in session.scalars(query) if name[1:].isdecimal()), default=0)
