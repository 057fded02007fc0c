"""Removes what has had its time: expired exports, uploaded files, reports of old imports, files nobody knows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import delete, select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.rooms.contacts.models import ContactExport, ContactImport, ImportedContact, ImportRejection
from lux.rooms.contacts.queries import tables

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

UPLOADS_KEPT: Final = timedelta(days=7)  # a file that was never imported
REPORTS_KEPT: Final = timedelta(days=30)  # refused rows, and the file of an import that did not end well
_STRAY_AFTER: Final = timedelta(days=1)  # an upload may be under way


def clean_up(context: JobContext, store: FileStore) -> None:
    """Go through all companies; running twice does no harm."""
    now = clock.now()
    with context.db.begin(ALL_COMPANIES) as session:
        _settle(session, now)
    context.check_cancelled()
    with context.db.begin(ALL_COMPANIES) as session:
        _expire_exports(session, store, now)
        _drop_uploads(session, store, now)
    context.check_cancelled()
    with context.db.begin(ALL_COMPANIES) as session:
        _drop_reports(session, store, now)
    with context.db.read(ALL_COMPANIES) as session:
        _drop_strays(session, store, now)


def _settle(session: Session, now: datetime) -> None:
    """End imports and exports whose job has ended without them: it was cancelled or given up from the jobs page."""
    for model in (ContactImport, ContactExport):
        is_open = (model.state.in_(tables.UNFINISHED), model.job_id.is_not(None))
        orphans = select(model).where(*is_open, ~tables.has_live_job(model))
        for entry in cast("Iterable[ContactImport | ContactExport]", session.scalars(orphans)):
            state, error = tables.state_of(session, entry)
            entry.state, entry.error, entry.finished_at = state, error, now


def _expire_exports(session: Session, store: FileStore, now: datetime) -> None:
    query = select(ContactExport).where(ContactExport.state == "done", ContactExport.expires_at <= now)
    for entry in session.scalars(query):
        store.delete(entry.file_key)
        entry.state = "expired"


def _drop_uploads(session: Session, store: FileStore, now: datetime) -> None:
    query = select(ContactImport).where(
        ContactImport.state == "uploaded", ContactImport.created_at <= now - UPLOADS_KEPT
    )
    for entry in session.scalars(query):
        store.delete(entry.file_key)
        session.delete(entry)


def _drop_reports(session: Session, store: FileStore, now: datetime) -> None:
    query = select(ContactImport.id, ContactImport.file_key).where(
        ContactImport.state.in_(("done", "failed", "cancelled")), ContactImport.created_at <= now - REPORTS_KEPT
    )
    old = session.execute(query).all()
    for entry in old:
        if entry.file_key:
            store.delete(entry.file_key)
    ids: Sequence[int] = [entry.id for entry in old]
    for model, column in ((ImportRejection, ImportRejection.import_id), (ImportedContact, ImportedContact.import_id)):
        for start in range(0, len(ids), 500):
            session.execute(
                delete(model).where(column.in_(ids[start : start + 500])).execution_options(synchronize_session=False)
            )


def _drop_strays(session: Session, store: FileStore, now: datetime) -> None:
    """Remove files that no row names: the request that brought them was undone."""
    for folder, model in (("imports", ContactImport), ("exports", ContactExport)):
        for key in store.list(folder):
            made = _made_at(key)
            if made is None or now - made < _STRAY_AFTER:
                continue
            if session.scalar(select(model.id).where(model.file_key == key)) is None:
                store.delete(key)
        store.drop_unfinished(folder, now - _STRAY_AFTER)


def _made_at(key: str) -> datetime | None:
    """Return when a file of ours was named: its UUIDv7 begins with the milliseconds."""
    name = key.rpartition("/")[2].removesuffix(".csv")
    try:
        found = uuid.UUID(name)
    except ValueError:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC) if found.version == 7 else None
