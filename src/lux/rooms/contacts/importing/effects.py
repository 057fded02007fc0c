"""What an import did to each contact, written with its chunk: so a repeat is seen, and the whole of it can be undone.

A row keeps the values it overwrote, and none of a contact that is new; a contact's own limits bound it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from lux.kit.db import insert_rows
from lux.kit.db.session import company_of
from lux.rooms.contacts.importing.chunk import Chunk
from lux.rooms.contacts.models import ImportedContact

NEW: Final = "n"  # the contact came with the import
FIELDS: Final = "f"  # it changed fields
TAGGED: Final = "t"
CONSENTED: Final = "c"  # it wrote a consent
BLOCKED: Final = "b"  # it blocked the address
WITHDREW: Final = "w"  # it took a consent back
TRASHED: Final = "trashed"  # ImportedContact.kept: an undo put the contact into the trash
_COLUMNS: Final = ("company_id", "import_id", "contact_id", "line", "version", "effect", "overwritten")
_IN_AT_ONCE: Final = 1000


def write(session: Session, chunk: Chunk, added: Sequence[tuple[int, int, str]]) -> None:
    """Write one row per contact that the chunk met; `added` are (contact id, tag id, name) of fresh tags."""
    company_id, import_id = company_of(session), chunk.entry.id
    tags: dict[int, list[int]] = {}
    for contact_id, tag_id, _name in added:
        tags.setdefault(contact_id, []).append(tag_id)
    rows: list[tuple[Any, ...]] = []
    for one, _public_id in chunk.new:
        contact_id = chunk.ids[one.line]
        tagged = tags.get(contact_id)
        effect = NEW + _letters(chunk, contact_id, one.email_key, tagged)
        rows.append((company_id, import_id, contact_id, one.line, 1, effect, {"tags": tagged} if tagged else None))
    for one, row, changed in chunk.met:
        tagged, is_revived = tags.get(row.id), row.id in chunk.revived
        own = NEW if is_revived else FIELDS if changed else ""
        effect = own + _letters(chunk, row.id, one.email_key or row.email_key, tagged)
        change = ({"tags": tagged} if tagged else {}) | (_overwritten(row, changed) if own == FIELDS else {})
        version = row.version + (1 if changed or is_revived else 0)
        rows.append((company_id, import_id, row.id, one.line, version, effect, change or None))
    insert_rows(session, cast("Table", ImportedContact.__table__), _COLUMNS, rows)


def trashed_by_undo(session: Session, contact_ids: Sequence[int]) -> set[int]:
    """Return those of the contacts in the trash whom an undo put there: a file may bring them again."""
    found: set[int] = set()
    for start in range(0, len(contact_ids), _IN_AT_ONCE):
        query = select(ImportedContact.contact_id).where(
            ImportedContact.contact_id.in_(contact_ids[start : start + _IN_AT_ONCE]), ImportedContact.kept == TRASHED
        )
        found.update(session.scalars(query))
    return found


def plain(value: object) -> object:
    """Return a contact's value as JSON keeps it."""
    return value.value if isinstance(value, enum.Enum) else value


def _letters(chunk: Chunk, contact_id: int, email_key: str | None, tagged: list[int] | None) -> str:
    found = TAGGED if tagged else ""
    if contact_id in chunk.consented:
        found += CONSENTED
    if email_key in chunk.blocked:
        found += BLOCKED
    return found + (WITHDREW if email_key in chunk.withdrawn else "")


def _overwritten(row: Any, changed: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a Row of merge
    """Return fields and custom fields as {name: [before, after]}."""
    found: dict[str, Any] = {}
    fields = {name: [plain(getattr(row, name)), plain(new)] for name, new in changed.items() if name != "attrs"}
    if fields:
        found["fields"] = fields
    if "attrs" in changed:
        before = row.attrs or {}
        pairs = {key: [before.get(key), new] for key, new in changed["attrs"].items() if before.get(key) != new}
        found["attrs"] = pairs
    return found
