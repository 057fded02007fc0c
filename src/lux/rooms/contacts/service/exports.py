"""Exports: a filter or a selection becomes a CSV file in the store, for a week; the audit chain knows who asked."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sqlalchemy import select

from lux.gate import consent
from lux.gate.consent import Standing
from lux.identity import kept_files
from lux.kit import clock, i18n, jobs
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.rooms.contacts import catalogue
from lux.rooms.contacts.models import Contact, ContactExport, CustomField, Tag
from lux.rooms.contacts.queries import listing, people, tables
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service.origin import auditor_of
from lux.rooms.contacts.spreadsheet import disarmed
from lux.rooms.notifications.service import notify

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

JOB: Final = "contacts.export"
KEPT: Final = timedelta(days=7)
_PAGE: Final = 2000  # contacts read at a time


def request(
    session: Session, wanted: ContactFilter, person: Person, *, ids: Collection[uuid.UUID] = (), calling_code: str = ""
) -> ContactExport:
    """Put an export of a filter, or of selected contacts, into the queue; raises InvalidInput when nobody matches."""
    listing.where(session, wanted)  # says now, not in the job, when a tag is gone
    if not ids and not listing.count(session, wanted, cap=0, calling_code=calling_code):
        raise InvalidInput(_("Nobody matches: there is nothing to export."))
    public_id, company_id = uuid7(), company_of(session)
    stored = wanted.as_json() | {"calling_code": calling_code, "ids": [str(one) for one in ids]}
    stored["locale"] = i18n.locale()
    entry = ContactExport(
        public_id=public_id,
        file_key=f"exports/{public_id}.csv",
        file_name=f"contacts-{clock.now():%Y-%m-%d}.csv",
        filter=stored,
        created_by=person.user_id,
    )
    session.add(entry)
    session.flush()
    entry.job_id = jobs.enqueue(session, JOB, {"export_id": entry.id}, company_id=company_id, dedup_key=str(entry.id))
    detail = {
        name: value for name, value in stored.items() if value and name not in {"text", "ids", "calling_code", "locale"}
    }
    detail |= {"is_searched": bool(wanted.text), "selected": len(ids)}
    _note(session, entry, "contacts.export_requested", person, detail)
    session.flush()
    return entry


def run(context: JobContext, store: FileStore, export_id: int) -> None:
    """Write the file; it appears whole or not at all, so running again begins anew."""
    entry = kept_files.begin(context, ContactExport, export_id)
    if entry is None:
        return

    def fill(target: BinaryIO) -> int:
        rows = 0
        for text, count in _texts(context, entry):
            target.write(text.encode("utf-8"))
            rows += count
            kept_files.tell(context, rows)
        return rows

    with i18n.use_locale(entry.filter.get("locale")):
        kept_files.write(context, store, entry, fill, kept=KEPT, ended=_tell)


def download(session: Session, store: FileStore, entry: ContactExport, person: Person) -> Iterator[bytes]:
    """Note who takes the file and return its blocks; raises NotFound when it has expired."""
    blocks = kept_files.blocks(store, entry, gone=_("This file is gone: exports are kept for a week."))
    _note(session, entry, "contacts.export_downloaded", person, {"rows": entry.rows})
    return blocks


def _texts(context: JobContext, entry: ContactExport) -> Iterator[tuple[str, int]]:
    """Yield parts of the file and how many contacts each holds; a mark tells spreadsheets that it is UTF-8."""
    with context.db.read(context.company_id) as session:
        fields = list(tables.custom_fields(session))
    yield "\ufeff" + _csv([[*catalogue.BY_NAME, *catalogue.EXTRA_HEADINGS, *(one.key for one in fields)]]), 0
    after = 0
    while True:
        context.check_cancelled()
        with context.db.read(context.company_id) as session:
            contacts = _page(session, entry, after)
            if not contacts:
                return
            after = contacts[-1].id
            yield _csv(_rows(session, contacts, fields)), len(contacts)


def _page(session: Session, entry: ContactExport, after: int) -> Sequence[Contact]:
    stored = dict(entry.filter)
    ids, calling_code, _locale = (stored.pop(name, "") for name in ("ids", "calling_code", "locale"))
    query = select(Contact).where(*listing.where(session, ContactFilter(**stored), calling_code), Contact.id > after)
    if ids:
        query = query.where(Contact.public_id.in_([uuid.UUID(one) for one in ids]))
    return session.scalars(query.order_by(Contact.id).limit(_PAGE)).all()


def _rows(session: Session, contacts: Sequence[Contact], fields: Sequence[CustomField]) -> Iterator[list[str]]:
    tags = people.tags_of(session, [one.id for one in contacts])
    keys = [one.email_key for one in contacts if one.email_key]
    standings = consent.status(session, "email", keys) if keys else {}
    for one in contacts:
        standing = standings.get(one.email_key or "")
        yield [
            *(_text(getattr(one, name)) for name in catalogue.BY_NAME),
            *_extra(one, tags.get(one.id, []), standing),
            *(_text(one.attrs.get(field.key)) for field in fields),
        ]


def _extra(contact: Contact, tags: Sequence[Tag], standing: Standing | None) -> list[str]:
    return [
        ", ".join(tag.name for tag in tags),
        standing.state.value if standing and standing.state else "",
        standing.at.date().isoformat() if standing and standing.at else "",
        standing.suppressed.value if standing and standing.suppressed else "",
        contact.created_at.isoformat(timespec="seconds"),
        contact.last_activity_at.isoformat(timespec="seconds") if contact.last_activity_at else "",
    ]


def _csv(rows: Sequence[Sequence[str]] | Iterator[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([disarmed(cell) for cell in row] for row in rows)
    return text.getvalue()


def _text(value: Any) -> str:  # noqa: ANN401 - any stored value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(getattr(value, "value", value))


def _tell(session: Session, entry: ContactExport) -> None:
    if entry.created_by is None or entry.state not in {"done", "failed"}:
        return
    is_ready = entry.state == "done"
    title = _("Your export is ready: %(count)s contacts", count=entry.rows) if is_ready else _("Your export has failed")
    level, url = "ok" if is_ready else "bad", "/contacts/exports"
    notify(session, [entry.created_by], kind="contacts.exported", title=title, body=entry.error, url=url, level=level)


def _note(session: Session, entry: ContactExport, action: str, person: Person, detail: dict[str, Any]) -> None:
    audit.append(
        session,
        company_of(session),
        actor=auditor_of(person),
        action=action,
        object_type="contact_export",
        object_id=str(entry.public_id),
        detail=detail,
    )
