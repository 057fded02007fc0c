"""Exports of the whole company: asked for by an owner who types its name, kept for three days, taken under a note."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from lux.identity import companies, kept_files
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, jobs
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
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
    entry = kept_files.begin(context, CompanyExport, export_id)
    if entry is None:
        return

    def fill(target: BinaryIO) -> int:
        return leaving.write(context.db, entry.company_id, store, target, partial(kept_files.tell, context)).rows

    def ended(session: Session, entry: CompanyExport) -> None:
        telling.export_ended(session, entry, error=entry.error)
        if entry.state == "done":
            detail = {"rows": entry.rows, "bytes": entry.file_size}
            about = ("company_export", entry.public_id)
            note(session, entry.company_id, entry.created_by, "company.exported", about=about, detail=detail)

    kept_files.write(context, store, entry, fill, kept=KEPT, ended=ended)


def download(session: Session, store: FileStore, public_id: uuid.UUID, person: Person) -> tuple[str, Iterator[bytes]]:
    """Note who takes the file and return its name and its blocks; raises NotFound when it has expired."""
    person.require(Right.OWN)
    entry = queries.export_by_public_id(session, public_id)
    gone = _("This file is gone: exports of a company are kept for %(days)s days.", days=KEPT.days)
    blocks = kept_files.blocks(store, entry, gone=gone)
    detail = {"rows": entry.rows, "bytes": entry.file_size}
    note(session, company_of(session), person, "company.export_downloaded", about=("company_export", public_id),
         detail=detail)  # fmt: skip
    return entry.file_name, blocks
