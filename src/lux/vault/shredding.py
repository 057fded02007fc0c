"""Crypto-shredding: a company's data keys are destroyed, and with them every secret it has stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.erase import overwrite_deleted, scrub
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.vault import rekeying
from lux.vault.models import DataKey

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class Shredded:
    """What was destroyed."""

    data_keys: int
    secrets: int  # that nobody can open any more


def shred(db: Database, company_id: int, *, actor: audit.Actor) -> Shredded:
    """Destroy a company's data keys; its stored secrets can't be opened any more by anybody. It needs no master key.

    Raises WrongState when there is nothing to destroy. Backups that were made before still hold the keys, wrapped by
    the master key: they have to be removed, too.
    """
    with db.begin(ALL_COMPANIES) as session:
        overwrite_deleted(session)
        rows = session.scalars(
            select(DataKey).where(DataKey.company_id == company_id, DataKey.destroyed_at.is_(None)).with_for_update()
        ).all()  # fmt: skip
        if not rows:
            raise WrongState(_("This company has no data key: there is nothing to destroy."))
        secrets = rekeying.count_secrets(session, company_id)
        for row in rows:
            row.wrapped, row.destroyed_at = "", clock.now()
        audit.append(
            session, company_id, actor=actor, action="vault.shredded", object_type="company",
            object_id=str(company_id), detail={"data_keys": len(rows), "secrets": secrets},
        )  # fmt: skip
    scrub(db, DataKey.__tablename__)
    return Shredded(data_keys=len(rows), secrets=secrets)


def shredded_at(session: Session, company_id: int) -> dt.datetime | None:
    """Return when a company's keys were destroyed last; None = never."""
    query = select(DataKey.destroyed_at).where(DataKey.company_id == company_id, DataKey.destroyed_at.is_not(None))
    return session.scalars(query.order_by(DataKey.destroyed_at.desc()).limit(1)).one_or_none()
