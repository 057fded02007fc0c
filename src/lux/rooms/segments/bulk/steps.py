"""Does an action to one chunk of contacts, set-based, and says what was there before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Table, delete, select, update

from lux.kit.db import insert_rows
from lux.kit.db.session import company_of
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts.forms.contact import CUSTOM
from lux.rooms.contacts.models import Contact, ContactTag, Lifecycle
from lux.rooms.segments.bulk.plan import Marks
from lux.rooms.segments.models import SegmentMember

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NOTHING: Final[dict[str, Any]] = {}


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a step works with."""

    session: Session
    action_id: int
    public_id: str
    args: Mapping[str, Any]
    actor: str  # as facts name who did it
    now: dt.datetime
    reason: str = ""  # of taking it back


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table of pairs: tag and contact, list and contact."""

    model: Any
    key: str  # its other column
    arg: str  # where the action holds that id
    added: str  # kinds of facts
    removed: str
    subject: str


TAGS = Relation(model=ContactTag, key="tag_id", arg="tag_id", added="tag.added", removed="tag.removed", subject="tag")
LISTS = Relation(
    model=SegmentMember,
    key="segment_id",
    arg="segment_id",
    added="segment.entered",
    removed="segment.left",
    subject="segment",
)


def add(work: Work, relation: Relation, contacts: Sequence[Contact]) -> Marks:
    """Relate contacts that are not yet."""
    ids = [one.id for one in contacts]
    new = sorted(set(ids) - set(present(work, relation, ids)))
    insert(work, relation, dict.fromkeys(new, work.now), relation.added)
    return Marks(changed={one: (NOTHING, {"at": work.now.isoformat()}) for one in new})


def remove(work: Work, relation: Relation, contacts: Sequence[Contact]) -> Marks:
    """End the relation of those that have it."""
    had = present(work, relation, [one.id for one in contacts])
    drop(work, relation, sorted(had), relation.removed)
    return Marks(changed={one: ({"at": at.isoformat()}, NOTHING) for one, at in had.items()})


def present(work: Work, relation: Relation, ids: Sequence[int]) -> dict[int, dt.datetime]:
    """Return contact id → since when, of those that are related."""
    model = relation.model
    query = select(model.contact_id, model.added_at).where(
        getattr(model, relation.key) == work.args[relation.arg], model.contact_id.in_(ids)
    )
    return {row[0]: row[1] for row in work.session.execute(query)}


def insert(work: Work, relation: Relation, since: Mapping[int, dt.datetime], kind: str) -> None:
    """Relate contacts, each since its own moment."""
    company_id, other = company_of(work.session), work.args[relation.arg]
    columns = ("company_id", relation.key, "contact_id", "added_at")
    rows = [(company_id, other, contact_id, at) for contact_id, at in sorted(since.items())]
    insert_rows(work.session, cast("Table", relation.model.__table__), columns, rows)
    _tell(work, relation, kind, since)


def drop(work: Work, relation: Relation, ids: Sequence[int], kind: str) -> None:
    """End the relation of these contacts."""
    model = relation.model
    work.session.execute(
        delete(model)
        .where(getattr(model, relation.key) == work.args[relation.arg], model.contact_id.in_(ids))
        .execution_options(synchronize_session=False)
    )
    _tell(work, relation, kind, ids)


def set_field(work: Work, contacts: Sequence[Contact]) -> Marks:
    """Write one value into one field of all; None empties an own field."""
    name, value = work.args["field"], work.args["value"]
    changed = {one.id: value_of(one, name) for one in contacts if value_of(one, name) != value}
    write(work, name, dict.fromkeys(changed, value))
    return Marks(changed={one: ({"value": before}, {"value": value}) for one, before in changed.items()})


def value_of(contact: Contact, name: str) -> Any:  # noqa: ANN401 - any field
    """Return what a field holds as plain JSON; None = an own field that is empty."""
    if name.startswith(CUSTOM):
        return contact.attrs.get(name.removeprefix(CUSTOM))
    value = getattr(contact, name)
    return value.value if isinstance(value, Lifecycle) else value


def write(work: Work, name: str, wanted: Mapping[int, Any]) -> None:
    """Write a value of its own into one field of each contact, and tell the ledger."""
    if not wanted:
        return
    session = work.session
    rows: list[dict[str, Any]] = []
    if name.startswith(CUSTOM):
        key = name.removeprefix(CUSTOM)
        attrs = session.execute(select(Contact.id, Contact.attrs).where(Contact.id.in_(list(wanted))))
        for contact_id, before in attrs:
            after = {one: kept for one, kept in before.items() if one != key}
            rows.append({"id": contact_id, "attrs": after if wanted[contact_id] is None else
                         before | {key: wanted[contact_id]}})  # fmt: skip
    else:
        read: Callable[[Any], Any] = Lifecycle if name == "lifecycle" else str
        rows = [{"id": one, name: read(value)} for one, value in sorted(wanted.items())]
    session.execute(update(Contact), rows, execution_options={"synchronize_session": False})
    session.execute(
        update(Contact)
        .where(Contact.id.in_(list(wanted)))
        .values(version=Contact.version + 1, updated_at=work.now)
        .execution_options(synchronize_session=False)
    )
    record(work, "contact.updated", sorted(wanted), properties={"fields": [name], "bulk": work.public_id})


def trash(work: Work, contacts: Sequence[Contact]) -> Marks:
    """Put contacts into the trash."""
    ids = [one.id for one in contacts]
    move(work, ids, at=work.now)
    return Marks(changed={one: (NOTHING, {"at": work.now.isoformat()}) for one in ids})


def move(work: Work, ids: Sequence[int], *, at: dt.datetime | None) -> None:
    """Put contacts into the trash (`at`), or take them out of it."""
    work.session.execute(
        update(Contact)
        .where(Contact.id.in_(ids))
        .values(trashed_at=at, trashed_by=work.actor if at else None, updated_at=work.now)
        .execution_options(synchronize_session=False)
    )
    record(work, "contact.updated", ids, properties={"change": "trashed" if at else "restored"})


def record(
    work: Work,
    kind: str,
    ids: Sequence[int],
    *,
    subject: tuple[str, int] | None = None,
    properties: Mapping[str, Any] = NOTHING,
) -> None:
    """Write the same fact about several contacts."""
    facts.record_many(
        work.session,
        [
            NewFact(kind=kind, contact_id=one, subject=subject, actor=work.actor, properties=properties, at=work.now)
            for one in ids
        ],
    )


def _tell(work: Work, relation: Relation, kind: str, ids: Sequence[int] | Mapping[int, Any]) -> None:
    properties = {"tag": work.args["name"]} if relation is TAGS else NOTHING
    record(work, kind, sorted(ids), subject=(relation.subject, work.args[relation.arg]), properties=properties)
