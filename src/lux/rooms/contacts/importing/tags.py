"""The tags of an import: unknown ones are made, each contact gets what it has not got yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db import insert_rows, upsert_rows
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.importing.chunk import Chunk, refuse
from lux.rooms.contacts.importing.plan import SKIP
from lux.rooms.contacts.importing.rows import Candidate
from lux.rooms.contacts.models import ContactTag, Tag

MOST_NEW: Final = 500  # tags that one file may bring: more of them are not tags but the wrong column
_IN_AT_ONCE: Final = 1000

Known = Mapping[str, tuple[int, str]]  # name key → (id, name)


def resolve(session: Session, chunk: Chunk) -> Known:
    """Return all tags the chunk names, making the unknown ones; rows that bring too many new ones are refused."""
    names: dict[str, str] = {}
    for one in _tagged(chunk):
        for name in (*chunk.options.tags, *one.tags):
            names.setdefault(name.casefold(), name)
    known = _known(session, list(names))
    missing = [key for key in names if key not in known]
    room = max(0, MOST_NEW - chunk.tags_made)
    if missing[:room]:
        _make(session, [names[key] for key in missing[:room]])
        known |= _known(session, missing[:room])
        chunk.counts["new_tags"] = len(missing[:room])
    if missing[room:]:
        _refuse_all_with(chunk, frozenset(missing[room:]))
    return known


def write(session: Session, chunk: Chunk, known: Known) -> list[tuple[int, int, str]]:
    """Tag the contacts; returns (contact id, tag id, name) of what is new."""
    wanted: dict[tuple[int, int], str] = {}
    for one in _tagged(chunk):
        for name in (*chunk.options.tags, *one.tags):
            if found := known.get(name.casefold()):
                wanted[chunk.ids[one.line], found[0]] = found[1]
    for pair in _present(session, [row.id for _one, row, _changes in chunk.met] if wanted else []):
        wanted.pop(pair, None)
    company_id, now = company_of(session), clock.now()
    columns = ("company_id", "tag_id", "contact_id", "added_at")
    rows = [(company_id, tag_id, contact_id, now) for contact_id, tag_id in wanted]
    insert_rows(session, cast("Table", ContactTag.__table__), columns, rows)
    return [(contact_id, tag_id, name) for (contact_id, tag_id), name in wanted.items()]


def _tagged(chunk: Chunk) -> Iterator[Candidate]:
    """Yield who gets tags: new contacts, and known ones unless they are to stay as they are."""
    yield from (one for one, _public_id in chunk.new)
    if chunk.options.duplicates != SKIP:
        yield from (one for one, _row, _changes in chunk.met)


def _known(session: Session, keys: list[str]) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for start in range(0, len(keys), _IN_AT_ONCE):
        query = select(Tag.name_key, Tag.id, Tag.name).where(Tag.name_key.in_(keys[start : start + _IN_AT_ONCE]))
        found.update((row.name_key, (row.id, row.name)) for row in session.execute(query))
    return found


def _make(session: Session, names: list[str]) -> None:
    company_id, now = company_of(session), clock.now()
    rows = [(company_id, uuid7(), name, name.casefold(), now) for name in names]
    columns = ("company_id", "public_id", "name", "name_key", "created_at")
    upsert_rows(session, cast("Table", Tag.__table__), columns, rows, key=("company_id", "name_key"))


def _refuse_all_with(chunk: Chunk, keys: frozenset[str]) -> None:
    reason = _("The file brings more than %(most)s new tags: is this column really one of tags?", most=MOST_NEW)

    def is_refused(one: Candidate) -> bool:
        if any(name.casefold() in keys for name in one.tags):
            refuse(chunk, one, "rejected", reason, _("Tags"))
            return True
        return False

    chunk.new = [pair for pair in chunk.new if not is_refused(pair[0])]
    chunk.met = [triple for triple in chunk.met if not is_refused(triple[0])]


def _present(session: Session, contact_ids: list[int]) -> Iterator[tuple[int, int]]:
    for start in range(0, len(contact_ids), _IN_AT_ONCE):
        query = select(ContactTag.contact_id, ContactTag.tag_id).where(
            ContactTag.contact_id.in_(contact_ids[start : start + _IN_AT_ONCE])
        )
        yield from ((row.contact_id, row.tag_id) for row in session.execute(query))
