"""Writes many contacts at once, set-based: new rows, changed columns, the words they are found by, their tags."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db import insert_rows, upsert_rows
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.rooms.contacts import catalogue
from lux.rooms.contacts.models import Contact, ContactTag, ContactWord, Tag

COLUMNS: Final = ("email", "phone", *catalogue.STORED, "attrs")
NAMES: Final = ("first_name", "last_name", "organisation")
NEW: Final = ("public_id", "email", "email_key", "phone", *catalogue.STORED, "attrs", "version")
_INSERTED: Final = (*NEW, "company_id", "import_id", "created_at", "updated_at")
_IN_AT_ONCE: Final = 1000  # values of one IN list

Tags = dict[str, tuple[int, str]]  # name key → (id, name)


class Raced(Exception):
    """Somebody else made one of these contacts at the same moment: try again from the look at what is there."""


class Changed(NamedTuple):
    """A contact that is there, as it shall be."""

    id: int
    version: int
    trashed_at: dt.datetime | None
    columns: Mapping[str, Any]  # all of COLUMNS


def insert_contacts(
    session: Session, rows: Sequence[tuple[Any, ...]], *, import_id: int | None = None
) -> dict[uuid.UUID, int]:
    """Insert contacts, each a tuple in the order of NEW; returns public id → id. Raises Raced when one is there."""
    now = clock.now()
    own = (company_of(session), import_id, now, now)
    # a clash writes nothing and is found below, instead of losing everything to an error
    full = [row + own for row in rows]
    upsert_rows(session, cast("Table", Contact.__table__), _INSERTED, full, key=("company_id", "email_key"))
    found: dict[uuid.UUID, int] = {}
    for part in _parts([row[0] for row in rows]):
        query = select(Contact.public_id, Contact.id).where(Contact.public_id.in_(part))
        found.update((row.public_id, row.id) for row in session.execute(query))
    if len(found) != len(rows):
        raise Raced
    return found


def update_contacts(session: Session, changed: Sequence[Changed]) -> None:
    """Change contacts whose rows are locked."""
    if not changed:
        return
    now, table = clock.now(), cast("Table", Contact.__table__)
    statement = (
        update(table)
        .where(table.c.company_id == company_of(session), table.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in COLUMNS})
        .values(trashed_at=bindparam("trashed"), updated_at=bindparam("moment"), version=bindparam("reached"))
    )
    values = [
        {f"new_{name}": one.columns[name] for name in COLUMNS}
        | {"row_id": one.id, "moment": now, "trashed": one.trashed_at, "reached": one.version}
        for one in changed
    ]
    session.connection().execute(statement, values)


def write_words(session: Session, texts: Mapping[int, Sequence[str]], *, renamed: Sequence[int]) -> None:
    """Write the searchable words of contacts: contact id to names; `renamed` have older ones, which go."""
    for part in _parts(renamed):
        session.execute(
            delete(ContactWord).where(ContactWord.contact_id.in_(part)).execution_options(synchronize_session=False)
        )
    company_id = company_of(session)
    rows = [(company_id, word, number) for number, names in texts.items() for word in catalogue.words_of(*names)]
    insert_rows(session, cast("Table", ContactWord.__table__), ("company_id", "word", "contact_id"), rows)


def known_tags(session: Session, keys: Collection[str]) -> Tags:
    """Return the tags of these name keys that there are."""
    found: Tags = {}
    for part in _parts(sorted(keys)):
        query = select(Tag.name_key, Tag.id, Tag.name).where(Tag.name_key.in_(part))
        found.update((row.name_key, (row.id, row.name)) for row in session.execute(query))
    return found


def make_tags(session: Session, names: Collection[str]) -> Tags:
    """Make tags that are missing; returns them."""
    by_key = {name.casefold(): name for name in names}
    company_id, now = company_of(session), clock.now()
    rows = [(company_id, uuid7(), by_key[key], key, now) for key in sorted(by_key)]  # one order: no deadlocks
    columns = ("company_id", "public_id", "name", "name_key", "created_at")
    upsert_rows(session, cast("Table", Tag.__table__), columns, rows, key=("company_id", "name_key"))
    return known_tags(session, by_key)


def put_tags(
    session: Session, wanted: Mapping[tuple[int, int], str], *, known: Collection[int]
) -> list[tuple[int, int, str]]:
    """Tag contacts: (contact id, tag id) to the tag's name; returns those that are new, in their order.

    `known` are the contacts that may carry tags already.
    """
    missing = dict(wanted)
    for pair in _present(session, sorted(known) if missing else []):
        missing.pop(pair, None)
    company_id, now = company_of(session), clock.now()
    columns = ("company_id", "tag_id", "contact_id", "added_at")
    rows = [(company_id, tag_id, contact_id, now) for contact_id, tag_id in missing]
    insert_rows(session, cast("Table", ContactTag.__table__), columns, rows)
    return [(contact_id, tag_id, name) for (contact_id, tag_id), name in missing.items()]


def _present(session: Session, contact_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    for part in _parts(contact_ids):
        query = select(ContactTag.contact_id, ContactTag.tag_id).where(ContactTag.contact_id.in_(part))
        yield from ((row.contact_id, row.tag_id) for row in session.execute(query))


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _IN_AT_ONCE):
        yield values[start : start + _IN_AT_ONCE]
