"""Changing the master key: data keys are wrapped anew, secrets stay as they are; it can be broken off and resumed."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from lux.kit import crypto
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.vault import keys
from lux.vault.data_keys import unwrap, wrap
from lux.vault.keys import MasterKeys
from lux.vault.models import DataKey, VaultKeyCheck

if TYPE_CHECKING:
    from lux.kit.settings import Settings

CHUNK: Final = 100  # data keys per transaction
Step = Callable[[str], None]  # told the name of each step when it is on the disk


def silent(_name: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a rotation of the master key would do."""

    present: str  # the id of the key that wraps now
    newest: str  # the id of the key that will
    data_keys: int  # to be wrapped anew
    is_begun: bool  # an earlier rotation was broken off and goes on


def plan_master(settings: Settings, db: Database) -> Plan:
    """Say what `rotate_master` would do, and change nothing; raises VaultLocked, WrongState."""
    with db.read(ALL_COMPANIES) as session:
        present = keys.fitting_keys(settings, session)
        names = list(keys.read_keys(settings))
        is_file, is_begun = not settings.master_keys.get_secret_value(), len(names) > 1
        if not is_file and names[0] == present.active_id and not is_begun:
            raise WrongState(
                _("There is no new key."),
                fix=_("Put it in front: LUX_MASTER_KEYS=k2:<new key>,k1:<present key>."),
            )
        newest = names[0] if is_begun or not is_file else _next_name(present)
        wrapped_by = present.active_id if present.active_id != newest else names[-1]
        count = session.scalar(_not_wrapped_by(newest).with_only_columns(func.count())) or 0
        return Plan(present=wrapped_by, newest=newest, data_keys=count, is_begun=is_begun)


def rotate_master(settings: Settings, db: Database, *, step: Step = silent) -> list[str]:
    """Put a new master key in the place of the present one; returns notes for the console.

    With a key file the new key is made here. With LUX_MASTER_KEYS the operator has put it in front already; raises
    WrongState when there is none. Raises VaultLocked when the present key does not fit. Broken off at any point, the
    next call goes on; secrets open all the while.
    """
    plan = plan_master(settings, db)
    is_file = not settings.master_keys.get_secret_value()
    if is_file and not plan.is_begun:
        with db.read(ALL_COMPANIES) as session:
            _add_to_file(settings, keys.fitting_keys(settings, session), plan.newest)
        step("file")
    count = _wrap_all(settings, db, plan.newest, step)
    notes = [_("%(count)s data keys are wrapped by %(key)s now.", count=count, key=plan.newest)]
    if is_file:
        _write_file(settings, {plan.newest: keys.read_keys(settings)[plan.newest]})
        step("cleaned")
        notes.append(
            _("Keep a copy of %(path)s; the earlier key opens nothing any more.", path=keys.key_file(settings))
        )
    else:
        notes.append(_("Remove the earlier keys from LUX_MASTER_KEYS; they open nothing any more."))
    return notes


def _not_wrapped_by(newest: str) -> Select[DataKey]:
    return select(DataKey).where(DataKey.key_id != newest, DataKey.destroyed_at.is_(None))


def _wrap_all(settings: Settings, db: Database, newest: str, step: Step) -> int:
    """Wrap every data key by the newest master key, some at a time, then forget the checks of older ones."""
    with db.begin(ALL_COMPANIES) as session:
        if session.scalar(select(VaultKeyCheck.id).where(VaultKeyCheck.key_id == newest)) is None:
            keys.add_check(session, newest, keys.read_keys(settings)[newest])
    step("check")
    total = 0
    while True:
        while count := _wrap_some(settings, db, newest):
            total += count
            step("wrapped")
        if _forget_others(db, newest, total):
            step("forgotten")
            return total


def _wrap_some(settings: Settings, db: Database, newest: str) -> int:
    with db.begin(ALL_COMPANIES) as session:
        fitting = keys.fitting_keys(settings, session)
        master = MasterKeys(active_id=newest, by_id=fitting.by_id)
        rows = session.scalars(_not_wrapped_by(newest).order_by(DataKey.id).limit(CHUNK).with_for_update()).all()
        for row in rows:
            row.wrapped = wrap(master, row.company_id, row.dek_id, unwrap(master, row))
            row.key_id = newest
        return len(rows)


def _forget_others(db: Database, newest: str, total: int) -> bool:
    """Forget the checks of older keys: nothing is opened or wrapped by them any more.

    Whoever makes a data key holds a lock on the check of the key that wraps it, so that none appears behind our back.
    """
    with db.begin(ALL_COMPANIES) as session:
        others = select(VaultKeyCheck).where(VaultKeyCheck.key_id != newest).with_for_update()
        old = session.scalars(others).all()
        if session.scalar(_not_wrapped_by(newest).limit(1).with_only_columns(DataKey.id)) is not None:
            return False
        for row in old:
            session.delete(row)
        _note(session, newest, total)
    return True


def _next_name(present: MasterKeys) -> str:
    return f"k{max((int(name[1:]) for name in present.by_id if name[1:].isdecimal()), default=0) + 1}"


def _add_to_file(settings: Settings, present: MasterKeys, name: str) -> None:
    _write_file(settings, {name: os.urandom(crypto.KEY_BYTES), **present.by_id})


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
