"""What is asked of backups and of the vault's keys; all of it belongs to the installation."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.identity.models import Company
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.jobs import Job
from lux.rooms.safekeeping.models import Backup, BackupState
from lux.vault.models import DataKey, VaultKeyCheck, VaultSecret

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session

SHOWN: Final = 50
UNFINISHED: Final = (BackupState.QUEUED, BackupState.RUNNING)


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """A company's secrets and the keys that seal them."""

    company: Company
    secrets: int
    made_at: dt.datetime | None  # of the data key that seals what is new; None = it has none
    is_rotating: bool  # an earlier key still opens something
    destroyed_at: dt.datetime | None  # when keys were destroyed last


def backups(session: Session) -> Sequence[Backup]:
    """Return the latest backups, the newest first."""
    return session.scalars(select(Backup).order_by(Backup.id.desc()).limit(SHOWN)).all()


def backup(session: Session, public_id: uuid.UUID) -> Backup:
    """Return one backup; raises NotFound."""
    found = session.scalars(select(Backup).where(Backup.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound(_("This backup does not exist (any more)."))
    return found


def unfinished(session: Session) -> Sequence[Backup]:
    """Return backups that wait or run."""
    return session.scalars(select(Backup).where(Backup.state.in_(UNFINISHED)).order_by(Backup.id)).all()


def kept(session: Session) -> Sequence[Backup]:
    """Return backups whose file is there, the newest first."""
    return session.scalars(select(Backup).where(Backup.state == BackupState.DONE).order_by(Backup.id.desc())).all()


def last(session: Session, *states: BackupState) -> Backup | None:
    """Return the newest backup in one of these states, of all without any."""
    query = select(Backup).order_by(Backup.id.desc()).limit(1)
    return session.scalars(query.where(Backup.state.in_(states)) if states else query).one_or_none()


def progress_of(session: Session, rows: Sequence[Backup]) -> dict[int, tuple[int, int | None]]:
    """Return job id → (done, total)."""
    ids = [row.job_id for row in rows if row.job_id]
    query = select(Job.id, Job.progress_done, Job.progress_total).where(Job.id.in_(ids))
    return {row.id: (row.progress_done or 0, row.progress_total) for row in session.execute(query)}


def rings(session: Session) -> list[KeyRing]:
    """Return the keys of every company, by name."""
    counts = {
        row[0]: row[1]
        for row in session.execute(select(VaultSecret.company_id, func.count()).group_by(VaultSecret.company_id))
    }
    keys: dict[int, list[DataKey]] = {}
    for key in session.scalars(select(DataKey).order_by(DataKey.id)):
        keys.setdefault(key.company_id, []).append(key)
    return [
        _ring(company, keys.get(company.id, []), counts.get(company.id, 0))
        for company in session.scalars(select(Company).order_by(Company.name))
    ]


def _ring(company: Company, keys: Sequence[DataKey], secrets: int) -> KeyRing:
    living = [key for key in keys if key.destroyed_at is None]
    return KeyRing(
        company=company,
        secrets=secrets,
        made_at=living[-1].created_at if living else None,
        is_rotating=any(key.retired_at for key in living),
        destroyed_at=max((key.destroyed_at for key in keys if key.destroyed_at), default=None),
    )


def company_by_public_id(session: Session, public_id: uuid.UUID) -> Company:
    """Return a company; raises NotFound."""
    found = session.scalars(select(Company).where(Company.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound(_("This company does not exist (any more)."))
    return found


def master_keys(session: Session) -> Sequence[VaultKeyCheck]:
    """Return the master keys that the database knows, the oldest first."""
    return session.scalars(select(VaultKeyCheck).order_by(VaultKeyCheck.id)).all()
