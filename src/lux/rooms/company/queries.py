"""Every SELECT over exports and imports of whole companies beyond their primary key."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.kit.errors import NotFound
from lux.kit.jobs import Job, JobState
from lux.rooms.company.models import CompanyExport, CompanyImport

UNFINISHED: Final = ("queued", "running")
SHOWN: Final = 20


def exports(session: Session) -> Sequence[CompanyExport]:
    """Return the company's latest exports, newest first."""
    return session.scalars(select(CompanyExport).order_by(CompanyExport.id.desc()).limit(SHOWN)).all()


def export_by_public_id(session: Session, public_id: uuid.UUID) -> CompanyExport:
    """Return an export of the session's company; raises NotFound."""
    found = session.scalar(select(CompanyExport).where(CompanyExport.public_id == public_id))
    if found is None:
        raise NotFound
    return found


def expired_exports(session: Session, moment: datetime) -> Sequence[CompanyExport]:
    """Return exports whose file has had its time."""
    return session.scalars(
        select(CompanyExport).where(CompanyExport.state == "done", CompanyExport.expires_at <= moment)
    ).all()


def export_keys(session: Session, company_id: int) -> list[str]:
    """Return the keys of all files with a company that may be there."""
    query = select(CompanyExport.file_key).where(CompanyExport.company_id == company_id, CompanyExport.file_key != "")
    return list(session.scalars(query))


def imports(session: Session, user_id: int) -> Sequence[CompanyImport]:
    """Return a person's latest imports, newest first."""
    query = select(CompanyImport).where(CompanyImport.created_by == user_id)
    return session.scalars(query.order_by(CompanyImport.id.desc()).limit(SHOWN)).all()


def import_by_public_id(session: Session, public_id: uuid.UUID, user_id: int) -> CompanyImport:
    """Return an import of one's own; raises NotFound."""
    found = session.scalar(
        select(CompanyImport).where(CompanyImport.public_id == public_id, CompanyImport.created_by == user_id)
    )
    if found is None:
        raise NotFound
    return found


def abandoned_imports(session: Session, before: datetime) -> Sequence[CompanyImport]:
    """Return imports that gave no sign of life since, and that no job will go on with."""
    query = select(CompanyImport).where(CompanyImport.state.in_(UNFINISHED), CompanyImport.seen_at < before)
    return [one for one in session.scalars(query) if not has_live_job(session, one.job_id)]


def names_of_files(session: Session) -> set[str]:
    """Return the keys of all files that a row still names."""
    found = set(session.scalars(select(CompanyExport.file_key).where(CompanyExport.state != "expired")))
    return found | set(session.scalars(select(CompanyImport.file_key)))


def unended_exports(session: Session) -> Sequence[CompanyExport]:
    """Return exports whose job has ended without them: it was given up from the jobs page."""
    query = select(CompanyExport).where(CompanyExport.state.in_(UNFINISHED))
    return [one for one in session.scalars(query) if not has_live_job(session, one.job_id)]


def has_live_job(session: Session, job_id: int | None) -> bool:
    """Say whether a job is still going to do it."""
    job = session.get(Job, job_id) if job_id is not None else None
    return job is not None and job.state in {JobState.QUEUED, JobState.RUNNING}


def progress_of(session: Session, job_id: int | None) -> tuple[int, int | None]:
    """Return how far a job is: rows done, rows in all when known."""
    job = session.get(Job, job_id) if job_id is not None else None
    return (job.progress_done, job.progress_total) if job is not None else (0, None)
