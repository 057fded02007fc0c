"""What a row changes about a contact that is there already, by the policy for known contacts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from lux.rooms.contacts.importing.plan import FILL, OVERWRITE
from lux.rooms.contacts.importing.rows import Candidate
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.writing import COLUMNS

_IN_AT_ONCE = 1000  # values of one IN list

Known = Row[Any]


def known_contacts(session: Session, candidates: Sequence[Candidate]) -> dict[tuple[str, str], Known]:
    """Return the contacts that the candidates name, by identity: the address, else the number; their rows are locked.

    Without the lock somebody could save a contact between this look and what is written after it, and lose the change.
    """
    emails = {c.email_key for c in candidates if c.email_key}
    phones = {c.phone for c in candidates if not c.email_key and c.phone}
    ids = {*_ids(session, Contact.email_key, emails), *_ids(session, Contact.phone, phones)}
    found: dict[tuple[str, str], Known] = {}
    for row in _locked(session, ids):
        if row.email_key in emails:
            found["email", row.email_key] = row
        key = ("phone", row.phone or "")
        if row.phone in phones and (key not in found or _rank(row) < _rank(found[key])):
            found[key] = row
    return found


def by_address(session: Session, email_keys: Collection[str]) -> dict[str, Known]:
    """Return the contacts that have these addresses, by address key; their rows are locked."""
    return {row.email_key: row for row in _locked(session, set(_ids(session, Contact.email_key, email_keys)))}


def changes(known: Known, candidate: Candidate, policy: str, default_source: str = "") -> dict[str, Any]:
    """Return column → new value; empty cells never erase, and the address itself is never rewritten."""
    if policy not in {FILL, OVERWRITE}:
        return {}
    offered: dict[str, Any] = dict(candidate.fields)
    if candidate.phone:
        offered["phone"] = candidate.phone
    if candidate.email and not known.email:
        offered["email"] = candidate.email
    if default_source and not known.source:
        offered.setdefault("source", default_source)
    values = known._mapping  # noqa: SLF001 - the documented way to read a Row by name
    found = {
        name: value
        for name, value in offered.items()
        if value != values[name] and (policy == OVERWRITE or not values[name])
    }
    attrs = dict(known.attrs or {})
    for key, value in candidate.attrs.items():
        if policy == OVERWRITE or attrs.get(key) in (None, ""):
            attrs[key] = value
    if attrs != (known.attrs or {}):
        found["attrs"] = attrs
    return found


def _ids(session: Session, column: Any, keys: Collection[str]) -> Iterator[int]:  # noqa: ANN401 - a mapped column
    wanted = sorted(keys)
    for start in range(0, len(wanted), _IN_AT_ONCE):
        yield from session.scalars(select(Contact.id).where(column.in_(wanted[start : start + _IN_AT_ONCE])))


def _locked(session: Session, ids: Collection[int]) -> Iterator[Known]:
    """Yield the rows as they are once nobody else can change them; in the order of their ids, as all writers lock."""
    columns = [getattr(Contact, name) for name in ("id", "public_id", "email_key", "trashed_at", "version", *COLUMNS)]
    wanted = sorted(ids)
    for start in range(0, len(wanted), _IN_AT_ONCE):
        query = select(*columns).where(Contact.id.in_(wanted[start : start + _IN_AT_ONCE])).order_by(Contact.id)
        yield from session.execute(query.with_for_update())


def _rank(row: Known) -> tuple[bool, bool, int]:
    """Prefer who is not in the trash, then who has no address, then who came first."""
    return (row.trashed_at is not None, row.email_key is not None, row.id)
