"""Tags, custom fields, imports and exports: what their pages show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.jobs import Job, JobState
from lux.rooms.contacts.models import (
    Contact,
    ContactExport,
    ContactImport,
    ContactTag,
    CustomField,
    ImportRejection,
    Tag,
)

UNFINISHED = ("queued", "running")


@dataclass(frozen=True, kw_only=True)
class TagCount:
    """A tag with how many contacts carry it."""

    tag: Tag
    contacts: int


def all_tags(session: Session) -> Sequence[Tag]:
    """Return the company's tags by name."""
    return session.scalars(select(Tag).order_by(Tag.name_key)).all()


def tags_with_counts(session: Session) -> list[TagCount]:
    """Return the company's tags by name, each with its number of contacts."""
    query = (
        select(ContactTag.tag_id, func.count())
        .where(ContactTag.company_id == company_of(session))
        .group_by(ContactTag.tag_id)
    )
    counts = {row[0]: int(row[1]) for row in session.execute(query)}
    return [TagCount(tag=tag, contacts=counts.get(tag.id, 0)) for tag in all_tags(session)]


def tag_by_public_id(session: Session, public_id: uuid.UUID) -> Tag:
    """Return a tag; raises NotFound."""
    found = session.scalar(select(Tag).where(Tag.public_id == public_id))
    if found is None:
        raise NotFound(_("This tag does not exist any more."))
    return found


def tag_count(session: Session, tag_id: int) -> int:
    """Return how many contacts carry a tag."""
    return session.scalar(select(func.count()).select_from(ContactTag).where(ContactTag.tag_id == tag_id)) or 0


def field_count(session: Session, key: str) -> int:
    """Return how many contacts have a value in a custom field, also those in the trash."""
    return (
        session.scalar(select(func.count()).select_from(Contact).where(Contact.attrs[key].as_string().is_not(None)))
        or 0
    )


def custom_fields(session: Session) -> Sequence[CustomField]:
    """Return the company's custom fields by label."""
    return session.scalars(select(CustomField).order_by(CustomField.label, CustomField.id)).all()


def custom_field_by_public_id(session: Session, public_id: uuid.UUID) -> CustomField:
    """Return a custom field; raises NotFound."""
    found = session.scalar(select(CustomField).where(CustomField.public_id == public_id))
    if found is None:
        raise NotFound(_("This field does not exist any more."))
    return found


def import_by_public_id(session: Session, public_id: uuid.UUID) -> ContactImport:
    """Return an import; raises NotFound."""
    found = session.scalar(select(ContactImport).where(ContactImport.public_id == public_id))
    if found is None:
        raise NotFound(_("This import does not exist any more."))
    return found


def imports(session: Session, limit: int = 50) -> Sequence[ContactImport]:
    """Return the latest imports."""
    return session.scalars(select(ContactImport).order_by(ContactImport.id.desc()).limit(limit)).all()


def imports_named(session: Session, text: str, limit: int) -> Sequence[ContactImport]:
    """Return the latest imports whose file's name holds the text."""
    query = select(ContactImport).where(
        func.lower(ContactImport.file_name).contains(text.lower(), autoescape=True, escape="/")
    )
    return session.scalars(query.order_by(ContactImport.id.desc()).limit(limit)).all()


def is_importing(session: Session) -> bool:
    """Say whether an import of the company waits or runs; one whose job was ended elsewhere does neither."""
    query = select(ContactImport.id).where(ContactImport.state.in_(UNFINISHED), has_live_job(ContactImport)).limit(1)
    return session.scalar(query) is not None


def has_live_job(model: type[ContactImport | ContactExport]) -> ColumnElement[bool]:
    """Return: the job of an import or export waits or runs."""
    return exists().where(Job.id == model.job_id, Job.state.in_([JobState.QUEUED, JobState.RUNNING]))


def state_of(session: Session, entry: ContactImport | ContactExport) -> tuple[str, str]:
    """Return state and error as they are: a job that was cancelled or given up elsewhere has ended its work too."""
    if entry.state not in UNFINISHED or entry.job_id is None:
        return entry.state, entry.error
    job = session.get(Job, entry.job_id)
    if job is None or job.state is JobState.CANCELLED:
        return "cancelled", entry.error
    if job.state is JobState.FAILED:
        return "failed", entry.error or _("The work was given up after several attempts.")
    return entry.state, entry.error


def rejections(session: Session, import_id: int, *, after: int = 0, limit: int = 500) -> Sequence[ImportRejection]:
    """Return rows of the report by line, after a line."""
    query = (
        select(ImportRejection)
        .where(ImportRejection.import_id == import_id, ImportRejection.line > after)
        .order_by(ImportRejection.line)
        .limit(limit)
    )
    return session.scalars(query).all()


def rejection_count(session: Session, import_id: int) -> int:
    """Return how many rows the report has."""
    query = select(func.count()).select_from(ImportRejection).where(ImportRejection.import_id == import_id)
    return session.scalar(query) or 0


def all_rejections(session: Session, import_id: int) -> Iterator[ImportRejection]:
    """Yield the whole report by line, some hundred rows in memory at a time."""
    after = 0
    while part := rejections(session, import_id, after=after):
        yield from part
        after = part[-1].line
        session.expunge_all()


def export_by_public_id(session: Session, public_id: uuid.UUID) -> ContactExport:
    """Return an export; raises NotFound."""
    found = session.scalar(select(ContactExport).where(ContactExport.public_id == public_id))
    if found is None:
        raise NotFound(_("This export does not exist any more."))
    return found


def exports(session: Session, limit: int = 50, *, before: int | None = None) -> Sequence[ContactExport]:
    """Return the latest exports, older than the id `before`."""
    query = select(ContactExport).order_by(ContactExport.id.desc()).limit(limit)
    return session.scalars(query if before is None else query.where(ContactExport.id < before)).all()
