"""Runs an import from where it stands to its end, a transaction per chunk: a crash loses and doubles nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from sqlalchemy import CursorResult, select, update

from lux.kit import clock, i18n
from lux.kit.db.base import uuid7
from lux.kit.errors import InvalidInput, LuxError
from lux.kit.i18n import gettext as _
from lux.kit.jobs import GiveUp, JobCancelled, JobInterrupted, LeaseLost
from lux.rooms.contacts.importing.chunk import Chunk
from lux.rooms.contacts.importing.convert import convert, unnumbered
from lux.rooms.contacts.importing.dialect import CSV, Dialect, dialect_of
from lux.rooms.contacts.importing.plan import Options, mapping_of, options_of
from lux.rooms.contacts.importing.records import Record, records
from lux.rooms.contacts.importing.rows import Candidate, RowReader
from lux.rooms.contacts.importing.write import write
from lux.rooms.contacts.models import ContactImport, CustomField
from lux.rooms.contacts.writing import Raced
from lux.rooms.notifications.service import notify

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

ROWS: Final = {"sqlite": 500, "postgresql": 4000, "mysql": 2000}  # of one transaction: SQLite has one writer at a time
OPEN_STATES: Final = ("queued", "running")
ENDED_BADLY: Final = ("failed", "cancelled")  # goes on when somebody starts its job again
_TRIES: Final = 5


def run(context: JobContext, store: FileStore, import_id: int) -> None:
    """Bring an import to its end; running it again goes on where the last transaction ended."""
    entry = _begin(context, import_id)
    if entry is None:
        return
    options = options_of(entry.options)
    with i18n.use_locale(options.locale):
        try:
            _normalise(context, store, entry, options)
            _read_file(context, store, entry, options)
        except JobCancelled:
            _end(context, entry, "cancelled")
            raise
        except JobInterrupted:
            raise
        except InvalidInput as error:
            _end(context, entry, "failed", f"{error.message} {error.fix}".strip())
            raise GiveUp(error.message) from error
        except FileNotFoundError as error:
            _end(context, entry, "failed", _("The uploaded file is gone. Upload it again."))
            raise GiveUp(str(error)) from error
        except Exception as error:
            if context.is_last_attempt:
                _end(context, entry, "failed", _reason(error))
            raise
        _end(context, entry, "done")
    store.delete(entry.file_key)


def _begin(context: JobContext, import_id: int) -> ContactImport | None:
    with context.db.begin(context.company_id) as session:
        entry = session.get(ContactImport, import_id)
        if entry is None or not entry.file_key or entry.undo_state is not None:
            return None
        if entry.state not in OPEN_STATES and (entry.state not in ENDED_BADLY or entry.job_id != context.job_id):
            return None
        entry.state, entry.error, entry.finished_at = "running", "", None
        return entry


def _end(context: JobContext, entry: ContactImport, state: str, error: str = "") -> None:
    values: dict[str, Any] = {"state": state, "error": error, "finished_at": clock.now()}
    if state == "done":
        values["offset"] = entry.file_size
    with context.db.begin(context.company_id) as session:
        statement = update(ContactImport).where(ContactImport.id == entry.id, ContactImport.state == "running")
        result = session.execute(statement.values(values).execution_options(synchronize_session=False))
        is_news = cast("CursorResult[Any]", result).rowcount == 1 and state != "cancelled"
        if is_news and entry.created_by is not None:
            is_done, url = state == "done", f"/contacts/imports/{entry.public_id}"
            title, level = partial(_news, entry.file_name, is_done=is_done), "ok" if is_done else "bad"
            notify(session, [entry.created_by], kind="contacts.imported", title=title, body=error, url=url, level=level)


def _read_file(context: JobContext, store: FileStore, entry: ContactImport, options: Options) -> None:
    dialect = dialect_of(entry.dialect)
    reader = _row_reader(context, entry, options, dialect)
    size = ROWS[context.db.dialect]
    with store.open_read(entry.file_key) as stream:
        source = _from(stream, dialect, entry)
        place = entry.offset
        while part := list(itertools.islice(source, size)):
            context.check_cancelled()
            chunk = _read_chunk(reader, entry, options, part)
            place = _write_chunk(context.db, context.company_id, chunk, place, part[-1])
            context.progress(place, entry.file_size, entry.file_name)


def _normalise(context: JobContext, store: FileStore, entry: ContactImport, options: Options) -> None:
    """Turn a workbook or vCards into a CSV file, once; a crash before its end begins it again."""
    dialect = dialect_of(entry.dialect)
    if dialect.format == CSV or dialect.is_numbered:
        return
    before, after = entry.file_key, f"imports/{uuid7()}.csv"
    with store.open_read(before) as source, store.open_write(after) as target:
        plain = convert(source, target, dialect, decimal=options.decimal, tick=context.check_cancelled)
    entry.file_key, entry.file_size = after, store.size(after)
    entry.dialect = entry.dialect | plain.as_json()
    with context.db.begin(context.company_id) as session:
        values = {"file_key": after, "file_size": entry.file_size, "dialect": entry.dialect}
        statement = update(ContactImport).where(ContactImport.id == entry.id, ContactImport.file_key == before)
        session.execute(statement.values(values).execution_options(synchronize_session=False))
    store.delete(before)


def _from(stream: BinaryIO, dialect: Dialect, entry: ContactImport) -> Iterator[Record]:
    """Yield the records that are still to be imported."""
    if entry.offset:
        found = records(stream, dialect, offset=entry.offset, line=entry.line)
    else:
        found = itertools.islice(records(stream, dialect), 1 if dialect.has_header else 0, None)
    return map(unnumbered, found) if dialect.is_numbered else found


def _row_reader(context: JobContext, entry: ContactImport, options: Options, dialect: Dialect) -> RowReader:
    with context.db.read(context.company_id) as session:
        fields = {field.key: field for field in session.scalars(select(CustomField))}
    return RowReader(mapping_of(entry.mapping), options, fields, dialect.columns)


def _read_chunk(reader: RowReader, entry: ContactImport, options: Options, part: list[Record]) -> Chunk:
    chunk = Chunk(entry, options, [])
    for record in part:
        found = reader.read(record)
        if isinstance(found, Candidate):
            chunk.candidates.append(found)
        elif found is not None:
            chunk.rejections.append(found)
    return chunk


def _write_chunk(db: Database, company_id: int | None, chunk: Chunk, place: int, last: Record) -> int:
    """Write a chunk and the place after it in one transaction; returns that place."""
    for _attempt in range(_TRIES):
        fresh = Chunk(chunk.entry, chunk.options, chunk.candidates, list(chunk.rejections))
        try:
            with db.begin(company_id) as session:
                _write_at(session, fresh, place, last)
        except Raced:
            continue
        return last.end
    raise RuntimeError(f"import {chunk.entry.id}: its contacts changed hands {_TRIES} times in a row")


def _write_at(session: Session, chunk: Chunk, place: int, last: Record) -> None:
    query = select(ContactImport.offset, ContactImport.state, ContactImport.counts)
    stands = session.execute(query.where(ContactImport.id == chunk.entry.id).with_for_update()).one()
    if (stands.offset, stands.state) != (place, "running"):
        raise LeaseLost(f"import {chunk.entry.id} stands at {stands.offset} ({stands.state}), not at {place}")
    before = Counter(stands.counts)
    chunk.tags_made = before["new_tags"]
    counts = before + write(session, chunk)
    session.execute(
        update(ContactImport)
        .where(ContactImport.id == chunk.entry.id)
        .values(offset=last.end, line=last.next_line, counts=dict(counts))
        .execution_options(synchronize_session=False)
    )


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, LuxError) else _("The import stopped because of an error in LUX.")


def _news(file_name: str, *, is_done: bool) -> str:
    """Return what has become of a file, in the language of whoever reads it."""
    if is_done:
        return _("“%(file)s” is imported", file=file_name)
    return _("The import of “%(file)s” failed", file=file_name)
