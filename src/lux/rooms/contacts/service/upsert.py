"""Makes or changes many contacts by address, set-based; each row is answered for itself, as if it had come alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lux.gate import ownership
from lux.kit.db.base import uuid7
from lux.kit.errors import LuxError, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts import catalogue, values, writing
from lux.rooms.contacts.importing import merge
from lux.rooms.contacts.service.edit import changed_fields, columns_of
from lux.rooms.contacts.service.origin import actor_of
from lux.rooms.contacts.writing import Changed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.rooms.contacts.forms.contact import ContactInput
    from lux.rooms.contacts.importing.merge import Known

Outcome = Literal["created", "updated", "unchanged", "skipped", "refused"]


@dataclass(frozen=True, kw_only=True)
class Present:
    """A contact as it stands before a row: by column, and its version."""

    columns: Mapping[str, Any]
    version: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: whom it is about, and what it says of them."""

    email_key: str | None  # None = nobody is looked up
    read: Callable[[Present | None], ContactInput]  # over what is there; raises InvalidInput
    tags: Sequence[str] = ()  # to be added


@dataclass(kw_only=True)
class Done:
    """What became of one row."""

    outcome: Outcome
    public_id: uuid.UUID | None = None
    error: LuxError | None = None


@dataclass(kw_only=True)
class _Subject:
    """Somebody whom rows are about, on the way into the database."""

    public_id: uuid.UUID
    columns: dict[str, Any]
    version: int
    known: Known | None = None
    id: int = 0  # of a new one: once it is inserted
    renamed: bool = False
    called: bool = False  # has an address or number that it did not have


@dataclass
class _Batch:
    """All rows of one call."""

    skips_known: bool
    subjects: dict[str, _Subject] = field(default_factory=dict)  # by address
    nameless: list[_Subject] = field(default_factory=list)  # new ones without an address
    facts: list[tuple[_Subject, str, dict[str, Any]]] = field(default_factory=list)  # kind, properties
    tagged: list[tuple[_Subject, Done, list[str]]] = field(default_factory=list)  # names that a row gives

    @property
    def everybody(self) -> list[_Subject]:
        """Return all that there is to write about."""
        return [*self.subjects.values(), *self.nameless]


def upsert(session: Session, rows: Sequence[Row], person: Person | None, *, skips_known: bool = False) -> list[Done]:
    """Carry out the rows in their order; a refused one changes nothing. `skips_known` = contacts there stay as are.

    Raises Raced when somebody else made one of them since the transaction began: roll back and come again.
    """
    batch = _Batch(skips_known)
    for key, row in merge.by_address(session, {row.email_key for row in rows if row.email_key}).items():
        columns = {name: getattr(row, name) for name in ("email_key", *writing.COLUMNS)}
        columns["attrs"] = columns["attrs"] or {}
        batch.subjects[key] = _Subject(public_id=row.public_id, columns=columns, version=row.version, known=row)
    done = [_placed(batch, row) for row in rows]
    tags = _tags(session, batch)
    _write_contacts(session, batch)
    added = _put_tags(session, batch, tags)
    _write_facts(session, batch, added, actor_of(person))
    return done


def _placed(batch: _Batch, row: Row) -> Done:
    """Carry out one row in memory."""
    try:
        subject = batch.subjects.get(row.email_key or "")
        if subject is None:
            done, subject = _created(batch, row.read(None))
        elif batch.skips_known:
            return Done(outcome="skipped", public_id=subject.public_id)
        else:
            done = _changed(batch, subject, row)
    except LuxError as error:
        return Done(outcome="refused", error=error)
    if row.tags:
        batch.tagged.append((subject, done, list(row.tags)))
    return done


def _created(batch: _Batch, data: ContactInput) -> tuple[Done, _Subject]:
    made = _Subject(public_id=uuid7(), columns=columns_of(data), version=1, renamed=True, called=True)
    if data.email is None:
        batch.nameless.append(made)
    else:
        batch.subjects[data.email.key] = made
    batch.facts.append((made, "contact.created", {}))
    return Done(outcome="created", public_id=made.public_id), made


def _changed(batch: _Batch, subject: _Subject, row: Row) -> Done:
    if subject.known is not None and subject.known.trashed_at is not None:
        raise WrongState(_("This contact is in the trash."), fix=_("Restore it first, then change it."))
    before = subject.columns
    wanted = columns_of(row.read(Present(columns=before, version=subject.version)))
    changed = sorted(name for name, value in wanted.items() if before[name] != value)
    if not changed:
        return Done(outcome="unchanged", public_id=subject.public_id)
    subject.columns, subject.version = wanted, subject.version + 1
    subject.renamed |= any(name in changed for name in writing.NAMES)
    subject.called |= "phone" in changed
    properties = {"fields": changed_fields(changed, before["attrs"], wanted["attrs"]), "version": subject.version}
    batch.facts.append((subject, "contact.updated", properties))
    return Done(outcome="updated", public_id=subject.public_id)


def _write_contacts(session: Session, batch: _Batch) -> None:
    new = sorted((one for one in batch.everybody if one.known is None), key=lambda one: one.columns["email_key"] or "")
    rows = [
        (one.public_id, *(one.columns[name] for name in ("email", "email_key", "phone", *catalogue.STORED, "attrs")),
         one.version)
        for one in new  # in one order for all writers: no deadlocks
    ]  # fmt: skip
    ids = writing.insert_contacts(session, rows)
    for one in batch.everybody:
        one.id = one.known.id if one.known is not None else ids[one.public_id]
    changed = [one for one in batch.everybody if one.known is not None and one.version != one.known.version]
    writing.update_contacts(session, [Changed(one.id, one.version, None, one.columns) for one in changed])
    texts = {one.id: [one.columns[name] for name in writing.NAMES] for one in batch.everybody if one.renamed}
    writing.write_words(session, texts, renamed=[one.id for one in changed if one.renamed])
    linked: dict[str, int] = {}
    for one in batch.everybody:
        for key in (one.columns["email_key"], one.columns["phone"]) if one.called else ():
            linked.setdefault(key or "", one.id)  # two may share a number: what was said from it is the first one's
    linked.pop("", None)
    ownership.link_contacts(session, linked)


def _tags(session: Session, batch: _Batch) -> writing.Tags:
    """Return the tags that the rows name, making those that are missing."""
    names: dict[str, str] = {}
    for name in (values.clean(name)[:64] for _subject, _done, given in batch.tagged for name in given):
        names.setdefault(name.casefold(), name)
    names.pop("", None)
    known = writing.known_tags(session, names)
    missing = [name for key, name in names.items() if key not in known]
    return known | writing.make_tags(session, missing)


def _put_tags(session: Session, batch: _Batch, tags: writing.Tags) -> list[tuple[int, int, str]]:
    """Tag the contacts; a row that did nothing else has changed somebody by that."""
    wanted: dict[tuple[int, int], str] = {}
    firsts: dict[tuple[int, int], Done] = {}
    for subject, done, given in batch.tagged:
        for key in map(_key, given):
            if key in tags:
                wanted[subject.id, tags[key][0]] = tags[key][1]
                firsts.setdefault((subject.id, tags[key][0]), done)
    known = [one.id for one in batch.everybody if one.known is not None]
    added = writing.put_tags(session, wanted, known=known)
    for contact_id, tag_id, _name in added:
        done = firsts[contact_id, tag_id]
        done.outcome = "updated" if done.outcome == "unchanged" else done.outcome
    return added


def _write_facts(session: Session, batch: _Batch, added: Sequence[tuple[int, int, str]], actor: str) -> None:
    said = [NewFact(kind=kind, contact_id=one.id, actor=actor, properties=more) for one, kind, more in batch.facts]
    tagged = [
        NewFact(kind="tag.added", contact_id=contact_id, subject=("tag", tag_id), actor=actor, properties={"tag": name})
        for contact_id, tag_id, name in added
    ]
    facts.record_many(session, [*said, *tagged])


def _key(name: str) -> str:
    return values.clean(name)[:64].casefold()
