"""Writes one chunk of candidates set-based: contacts, words, tags, consent, facts, report and place, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts import catalogue, writing
from lux.rooms.contacts.importing import effects, merge, permission, tags
from lux.rooms.contacts.importing.chunk import Chunk, refuse
from lux.rooms.contacts.importing.plan import OVERWRITE
from lux.rooms.contacts.importing.rows import Rejection
from lux.rooms.contacts.models import Contact, ImportedContact, ImportRejection, Lifecycle
from lux.rooms.contacts.queries import conditions
from lux.rooms.contacts.writing import NAMES

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
    default = Lifecycle(chunk.options.lifecycle)
    rows: list[tuple[Any, ...]] = []
    for one, public_id in chunk.new:
        values = {"source": chunk.options.source, "lifecycle": default} | one.fields
        stored = [values.get(name, "") for name in catalogue.STORED]
        rows.append((public_id, one.email, one.email_key, one.phone, *stored, one.attrs, 1))
    found = writing.insert_contacts(session, rows, import_id=chunk.entry.id)
    chunk.ids.update((one.line, found[public_id]) for one, public_id in chunk.new)


def _update_met(session: Session, chunk: Chunk) -> None:
    chunk.ids.update((one.line, row.id) for one, row, _changes in chunk.met)
    found = []
    for _one, row, changed in chunk.met:
        is_revived = row.id in chunk.revived
        if changed or is_revived:
            after = {name: changed.get(name, getattr(row, name)) for name in writing.COLUMNS}
            trashed_at = None if is_revived else row.trashed_at
            found.append(writing.Changed(row.id, row.version + 1, trashed_at, after))
    writing.update_contacts(session, found)


def _write_words(session: Session, chunk: Chunk) -> None:
    texts = {chunk.ids[one.line]: [one.fields.get(name, "") for name in NAMES] for one, _public_id in chunk.new}
    renamed = [(row, changed) for _one, row, changed in chunk.met if any(name in changed for name in NAMES)]
    for row, changed in renamed:
        texts[row.id] = [changed.get(name, getattr(row, name)) for name in NAMES]
    writing.write_words(session, texts, renamed=[row.id for row, _changed in renamed])


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
