"""Copies of the company's audit log: an owner asks, a job writes, the file is kept for days; each act is noted."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from sqlalchemy import select

from lux.identity import companies, kept_files
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.audit import copies, rounds
from lux.rooms.approvals.models import AuditExport

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

JOB: Final = "approvals.export_audit"
KEPT: Final = dt.timedelta(days=3)
FOLDER: Final = "audit-exports"
SHOWN: Final = 5


def request(session: Session, person: Person, *, since: dt.date | None) -> AuditExport:
    """Put an export into the queue; raises Forbidden for anybody but an owner."""
    person.require(Right.OWN)
    company, public_id = companies.current(session), uuid7()
    entry = AuditExport(
        public_id=public_id, since=since, file_key=f"{FOLDER}/{public_id}.zip", created_by=person.user_id,
        file_name=f"{company.slug}-audit-{clock.now():%Y-%m-%d}.zip",
    )  # fmt: skip
    session.add(entry)
    session.flush()
    entry.job_id = jobs.enqueue(session, JOB, {"export_id": entry.id}, company_id=company.id, dedup_key=str(entry.id))
    detail = {"since": since.isoformat() if since else None}
    note(session, company.id, person, "audit.export_requested", about=("audit_export", public_id), detail=detail)
    session.flush()
    return entry


def latest(session: Session) -> Sequence[AuditExport]:
    """Return the company's latest exports, newest first."""
    return session.scalars(select(AuditExport).order_by(AuditExport.id.desc()).limit(SHOWN)).all()


def run(context: JobContext, store: FileStore, export_id: int) -> None:
    """Write the file; it appears whole or not at all, so running again begins anew."""

    def begun(session: Session, entry: AuditExport) -> None:
        note(session, entry.company_id, entry.created_by, "audit.exported", about=("audit_export", entry.public_id))

    entry = kept_files.begin(context, AuditExport, export_id, begun)
    if entry is None:
        return

    def fill(target: BinaryIO) -> int:
        since = dt.datetime.combine(entry.since, dt.time(), tzinfo=dt.UTC) if entry.since else None
        tell = partial(kept_files.tell, context)
        with context.db.read(ALL_COMPANIES) as session:
            return copies.write_zip(session, context.settings, [entry.company_id], target, since=since, tell=tell)

    rounds.sign(context.db, context.settings, context.check_cancelled)
    kept_files.write(context, store, entry, fill, kept=KEPT)


def download(session: Session, store: FileStore, public_id: uuid.UUID, person: Person) -> tuple[str, Iterator[bytes]]:
    """Note who takes the file and return its name and its blocks; raises NotFound when it has expired."""
    person.require(Right.OWN)
    entry = session.scalar(select(AuditExport).where(AuditExport.public_id == public_id))
    if entry is None:
        raise NotFound
    gone = _("This file is gone: copies of the audit log are kept for %(days)s days.", days=KEPT.days)
    blocks = kept_files.blocks(store, entry, gone=gone)
    about = ("audit_export", public_id)
    note(session, company_of(session), person, "audit.export_downloaded", about=about, detail={"rows": entry.rows})
    return entry.file_name, blocks


def tidy(context: JobContext, store: FileStore) -> None:
    """Remove files that have had their time; running again changes nothing."""
    with context.db.begin(ALL_COMPANIES) as session:
        over = select(AuditExport).where(AuditExport.state == "done", AuditExport.expires_at <= clock.now())
        for entry in session.scalars(over).all():
            store.delete(entry.file_key)
            entry.state = "expired"
