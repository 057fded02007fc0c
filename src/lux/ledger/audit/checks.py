"""Verifying a chain against itself and against every checkpoint at hand, and what the last verification found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ledger.audit import chain, checkpoints, keys
from lux.ledger.audit.checkpoints import Checkpoint
from lux.ledger.models import AuditCheck

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings

HOLDS, BROKEN, UNKNOWN = "holds", "broken", "unknown"
NO_KEY: Final = "the rows hold, but the key that signs checkpoints is missing: signatures were not checked"
UNSIGNED: Final = "a checkpoint there is not signed with this installation's key"
MISSING: Final = "rows are missing at the end: a checkpoint has it"
SHRUNK: Final = "rows are missing at the end: the last verification still saw them"


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a verification of one chain found."""

    company_id: int
    state: str  # holds | broken | unknown (the key of the checkpoints is missing)
    at: datetime
    rows: int  # that hold
    seq: int | None = None  # the first that does not
    reason: str = ""
    checkpoints: int = 0  # that were compared

    @property
    def holds(self) -> bool:
        """Say whether nothing was found."""
        return self.state == HOLDS


def verify_all(db: Database, settings: Settings, company_id: int, given: Iterable[Checkpoint] = ()) -> Check:
    """Walk one chain and compare it with the checkpoints of table and file, and with those `given` from outside.

    What rows are compared with is read before they are: a chain that grows meanwhile is longer than it has to be.
    """
    outside = [*checkpoints.read_file(checkpoints.file_of(settings, company_id)), *given]
    with db.read(ALL_COMPANIES) as session:
        return verify_with(session, company_id, outside, keys.public_keys(settings))


def verify_with(session: Session, company_id: int, outside: Iterable[Checkpoint], known: Sequence[str]) -> Check:
    """Walk one chain and compare it with the checkpoints of its table and those from `outside`.

    `known` = the public keys that may have signed them; without one, signatures are not looked at.
    """
    before = last_check(session, company_id)
    signed = dict.fromkeys([*checkpoints.stored(session, company_id), *outside])
    own = [one for one in signed if one.company == company_id]
    return _compared(session, company_id, own, list(known), before.rows if before else 0)


def _compared(session: Session, company_id: int, own: Sequence[Checkpoint], known: Sequence[str], least: int) -> Check:
    wanted: dict[int, set[bytes]] = {}
    for one in own:
        wanted.setdefault(one.seq, set()).add(one.hash)
    count, fault = chain.verify(session, company_id, wanted)
    foreign = min((one.seq for one in own if known and not one.is_signed_by(known)), default=None)
    last = max(wanted, default=0)
    seq, reason = (fault.seq, fault.reason) if fault else (None, "")
    if seq is None and last > count:
        seq, reason = count + 1, MISSING
    if seq is None and least > count:
        seq, reason = count + 1, SHRUNK
    if foreign is not None and (seq is None or foreign < seq):
        seq, reason = foreign, UNSIGNED
    state = BROKEN if seq is not None else UNKNOWN if own and not known else HOLDS
    reason = NO_KEY if state == UNKNOWN else reason
    return Check(
        company_id=company_id, state=state, at=clock.now(), rows=count, seq=seq, reason=reason, checkpoints=len(own)
    )


def keep(session: Session, found: Check) -> None:
    """Store what a verification found, in place of what the one before did."""
    row = session.get(AuditCheck, found.company_id, with_for_update=True)
    if row is None:
        row = AuditCheck(company_id=found.company_id)
        session.add(row)
    row.state, row.at, row.seq, row.reason = found.state, found.at, found.seq, found.reason
    # A chain that has shrunk goes on being found: what it was is not forgotten with the first alarm.
    row.rows = found.rows if found.holds else max(row.rows or 0, found.rows)
    row.checkpoints = found.checkpoints
    session.flush()


def last_check(session: Session, company_id: int) -> Check | None:
    """Return what the last verification of a chain found, None before the first (company 0 = the installation)."""
    row = session.get(AuditCheck, company_id)
    return None if row is None else _check(row)


def broken(session: Session) -> list[Check]:
    """Return the chains of which the last verification said that they do not hold."""
    return [_check(row) for row in session.scalars(select(AuditCheck).where(AuditCheck.state == BROKEN))]


def _check(row: AuditCheck) -> Check:
    return Check(
        company_id=row.company_id, state=row.state, at=row.at, rows=row.rows, seq=row.seq, reason=row.reason,
        checkpoints=row.checkpoints,
    )  # fmt: skip


def all_chains(session: Session, settings: Settings) -> Sequence[int]:
    """Return every chain that has rows, or had some once: an emptied table leaves checkpoints behind."""
    found = {*chain.chains(session), *checkpoints.companies(session), *checkpoints.kept_files(settings)}
    return sorted(found | set(session.scalars(select(AuditCheck.company_id))))
