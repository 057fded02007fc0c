"""A new data key for a company: every secret is sealed anew, some at a time; it can be broken off and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from sqlalchemy import Select, func, select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.erase import overwrite_deleted, scrub
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.vault import data_keys, keys, records
from lux.vault.models import DataKey, VaultSecret
from lux.vault.rotation import Step, silent
from lux.vault.secrets import SecretDamaged, SecretDestroyed, bound_to, unsealed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings

CHUNK: Final = 200  # secrets per transaction


@dataclass(frozen=True, kw_only=True)
class Rekeying:
    """What a rotation of a company's data key does or would do."""

    company_id: int
    secrets: int  # sealed anew
    is_begun: bool  # an earlier rotation was broken off and goes on


def companies_with_keys(session: Session) -> list[int]:
    """Return the companies that have a data key."""
    query = select(DataKey.company_id).where(DataKey.destroyed_at.is_(None)).distinct()
    return list(session.scalars(query.order_by(DataKey.company_id)))


def plan(session: Session, company_id: int) -> Rekeying | None:
    """Say what `rotate` would do to a company, and change nothing; None when it has no data key."""
    rows = data_keys.living(session, company_id)
    if not rows:
        return None
    is_begun = any(row.retired_at for row in rows)
    wanted = _sealed_otherwise(company_id, rows[-1].dek_id) if is_begun else _secrets(company_id)
    # what destroyed keys have sealed can't be sealed anew
    lost = _destroyed(session, company_id)
    count = sum(records.head_of(record)[2] not in lost for record in session.scalars(
        wanted.with_only_columns(VaultSecret.record).execution_options(yield_per=1000)))  # fmt: skip
    return Rekeying(company_id=company_id, secrets=count, is_begun=is_begun)


def rotate(
    settings: Settings, db: Database, company_id: int, *, actor: audit.Actor, step: Step = silent
) -> Rekeying | None:
    """Give a company a new data key and delete the earlier one; None when it has none yet.

    Broken off at any point, the next call goes on; secrets open all the while. Raises VaultLocked, and WrongState
    that names a secret which does not open: the earlier key stays as long as something is sealed by it.
    """
    newest, is_begun = _begin(settings, db, company_id)
    if newest is None:
        return None
    step("made")
    total = 0
    while True:
        after, bad = 0, ""
        while after >= 0:
            after, count, fault = _seal_some(settings, db, company_id, newest, after)
            total, bad = total + count, bad or fault
            step("sealed")
        if bad:
            raise WrongState(
                _("%(secret)s does not open, so the earlier data key stays.", secret=bad),
                fix=_("Enter it anew or remove it, then rotate again: it goes on where it stands."),
            )
        if _delete_retired(db, company_id, newest, total, actor):
            step("deleted")
            scrub(db, DataKey.__tablename__)
            return Rekeying(company_id=company_id, secrets=total, is_begun=is_begun)


def _begin(settings: Settings, db: Database, company_id: int) -> tuple[str | None, bool]:
    """Make the new key, unless a rotation has begun already; returns its id, None when there is nothing to rotate."""
    with db.begin(ALL_COMPANIES) as session:
        rows = data_keys.living(session, company_id)
        if not rows or any(row.retired_at for row in rows):
            return (rows[-1].dek_id, True) if rows else (None, False)
        master = keys.fitting_keys(settings, session)
        made, _key = data_keys.make(session, master, company_id)
        for row in rows:
            row.retired_at = clock.now()
        return made.dek_id, False


def _seal_some(
    settings: Settings, db: Database, company_id: int, newest: str, after: int
) -> tuple[int, int, str]:  # fmt: skip
    """Seal some secrets anew; returns behind which row it goes on (-1 = nowhere), how many, and one that is damaged."""
    with db.begin(ALL_COMPANIES) as session:
        master, bad, count = keys.fitting_keys(settings, session), "", 0
        key_row = session.scalars(
            select(DataKey).where(DataKey.company_id == company_id, DataKey.dek_id == newest)
        ).one_or_none()  # fmt: skip
        if key_row is None or key_row.destroyed_at is not None:
            raise WrongState(_("The keys of this company were destroyed meanwhile."))
        key = data_keys.unwrap(master, key_row)
        rows = session.scalars(
            _sealed_otherwise(company_id, newest).where(VaultSecret.id > after).order_by(VaultSecret.id)
            .limit(CHUNK).with_for_update()
        ).all()  # fmt: skip
        for row in rows:
            try:
                value = unsealed(session, master, row)
            except SecretDestroyed:
                continue  # sealed by a key that was destroyed on purpose
            except (SecretDamaged, InvalidTag):
                bad = bad or f"{row.integration} / {row.name}"
                continue
            place = bound_to(company_id, row.integration, row.name, row.version)
            row.record = records.seal(key, value.encode(), place, head=(records.VERSION, key_row.key_id, newest))
            count += 1
        return (rows[-1].id if len(rows) == CHUNK else -1), count, bad


def _delete_retired(db: Database, company_id: int, newest: str, total: int, actor: audit.Actor) -> bool:
    """Delete earlier keys once nothing is sealed by them.

    Whoever seals holds a lock on the key it seals with (`data_keys.for_sealing`), so that nothing appears behind our
    back; this waits for them and looks again.
    """
    with db.begin(ALL_COMPANIES) as session:
        overwrite_deleted(session)
        retired = session.scalars(
            select(DataKey).where(DataKey.company_id == company_id, DataKey.retired_at.is_not(None),
                                  DataKey.destroyed_at.is_(None)).with_for_update()
        ).all()  # fmt: skip
        ids = {row.dek_id for row in retired}
        left = session.scalars(
            _sealed_otherwise(company_id, newest).with_only_columns(VaultSecret.record).with_for_update(read=True)
        )  # fmt: skip
        if any(records.head_of(record)[2] in ids for record in left):
            return False
        for row in retired:
            session.delete(row)
        audit.append(
            session, company_id, actor=actor, action="vault.data_key_rotated", object_type="data_key",
            object_id=newest, detail={"secrets": total},
        )  # fmt: skip
    return True


def _secrets(company_id: int) -> Select[VaultSecret]:
    return select(VaultSecret).where(VaultSecret.company_id == company_id)


def _sealed_otherwise(company_id: int, dek_id: str) -> Select[VaultSecret]:
    """Return what is not sealed by a key; its id is the third field of a record, and no other field looks like one."""
    return _secrets(company_id).where(VaultSecret.record.not_like(f"{records.VERSION}|%|{dek_id}|%"))


def _destroyed(session: Session, company_id: int) -> set[str]:
    query = select(DataKey.dek_id).where(DataKey.company_id == company_id, DataKey.destroyed_at.is_not(None))
    return set(session.scalars(query))


def count_secrets(session: Session, company_id: int) -> int:
    """Return how many secrets a company has."""
    return session.scalar(_secrets(company_id).with_only_columns(func.count())) or 0


def count_destroyed(session: Session, company_id: int) -> int:
    """Return how many secrets of a company can't be opened, for their key was destroyed on purpose."""
    lost = _destroyed(session, company_id)
    if not lost:
        return 0
    found = session.scalars(_secrets(company_id).with_only_columns(VaultSecret.record))
    return sum(records.head_of(record)[2] in lost for record in found)
