"""Copies of the company's audit log: an owner asks, a job writes, the file is kept for days; each act is noted."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, select, update

from lux.identity import companies
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobCancelled, JobInterrupted
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
UNFINISHED: Final = ("queued", "running")
_BLOCK: Final = 2**18


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
    entry = _begin(context, export_id)
    if entry is None:
        return
    rounds.sign(context.db, context.settings, context.check_cancelled)
    zone = dt.UTC
    since = dt.datetime.combine(entry.since, dt.time(), tzinfo=zone) if entry.since else None
    try:
        with context.db.read(ALL_COMPANIES) as session, store.open_write(entry.file_key) as target:
            rows = copies.write_zip(
                session, context.settings, [entry.company_id], target, since=since, tell=_teller(context)
            )
    except JobCancelled:
        _end(context, entry, state="failed", error=_("The export was cancelled."))
        raise
    except JobInterrupted:
        raise
    except Exception:
        if context.is_last_attempt:
            _end(context, entry, state="failed", error=_("The export stopped because of an error in LUX."))
        raise
    now, size = clock.now(), store.size(entry.file_key)
    if not _end(context, entry, state="done", rows=rows, file_size=size, finished_at=now, expires_at=now + KEPT):
        store.delete(entry.file_key)


def download(session: Session, store: FileStore, public_id: uuid.UUID, person: Person) -> tuple[str, Iterator[bytes]]:
    """Note who takes the file and return its name and its blocks; raises NotFound when it has expired."""
    person.require(Right.OWN)
    entry = session.scalar(select(AuditExport).where(AuditExport.public_id == public_id))
    if entry is None:
        raise NotFound
    is_over = entry.expires_at is None or entry.expires_at <= clock.now()
    if entry.state != "done" or is_over or not store.exists(entry.file_key):
        raise NotFound(
            _("This file is gone: copies of the audit log are kept for %(days)s days.", days=KEPT.days),
            fix=_("Export again."),
        )
    about = ("audit_export", public_id)
    note(session, company_of(session), person, "audit.export_downloaded", about=about, detail={"rows": entry.rows})
    return entry.file_name, _blocks(store, entry.file_key)


def tidy(context: JobContext, store: FileStore) -> None:
    """Remove files that have had their time; running again changes nothing."""
    with context.db.begin(ALL_COMPANIES) as session:
        over = select(AuditExport).where(AuditExport.state == "done", AuditExport.expires_at <= clock.now())
        for entry in session.scalars(over).all():
            store.delete(entry.file_key)
            entry.state = "expired"


def _blocks(store: FileStore, key: str) -> Iterator[bytes]:
    with store.open_read(key) as stream:
        while block := stream.read(_BLOCK):
            yield block


def _teller(context: JobContext) -> Callable[[int], None]:
    def tell(done: int) -> None:
        context.check_cancelled()
        context.progress(done)

    return tell


def _begin(context: JobContext, export_id: int) -> AuditExport | None:
    with context.db.begin(context.company_id) as session:
        entry = session.get(AuditExport, export_id, with_for_update=True)
        is_again = entry is not None and entry.state == "failed" and entry.job_id == context.job_id
        if entry is None or not (entry.state in UNFINISHED or is_again):
            return None
        if entry.state == "queued":
            about = ("audit_export", entry.public_id)
            note(session, entry.company_id, entry.created_by, "audit.exported", about=about)
        entry.state, entry.error, entry.finished_at = "running", "", None
        return entry


def _end(context: JobContext, entry: AuditExport, **values: Any) -> bool:  # noqa: ANN401 - columns of the export
    with context.db.begin(context.company_id) as session:
        result = session.execute(
            update(AuditExport)
            .where(AuditExport.id == entry.id, AuditExport.state == "running")
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return cast("CursorResult[Any]", result).rowcount == 1
