"""Writes one chunk of candidates set-based: contacts, words, tags, consent, facts, report and place, all or nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db import insert_rows, upsert_rows
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts import catalogue
from lux.rooms.contacts.importing import effects, merge, permission, tags
from lux.rooms.contacts.importing.chunk import Chunk, Raced, refuse
from lux.rooms.contacts.importing.plan import OVERWRITE
from lux.rooms.contacts.importing.rows import Rejection
from lux.rooms.contacts.models import Contact, ContactWord, ImportedContact, ImportRejection, Lifecycle
from lux.rooms.contacts.queries import conditions

_INSERTED = (
    "company_id", "public_id", "email", "email_key", "phone", *catalogue.STORED, "attrs", "import_id", "created_at",
    "updated_at", "version",
)  # fmt: skip
NAMES = ("first_name", "last_name", "organisation")
_CELL = 2000  # characters of a cell that the report keeps


def write(session: Session, chunk: Chunk) -> Counter[str]:
    """Write all of the chunk in the caller's transaction; returns what to add to the counts."""
    chunk.counts["rows"] = len(chunk.candidates) + len(chunk.rejections)
    _sort_out(session, chunk)
    known_tags = tags.resolve(session, chunk)
    _insert_new(session, chunk)
    _update_met(session, chunk)
    _write_words(session, chunk)
    added = tags.write(session, chunk, known_tags)
    permission.write(session, chunk)
    _write_facts(session, chunk, added)
    effects.write(session, chunk, added)
    _count(session, chunk, added)
    _write_report(session, chunk)
    return chunk.counts


def _sort_out(session: Session, chunk: Chunk) -> None:
    """Split the candidates into new ones, known ones, repeats within the file, and those in the trash."""
    known = merge.known_contacts(session, chunk.candidates)
    before = _lines_before(session, chunk, [row.id for row in known.values()])
    lines: dict[tuple[str, str], int] = {}
    undone = effects.trashed_by_undo(session, [row.id for row in known.values() if row.trashed_at is not None])
    for one in chunk.candidates:
        row = known.get(one.identity)
        first = lines.get(one.identity) or (before.get(row.id) if row else None)
        if first is not None:
            reason = _("Line %(line)s of this file names the same person; this row was left out.", line=first)
            refuse(chunk, one, "duplicate", reason)
        elif row is not None and row.id in undone:
            lines[one.identity] = one.line
            chunk.revived.add(row.id)
            chunk.met.append((one, row, merge.changes(row, one, OVERWRITE, chunk.options.source)))
        elif row is not None and row.trashed_at is not None:
            refuse(chunk, one, "rejected", _("This contact is in the trash: restore it, then import the row again."))
        elif row is not None:
            lines[one.identity] = one.line
            chunk.met.append((one, row, merge.changes(row, one, chunk.options.duplicates, chunk.options.source)))
        else:
            lines[one.identity] = one.line
            chunk.new.append((one, uuid7()))


def _lines_before(session: Session, chunk: Chunk, contact_ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start in range(0, len(contact_ids), 1000):
        part = contact_ids[start : start + 1000]
        query = select(ImportedContact.contact_id, ImportedContact.line).where(
            ImportedContact.import_id == chunk.entry.id, ImportedContact.contact_id.in_(part)
        )
        found.update((row.contact_id, row.line) for row in session.execute(query))
    return found


def _insert_new(session: Session, chunk: Chunk) -> None:
    company_id, now = company_of(session), clock.now()
    default = Lifecycle(chunk.options.lifecycle)
    rows: list[tuple[Any, ...]] = []
    for one, public_id in chunk.new:
        values = {"source": chunk.options.source, "lifecycle": default} | one.fields
        stored = [values.get(name, "") for name in catalogue.STORED]
        rows.append(
            (
                company_id,
                public_id,
                one.email,
                one.email_key,
                one.phone,
                *stored,
                one.attrs,
                chunk.entry.id,
                now,
                now,
                1,
            )
        )
    # a clash writes nothing and is found below, instead of losing the whole chunk to an error
    upsert_rows(session, cast("Table", Contact.__table__), _INSERTED, rows, key=("company_id", "email_key"))
    found: dict[uuid.UUID, int] = {}
    wanted = [public_id for _one, public_id in chunk.new]
    for start in range(0, len(wanted), 1000):
        query = select(Contact.public_id, Contact.id).where(Contact.public_id.in_(wanted[start : start + 1000]))
        found.update((row.public_id, row.id) for row in session.execute(query))
    if len(found) != len(wanted):
        raise Raced
    chunk.ids.update((one.line, found[public_id]) for one, public_id in chunk.new)


def _update_met(session: Session, chunk: Chunk) -> None:
    now = clock.now()
    chunk.ids.update((one.line, row.id) for one, row, _changes in chunk.met)
    values = []
    for _one, row, changed in chunk.met:
        if changed or row.id in chunk.revived:
            after = {name: changed.get(name, getattr(row, name)) for name in merge.COLUMNS}
            place = {"row_id": row.id, "moment": now, "trashed": None if row.id in chunk.revived else row.trashed_at}
            values.append({f"new_{name}": value for name, value in after.items()} | place)
    if not values:
        return
    table = cast("Table", Contact.__table__)
    statement = (
        update(table)
        .where(table.c.company_id == company_of(session), table.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in merge.COLUMNS})
        .values(trashed_at=bindparam("trashed"), updated_at=bindparam("moment"), version=table.c.version + 1)
    )
    session.connection().execute(statement, values)


def _write_words(session: Session, chunk: Chunk) -> None:
    texts = {chunk.ids[one.line]: [one.fields.get(name, "") for name in NAMES] for one, _public_id in chunk.new}
    renamed = [(row, changed) for _one, row, changed in chunk.met if any(name in changed for name in NAMES)]
    for row, changed in renamed:
        texts[row.id] = [changed.get(name, getattr(row, name)) for name in NAMES]
    write_words(session, texts, renamed=[row.id for row, _changed in renamed])


def write_words(session: Session, texts: Mapping[int, Sequence[str]], *, renamed: Sequence[int]) -> None:
    """Write the searchable words of contacts: contact id to names; `renamed` have older ones, which go."""
    for start in range(0, len(renamed), 1000):
        session.execute(
            delete(ContactWord)
            .where(ContactWord.contact_id.in_(renamed[start : start + 1000]))
            .execution_options(synchronize_session=False)
        )
    company_id = company_of(session)
    rows = [(company_id, word, number) for number, names in texts.items() for word in catalogue.words_of(*names)]
    insert_rows(session, cast("Table", ContactWord.__table__), ("company_id", "word", "contact_id"), rows)


def _write_facts(session: Session, chunk: Chunk, added: Sequence[tuple[int, int, str]]) -> None:
    source = {"import": str(chunk.entry.public_id)}
    new = [
        NewFact(
            kind="contact.created",
            contact_id=chunk.ids[one.line],
            actor=chunk.actor,
            properties=source | {"line": one.line},
        )
        for one, _public_id in chunk.new
    ]
    changed = [
        NewFact(
            kind="contact.updated",
            contact_id=row.id,
            actor=chunk.actor,
            properties=source | {"line": one.line, "fields": sorted(values)},
        )
        for one, row, values in chunk.met
        if values
    ]
    tagged = [
        NewFact(kind="tag.added", contact_id=contact_id, subject=("tag", tag_id), actor=chunk.actor,
                properties={"tag": name})
        for contact_id, tag_id, name in added
    ]  # fmt: skip
    facts.record_many(session, [*new, *changed, *tagged])


def _count(session: Session, chunk: Chunk, added: Sequence[tuple[int, int, str]]) -> None:
    tagged = {contact_id for contact_id, _tag_id, _name in added}
    updated = sum(bool(changed) or row.id in tagged | chunk.revived for _one, row, changed in chunk.met)
    chunk.counts.update(created=len(chunk.new), updated=updated, unchanged=len(chunk.met) - updated)
    for rejection in chunk.rejections:
        chunk.counts["duplicates" if rejection.kind == "duplicate" else "rejected"] += 1
    if chunk.ids:
        places = select(ImportedContact.contact_id).where(
            ImportedContact.company_id == company_of(session),
            ImportedContact.import_id == chunk.entry.id,
            ImportedContact.line.between(min(chunk.ids), max(chunk.ids)),
        )
        query = select(func.count(Contact.id)).where(Contact.id.in_(places), conditions.is_mailable())
        chunk.counts["mailable"] = session.scalar(query) or 0
        chunk.counts["not_mailable"] = len(chunk.ids) - chunk.counts["mailable"]


def _write_report(session: Session, chunk: Chunk) -> None:
    written = [one for one, _rest in chunk.new] + [one for one, _row, _changes in chunk.met]
    for one in written:
        if one.gaps:
            chunk.counts["gaps"] += 1
            fields = ", ".join(name for name, _reason in one.gaps if name)
            reasons = " ".join(reason for _name, reason in one.gaps)
            chunk.rejections.append(Rejection(one.line, "gap", fields, reasons, one.cells))
    company_id = company_of(session)
    rows = [
        {"company_id": company_id, "import_id": chunk.entry.id, "line": r.line, "kind": r.kind, "field": r.field[:64],
         "reason": r.reason[:500], "cells": [cell[:_CELL] for cell in r.cells]}
        for r in chunk.rejections
    ]  # fmt: skip
    if rows:
        session.execute(insert(ImportRejection.__table__), rows)  # type: ignore[arg-type]
