"""Imports from upload to queue: the file into the store, the mapping page's view of it, start, cancel, go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Final

from sqlalchemy import update

from lux.identity import companies
from lux.identity.trail import note
from lux.kit import clock, i18n, jobs
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import values
from lux.rooms.contacts.catalogue import heading_key
from lux.rooms.contacts.forms.transfer import (
    DialectForm,
    ImportForm,
    changed_dialect,
    check_dialect,
    read_mapping,
    read_options,
)
from lux.rooms.contacts.importing import convert, guess, plan
from lux.rooms.contacts.importing.cells import read_object
from lux.rooms.contacts.importing.dialect import (
    CSV,
    Dialect,
    dialect_of,
    looks_like_header,
    sample_records,
    sample_text,
)
from lux.rooms.contacts.importing.guess import Column
from lux.rooms.contacts.importing.receive import SAMPLE, receive
from lux.rooms.contacts.models import ContactImport, CustomField, FieldType
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import fields as custom
from lux.rooms.contacts.service import mappings
from lux.rooms.contacts.service.examine import examined
from lux.rooms.contacts.service.mappings import Offer
from lux.rooms.contacts.service.origin import region_of_company

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.ports.storage import FileStore

JOB: Final = "contacts.import"
SHOWN_ROWS: Final = 8
_OPEN: Final = ("queued", "running")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the mapping page shows of a file."""

    dialect: Dialect
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]  # the first ones, without the header
    offer: Offer  # what the columns are, and where that comes from
    consent_words: Sequence[tuple[str, int]]  # in the column of consent: word, how often in the sample
    homeless: Sequence[str] = ()  # names in JSON attributes for which there is no custom field


def upload(
    session: Session, store: FileStore, source: BinaryIO, file_name: str, person: Person, *, limit: int
) -> ContactImport:
    """Take a file into the store and look at it; `limit` in bytes. Raises InvalidInput for what can't be read."""
    name = PurePath(file_name.replace("\\", "/")).name.strip()[:255]
    if not name:
        raise InvalidInput(field="file", message=_("Choose a file."))
    public_id = uuid7()
    key = f"imports/{public_id}.csv"
    with store.open_write(key) as target:
        received = receive(source, target, limit=limit)
    entry = ContactImport(
        public_id=public_id,
        file_name=name,
        file_key=key,
        file_size=received.size,
        created_by=person.user_id,
    )
    try:
        dialect = examined(store, key, received)
        entry.dialect = dialect.as_json()
        session.add(entry)
        session.flush()
    except BaseException:
        store.delete(key)
        raise
    return entry


def preview(session: Session, store: FileStore, entry: ContactImport, form: DialectForm) -> Preview:
    """Read the beginning of the file as the form says; raises NotFound when the file is gone."""
    check_dialect(form)
    dialect, records = _sample(store, entry, form)
    fields = tables.custom_fields(session)
    columns = guess.columns_of(records, has_header=dialect.has_header, fields=fields)
    known = {value for group in guess.target_choices(fields).values() for value, _label in group}
    found = mappings.offer(session, columns, known, entry.file_name, form.mapping, has_header=dialect.has_header)
    body = records[1:] if dialect.has_header else records
    words = Counter(_cells(body, found.targets, guess.CONSENT))
    return Preview(
        dialect=dialect,
        columns=columns,
        rows=body[:SHOWN_ROWS],
        offer=found,
        consent_words=words.most_common(12),
        homeless=_homeless(_cells(body, found.targets, guess.ATTRIBUTES), fields),
    )


def _cells(body: Sequence[Sequence[str]], targets: Sequence[str], wanted: str) -> Iterator[str]:
    """Yield the cells of the sample in the columns of one kind."""
    for number, target in enumerate(targets):
        if target == wanted:
            yield from (row[number].strip() if number < len(row) else "" for row in body)


def _homeless(cells: Iterable[str], fields: Sequence[CustomField]) -> list[str]:
    """Return the names in JSON objects that no custom field has."""
    known = {heading_key(name) for field in fields for name in (field.key, field.label)}
    found: dict[str, None] = {}
    for cell in cells:
        try:
            names = read_object(cell) if cell else {}
        except values.Unreadable:
            continue
        found.update(dict.fromkeys(name[:64] for name in names if heading_key(name) not in known))
    return list(found)[:20]


def defaults(session: Session, found: Preview) -> dict[str, object]:
    """Return what the mapping page proposes, by the company's country and language and by the file itself."""
    company = companies.by_id(session, company_of(session))
    has_consent = guess.CONSENT in found.offer.targets
    is_american = company.locale.replace("-", "_").endswith(("_US", "_PH"))
    has_comma = company.locale[:2] in {
        "de",
        "fr",
        "es",
        "it",
        "nl",
        "pt",
        "pl",
        "da",
        "sv",
        "nb",
        "fi",
        "cs",
        "ru",
        "tr",
    }
    return {
        "region": region_of_company(session),
        "date_order": "mdy" if is_american else "dmy",
        # spreadsheets take the semicolon for a delimiter where the comma is the decimal mark
        "decimal": "," if has_comma or found.dialect.delimiter == ";" else ".",
        "consent_yes": ", ".join(plan.YES_WORDS),
        "consent_no": ", ".join(plan.NO_WORDS),
        "duplicates": plan.FILL,
        "bad_values": plan.REJECT,
        "consent": plan.CONSENT_COLUMN if has_consent else plan.CONSENT_NONE,
        "lifecycle": "lead",
    } | dict(found.offer.answers)


def start(session: Session, store: FileStore, entry: ContactImport, form: ImportForm, person: Person) -> None:
    """Put an import into the queue with its mapping and options; raises InvalidInput, WrongState."""
    if entry.state != "uploaded":
        raise WrongState(_("This import was started already."))
    check_dialect(form)
    known = tables.custom_fields(session)
    dialect, records = _sample(store, entry, form)
    targets = read_mapping(form, known, dialect.columns)
    options = read_options(form, person.timezone)
    headings = [column.heading for column in guess.columns_of(records, has_header=dialect.has_header, fields=known)]
    targets = _with_new_fields(session, targets, headings)
    if dialect.has_header:
        mappings.remember(session, entry, headings, targets, form)
    entry.dialect = dialect.as_json() | {"headings": headings}
    entry.mapping = plan.mapping_json(targets)
    who = person.name or person.email
    entry.options = replace(options, locale=i18n.locale(), user_id=person.user_id, user_name=who).as_json()
    _enqueue(session, entry, person)


def cancel(session: Session, entry: ContactImport) -> None:
    """Stop an import: at once while it waits, after the present chunk while it runs; what is in stays in."""
    state, error = tables.state_of(session, entry)
    if entry.state == "uploaded":
        entry.state = "cancelled"
        return
    if state != entry.state:  # its job was ended elsewhere: nothing runs, only the row does not know it yet
        entry.state, entry.error, entry.finished_at = state, error, clock.now()
        return
    if entry.state not in _OPEN or entry.job_id is None:
        raise WrongState(_("This import has ended already."))
    if jobs.cancel(session, entry.job_id) is jobs.JobState.CANCELLED:
        session.execute(
            update(ContactImport)
            .where(ContactImport.id == entry.id)
            .values(state="cancelled", finished_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def go_on(session: Session, store: FileStore, entry: ContactImport, person: Person) -> None:
    """Start a failed or cancelled import again where it stopped; raises WrongState when its file is gone."""
    state, _error = tables.state_of(session, entry)
    if state not in {"failed", "cancelled"} or not entry.mapping:
        raise WrongState(_("Only an import that failed or was cancelled can go on."))
    if entry.undo_state is not None:
        raise WrongState(_("This import was undone."), fix=_("Upload the file again."))
    if not entry.file_key or not store.exists(entry.file_key):
        raise WrongState(_("The uploaded file is gone."), fix=_("Upload it again: contacts that are in stay single."))
    _enqueue(session, entry, person)


def _enqueue(session: Session, entry: ContactImport, person: Person) -> None:
    company_id = company_of(session)
    entry.state, entry.error, entry.finished_at = "queued", "", None
    entry.job_id = jobs.enqueue(
        session,
        JOB,
        {"import_id": entry.id},
        company_id=company_id,
        key=f"{JOB}:{company_id}",
        dedup_key=str(entry.id),
    )
    note(session, company_id, person, "import.started", about=("contact_import", entry.public_id))
    session.flush()


def _sample(store: FileStore, entry: ContactImport, form: DialectForm) -> tuple[Dialect, list[list[str]]]:
    dialect = changed_dialect(dialect_of(entry.dialect), form, 0)
    with store.open_read(entry.file_key) as stream:
        if dialect.format != CSV:
            found = convert.sample(stream, dialect)
            if form.sheet and not form.header and found:
                dialect = replace(dialect, has_header=looks_like_header(found))
            return replace(dialect, columns=len(found[0]) if found else 0), found
        stream.seek(dialect.start)
        sample = stream.read(SAMPLE)
    is_whole = dialect.start + len(sample) >= entry.file_size
    text = sample_text(sample, dialect.encoding, dialect.newline, is_whole=is_whole)
    records = sample_records(text, dialect.delimiter)
    return replace(dialect, columns=len(records[0]) if records else 0), records


def _with_new_fields(session: Session, targets: Sequence[str], headings: Sequence[str]) -> list[str]:
    """Make the text fields that the mapping asks for and name them in its place."""
    found = list(targets)
    for number, target in enumerate(targets):
        if target == guess.NEW_FIELD:
            field = custom.create(session, headings[number], FieldType.TEXT)
            found[number] = guess.FIELD + field.key
    return found
