"""Puts tags on contacts and takes them off; makes, renames and deletes tags."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.exc import IntegrityError

from lux.kit import clock
from lux.kit.db import insert_rows, upsert_rows
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import audit, facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts import values
from lux.rooms.contacts.models import Contact, ContactTag, Tag
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service.origin import actor_of, auditor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


def ensure(session: Session, names: Iterable[str]) -> list[Tag]:
    """Return the tags of these names, making those that are missing."""
    wanted: dict[str, str] = {}
    for name in filter(None, map(values.clean, names)):
        wanted.setdefault(name.casefold(), name)
    company_id, now = company_of(session), clock.now()
    known = set(session.scalars(select(Tag.name_key).where(Tag.name_key.in_(wanted))))
    rows = [(company_id, uuid7(), name[:64], key, now) for key, name in wanted.items() if key not in known]
    columns = ("company_id", "public_id", "name", "name_key", "created_at")
    upsert_rows(session, cast("Table", Tag.__table__), columns, rows, key=("company_id", "name_key"))
    return list(session.scalars(select(Tag).where(Tag.name_key.in_(wanted)).order_by(Tag.name_key)))


def set_tags(session: Session, contact: Contact, names: Iterable[str], person: Person | None) -> None:
    """Give a contact exactly these tags."""
    wanted = {tag.id: tag for tag in ensure(session, names)}
    present = {
        tag.id: tag
        for tag in session.scalars(
            select(Tag).join(ContactTag, ContactTag.tag_id == Tag.id).where(ContactTag.contact_id == contact.id)
        )
    }
    for tag_id, tag in present.items():
        if tag_id not in wanted:
            remove_tag(session, [contact.id], tag, person)
    for tag_id, tag in wanted.items():
        if tag_id not in present:
            add_tag(session, [contact.id], tag, person)


def add_tag(session: Session, contact_ids: Sequence[int], tag: Tag, person: Person | None) -> int:
    """Tag contacts; returns how many did not have it yet."""
    new = sorted(set(contact_ids) - _tagged(session, contact_ids, tag))
    company_id, now = company_of(session), clock.now()
    columns = ("company_id", "tag_id", "contact_id", "added_at")
    rows = [(company_id, tag.id, contact_id, now) for contact_id in new]
    insert_rows(session, cast("Table", ContactTag.__table__), columns, rows)
    _record(session, "tag.added", new, tag, person)
    return len(new)


def remove_tag(session: Session, contact_ids: Sequence[int], tag: Tag, person: Person | None) -> int:
    """Take a tag off contacts; returns how many had it."""
    had = sorted(_tagged(session, contact_ids, tag))
    for start in range(0, len(had), 1000):
        session.execute(
            delete(ContactTag)
            .where(ContactTag.tag_id == tag.id, ContactTag.contact_id.in_(had[start : start + 1000]))
            .execution_options(synchronize_session=False)
        )
    _record(session, "tag.removed", had, tag, person)
    return len(had)


def create(session: Session, name: str) -> Tag:
    """Make a tag; raises InvalidInput when the name is taken."""
    _refuse_twin(session, name, own_id=None)
    return ensure(session, [name])[0]


def rename(session: Session, tag: Tag, name: str) -> Tag:
    """Give a tag another name; raises InvalidInput when the name is taken."""
    clean = values.clean(name)
    _refuse_twin(session, clean, own_id=tag.id)
    try:
        with session.begin_nested():
            tag.name, tag.name_key = clean, clean.casefold()
    except IntegrityError as error:
        raise _taken(clean) from error
    return tag


def delete_tag(session: Session, tag: Tag, person: Person | None) -> int:
    """Delete a tag and take it off everybody; returns how many contacts had it. The audit chain notes it."""
    count = tables.tag_count(session, tag.id)
    for model, column in ((ContactTag, ContactTag.tag_id), (Tag, Tag.id)):
        session.execute(delete(model).where(column == tag.id).execution_options(synchronize_session=False))
    audit.append(
        session,
        company_of(session),
        actor=auditor_of(person),
        action="tag.deleted",
        object_type="tag",
        object_id=str(tag.public_id),
        detail={"name": tag.name, "contacts": count},
    )
    return count


def by_name_or_id(session: Session, text: str, *, make: bool) -> Tag:
    """Return the tag a form names, by public id or by name; one that is missing is made, or raises InvalidInput."""
    try:
        return tables.tag_by_public_id(session, uuid.UUID(text))
    except ValueError:
        name = values.clean(text)
    if make:
        found = ensure(session, [name])
    else:
        found = list(session.scalars(select(Tag).where(Tag.name_key == name.casefold())))
    if not found:
        raise InvalidInput(field="tag", message=_("Choose a tag."), fix=_("Enter the name of one you have."))
    return found[0]


def _tagged(session: Session, contact_ids: Sequence[int], tag: Tag) -> set[int]:
    found: set[int] = set()
    ids = list(contact_ids)
    for start in range(0, len(ids), 1000):
        query = select(ContactTag.contact_id).where(
            ContactTag.tag_id == tag.id, ContactTag.contact_id.in_(ids[start : start + 1000])
        )
        found.update(session.scalars(query))
    return found


def _record(session: Session, kind: str, contact_ids: Sequence[int], tag: Tag, person: Person | None) -> None:
    facts.record_many(
        session,
        [
            NewFact(
                kind=kind,
                contact_id=contact_id,
                subject=("tag", tag.id),
                actor=actor_of(person),
                properties={"tag": tag.name},
            )
            for contact_id in contact_ids
        ],
    )


def _refuse_twin(session: Session, name: str, own_id: int | None) -> None:
    twin = session.scalar(select(Tag).where(Tag.name_key == values.clean(name).casefold()))
    if twin is not None and twin.id != own_id:
        raise _taken(twin.name)


def _taken(name: str) -> InvalidInput:
    return InvalidInput(
        field="name",
        message=_("There is a tag “%(name)s” already.", name=name),
        fix=_("Choose another name, or use that tag."),
    )
