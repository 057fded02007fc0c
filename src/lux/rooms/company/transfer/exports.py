"""Exports of the whole company: asked for by an owner who types its name, kept for three days, taken under a note."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, update

from lux.identity import companies
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, jobs
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobCancelled, JobInterrupted
from lux.rooms.company import queries
from lux.rooms.company.models import CompanyExport
from lux.rooms.company.transfer import leaving, telling
from lux.ui import confirmation

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

JOB: Final = "company.export"
KEPT: Final = timedelta(days=3)
FOLDER: Final = "company-exports"
_BLOCK: Final = 2**18


def request(session: Session, person: Person, *, typed_name: str) -> CompanyExport:
    """Put an export into the queue after the company's name was typed; raises InvalidInput, Forbidden."""
    person.require(Right.OWN)
    company = companies.current(session)
    confirmation.require(typed_name, company.name)
    public_id = uuid7()
    entry = CompanyExport(
        public_id=public_id,
        file_key=f"{FOLDER}/{public_id}.zip",
        file_name=file_name_of(company.slug),
        created_by=person.user_id,
    )
    session.add(entry)
    session.flush()
    entry.job_id = jobs.enqueue(
        session, JOB, {"export_id": entry.id}, company_id=company.id, key=f"company.export:{company.id}",
        dedup_key=str(entry.id),
    )  # fmt: skip
    note(session, company.id, person, "company.export_requested", about=("company_export", public_id))
    session.flush()
    return entry


def file_name_of(slug: str) -> str:
    """Return the name of a file with a company made now."""
    return f"{slug}-{clock.now():%Y-%m-%d}.lux.zip"


def run(context: JobContext, store: FileStore, export_id: int) -> None:
    """Write the file; it appears whole or not at all, so running again begins anew."""
    entry = _begin(context, export_id)
    if entry is None:
        return
    try:
        with store.open_write(entry.file_key) as target:
            manifest = leaving.write(context.db, entry.company_id, store, target, _teller(context))
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
    is_kept = _end(
        context, entry, state="done", rows=manifest.rows, file_size=size, finished_at=now, expires_at=now + KEPT
    )  # fmt: skip
    if not is_kept:
        store.delete(entry.file_key)


def download(session: Session, store: FileStore, public_id: uuid.UUID, person: Person) -> tuple[str, Iterator[bytes]]:
    """Note who takes the file and return its name and its blocks; raises NotFound when it has expired."""
    person.require(Right.OWN)
    entry = queries.export_by_public_id(session, public_id)
    is_over = entry.expires_at is None or entry.expires_at <= clock.now()
    if entry.state != "done" or is_over or not store.exists(entry.file_key):
        raise NotFound(
            _("This file is gone: exports of a company are kept for %(days)s days.", days=KEPT.days),
            fix=_("Export again."),
        )
    detail = {"rows": entry.rows, "bytes": entry.file_size}
    note(session, company_of(session), person, "company.export_downloaded", about=("company_export", public_id),
         detail=detail)  # fmt: skip
    return entry.file_name, _blocks(store, entry.file_key)


def _blocks(store: FileStore, key: str) -> Iterator[bytes]:
    with store.open_read(key) as stream:
        while block := stream.read(_BLOCK):
            yield block


def _teller(context: JobContext) -> leaving.Tell:
    def tell(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(done, total)

    return tell


def _begin(context: JobContext, export_id: int) -> CompanyExport | None:
    with context.db.begin(context.company_id) as session:
        entry = session.get(CompanyExport, export_id, with_for_update=True)
        is_again = entry is not None and entry.state == "failed" and entry.job_id == context.job_id
        if entry is None or not (entry.state in queries.UNFINISHED or is_again):
            return None
        entry.state, entry.error, entry.finished_at = "running", "", None
        return entry


def _end(context: JobContext, entry: CompanyExport, **values: Any) -> bool:  # noqa: ANN401 - columns of the export
    with context.db.begin(context.company_id) as session:
        result = session.execute(
            update(CompanyExport)
            .where(CompanyExport.id == entry.id, CompanyExport.state == "running")
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        is_ours = cast("CursorResult[Any]", result).rowcount == 1
        if is_ours:
            telling.export_ended(session, entry, error=str(values.get("error", "")))
        if is_ours and values["state"] == "done":
            detail = {"rows": values["rows"], "bytes": values["file_size"]}
            about = ("company_export", entry.public_id)
            note(session, entry.company_id, entry.created_by, "company.exported", about=about, detail=detail)
        return is_ours
