"""The tags of an import: unknown ones are made, each contact gets what it has not got yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from lux.kit.i18n import gettext as _
from lux.rooms.contacts import writing
from lux.rooms.contacts.importing.chunk import Chunk, refuse
from lux.rooms.contacts.importing.plan import SKIP
from lux.rooms.contacts.importing.rows import Candidate
from lux.rooms.contacts.writing import Tags

MOST_NEW: Final = 500  # tags that one file may bring: more of them are not tags but the wrong column


def resolve(session: Session, chunk: Chunk) -> Tags:
    """Return all tags the chunk names, making the unknown ones; rows that bring too many new ones are refused."""
    names: dict[str, str] = {}
    for one in _tagged(chunk):
        for name in (*chunk.options.tags, *one.tags):
            names.setdefault(name.casefold(), name)
    known = writing.known_tags(session, names)
    missing = [key for key in names if key not in known]
    room = max(0, MOST_NEW - chunk.tags_made)
    if missing[:room]:
        known |= writing.make_tags(session, [names[key] for key in missing[:room]])
        chunk.counts["new_tags"] = len(missing[:room])
    if missing[room:]:
        _refuse_all_with(chunk, frozenset(missing[room:]))
    return known


def write(session: Session, chunk: Chunk, known: Tags) -> list[tuple[int, int, str]]:
    """Tag the contacts; returns (contact id, tag id, name) of what is new."""
    wanted: dict[tuple[int, int], str] = {}
    for one in _tagged(chunk):
        for name in (*chunk.options.tags, *one.tags):
            if found := known.get(name.casefold()):
                wanted[chunk.ids[one.line], found[0]] = found[1]
    return writing.put_tags(session, wanted, known=[row.id for _one, row, _changes in chunk.met])


def _tagged(chunk: Chunk) -> Iterator[Candidate]:
    """Yield who gets tags: new contacts, and known ones unless they are to stay as they are."""
    yield from (one for one, _public_id in chunk.new)
    if chunk.options.duplicates != SKIP:
        yield from (one for one, _row, _changes in chunk.met)


def _refuse_all_with(chunk: Chunk, keys: frozenset[str]) -> None:
    reason = _("The file brings more than %(most)s new tags: is this column really one of tags?", most=MOST_NEW)

    def is_refused(one: Candidate) -> bool:
        if any(name.casefold() in keys for name in one.tags):
            refuse(chunk, one, "rejected", reason, _("Tags"))
            return True
        return False

    chunk.new = [pair for pair in chunk.new if not is_refused(pair[0])]
    chunk.met = [triple for triple in chunk.met if not is_refused(triple[0])]
