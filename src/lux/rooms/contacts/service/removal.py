"""Into the trash, back out of it, and erased for good: what every room knew of the person goes, the counts stay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, CursorResult, Text, delete, func, or_, select, update
from sqlalchemy import cast as sql_cast

from lux.gate import ownership
from lux.kit import clock, idempotency
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit, facts
from lux.ledger.facts import NewFact
from lux.ports.contributions import installed
from lux.rooms.contacts.models import Contact, ContactTag, ContactWord, ImportedContact, ImportRejection
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import files
from lux.rooms.contacts.service.origin import actor_of, auditor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


def trash(session: Session, contact_ids: Sequence[int], person: Person | None) -> int:
    """Put contacts into the trash: no list, segment or mail meets them there. Returns how many."""
    return _move(session, contact_ids, person, is_trashing=True)


def restore(session: Session, contact_ids: Sequence[int], person: Person | None) -> int:
    """Take contacts out of the trash; returns how many."""
    return _move(session, contact_ids, person, is_trashing=False)


def confirmation_of(contact: Contact) -> str:
    """Return what a person types to erase a contact: the address, else the number."""
    return contact.email or contact.phone or people.display_name(contact.first_name, contact.last_name, None, None)


def erase(session: Session, contact: Contact, person: Person | None, *, confirmation: str) -> int:
    """Erase a person for good (GDPR article 17); returns how many rows were touched. Raises InvalidInput.

    A block of the address stays as a bare key, so that nobody writes there again; a fact and an audit row without
    personal data say that somebody was erased. Exports and idle uploads go too; raises WrongState while an import runs.
    """
    if confirmation.strip() != confirmation_of(contact):
        raise InvalidInput(
            field="confirmation",
            message=_("This is not what was asked for."),
            fix=_("Type %(word)s exactly.", word=confirmation_of(contact)),
        )
    files_touched = files.drop_those_with_people(session)
    return files_touched + erase_everywhere(session, contact, person)


def erase_everywhere(session: Session, contact: Contact, person: Person | None) -> int:
    """Erase a person in every room, but for files that may name them; returns how many rows were touched.

    For those who lay in the trash longer than any export or upload is kept. Raises WrongState for one who is gone.
    """
    company_id, contact_id, public_id = company_of(session), contact.id, contact.public_id
    if session.scalar(select(Contact.id).where(Contact.id == contact_id).with_for_update()) is None:
        raise WrongState(_("This contact was erased already."))
    touched = sum(eraser.erase(session, company_id, contact_id, contact.email_key) for eraser in installed().erasers)
    for key in (contact.email_key, contact.phone):
        touched += ownership.forget(session, contact_id, key)
    touched += facts.forget_contact(session, contact_id)
    touched += idempotency.forget(session, [str(public_id), *filter(None, (contact.email, contact.phone))])
    touched += audit.forget_text(session, company_id, filter(None, (contact.email, contact.phone)))
    touched += _erase_own(session, contact)
    facts.record(session, NewFact(kind="contact.erased", actor=actor_of(person)))
    audit.append(
        session,
        company_id,
        actor=auditor_of(person),
        action="contact.erased",
        object_type="contact",
        object_id=str(public_id),
        detail={"rows": touched},
    )
    return touched


def _move(session: Session, contact_ids: Sequence[int], person: Person | None, *, is_trashing: bool) -> int:
    now, moved, by = clock.now(), list[int](), actor_of(person) if is_trashing else None
    ids = sorted(set(contact_ids))
    stands = Contact.trashed_at.is_(None) if is_trashing else Contact.trashed_at.is_not(None)
    for start in range(0, len(ids), 1000):
        query = select(Contact.id).where(Contact.id.in_(ids[start : start + 1000]), stands).order_by(Contact.id)
        part = list(session.scalars(query.with_for_update()))
        session.execute(
            update(Contact)
            .where(Contact.id.in_(part))
            .values(trashed_at=now if is_trashing else None, trashed_by=by, updated_at=now)
            .execution_options(synchronize_session=False)
        )
        moved.extend(part)
    change = {"change": "trashed" if is_trashing else "restored"}
    facts.record_many(
        session,
        [NewFact(kind="contact.updated", contact_id=one, actor=actor_of(person), properties=change) for one in moved],
    )
    return len(moved)


def _erase_own(session: Session, contact: Contact) -> int:
    touched = _delete(session, ImportRejection, _names_person(contact))
    for model, column in (
        (ContactWord, ContactWord.contact_id),
        (ContactTag, ContactTag.contact_id),
        (ImportedContact, ImportedContact.contact_id),
        (Contact, Contact.id),
    ):
        touched += _delete(session, model, column == contact.id)
    session.expunge(contact)
    return touched


def _names_person(contact: Contact) -> ColumnElement[bool]:
    """Return: a refused row of some import names the address or the number in one of its cells."""
    cells = func.lower(sql_cast(ImportRejection.cells, Text))
    found: list[ColumnElement[bool]] = []
    for text in {contact.email, contact.email_key, contact.phone} - {None}:
        as_stored = json.dumps(text)[1:-1].lower()
        found.append(cells.contains(as_stored, autoescape=True))
    return or_(*found) if found else ImportRejection.id.is_(None)


def _delete(session: Session, model: Any, condition: Any) -> int:  # noqa: ANN401 - a mapped class and a condition on it
    statement = delete(model).where(condition).execution_options(synchronize_session=False)
    return int(cast("CursorResult[Any]", session.execute(statement)).rowcount)
