"""Walks through all secrets and opens each where it stands: which one does not, and why; the result is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import VaultLocked
from lux.vault import data_keys, keys
from lux.vault.models import DataKey, VaultCheck, VaultSecret
from lux.vault.secrets import SecretDamaged, SecretDestroyed, unsealed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings
    from lux.vault.keys import MasterKeys

CHUNK: Final = 500
MOST_NAMED: Final = 20


@dataclass(kw_only=True)
class Report:
    """What a walk found."""

    secrets: int = 0  # looked at
    data_keys: int = 0
    destroyed: int = 0  # secrets whose key was destroyed on purpose
    faults: int = 0
    named: list[str] = field(default_factory=list)  # the first ones, as "company 3: smtp:… / password: …"

    @property
    def is_whole(self) -> bool:
        """Say whether everything opens that should."""
        return not self.faults

    def _fault(self, text: str) -> None:
        self.faults += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(text)


def verify(settings: Settings, session: Session, company_id: int | None = None) -> Report:
    """Open every data key and every secret of one company, or of all; raises VaultLocked.

    The session may see all companies (ALL_COMPANIES). Values are forgotten as soon as they opened.
    """
    master, report = keys.fitting_keys(settings, session), Report()
    living = select(DataKey).where(DataKey.destroyed_at.is_(None)).order_by(DataKey.id)
    if company_id is not None:
        living = living.where(DataKey.company_id == company_id)
    for key_row in session.scalars(living):
        report.data_keys += 1
        try:
            data_keys.unwrap(master, key_row)
        except (InvalidTag, ValueError, VaultLocked):
            report._fault(f"company {key_row.company_id}: data key {key_row.dek_id}")  # noqa: SLF001 - of this module
    after = 0
    while rows := _some(session, company_id, after):
        for row in rows:
            _look(session, master, row, report)
        after = rows[-1].id
        session.expunge_all()
    return report


def verify_and_keep(settings: Settings, db: Database) -> Report:
    """Verify all companies and keep the result for the page and for health; raises VaultLocked."""
    with db.read(ALL_COMPANIES) as session:
        report = verify(settings, session)
    with db.begin(ALL_COMPANIES) as session:
        session.execute(delete(VaultCheck))
        session.add(
            VaultCheck(
                at=clock.now(),
                secrets=report.secrets, destroyed=report.destroyed, faults=report.faults,
                first_fault=report.named[0] if report.named else "",
            )
        )  # fmt: skip
    return report


def last(session: Session) -> VaultCheck | None:
    """Return what the last walk found."""
    return session.scalars(select(VaultCheck).order_by(VaultCheck.id.desc()).limit(1)).one_or_none()


def _some(session: Session, company_id: int | None, after: int) -> list[VaultSecret]:
    query = select(VaultSecret).where(VaultSecret.id > after).order_by(VaultSecret.id).limit(CHUNK)
    if company_id is not None:
        query = query.where(VaultSecret.company_id == company_id)
    return list(session.scalars(query))


def _look(session: Session, master: MasterKeys, row: VaultSecret, report: Report) -> None:
    report.secrets += 1
    name = f"company {row.company_id}: {row.integration} / {row.name}"
    try:
        unsealed(session, master, row)
    except SecretDestroyed:
        report.destroyed += 1
    except SecretDamaged:
        report._fault(name)  # noqa: SLF001 - of this module
    except VaultLocked as locked:
        report._fault(f"{name}: {locked.message}")  # noqa: SLF001 - of this module
