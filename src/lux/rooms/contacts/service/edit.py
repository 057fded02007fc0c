"""Makes and changes one contact: nobody twice, nobody's change lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from lux.gate import ownership
from lux.kit import clock
from lux.kit.addresses import email_key
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, FieldProblem, InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.forms.contact import CUSTOM, ContactInput
from lux.rooms.contacts.models import Contact, ContactWord, Lifecycle
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service.origin import actor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person

_NAMES: Final = ("first_name", "last_name", "organisation")


def create(session: Session, data: ContactInput, person: Person | None) -> Contact:
    """Make a contact; raises InvalidInput when its e-mail address is taken."""
    _refuse_twin(session, data, own_id=None)
    contact = Contact(
        email=data.email.text if data.email else None,
        email_key=data.email.key if data.email else None,
        phone=data.phone,
        attrs=dict(data.attrs),
        **data.stored,
    )
    with _taken_at_once(session, data, own_id=None):
        session.add(contact)
    write_words(session, contact)
    _link_consent(session, contact)
    facts.record(session, NewFact(kind="contact.created", contact_id=contact.id, actor=actor_of(person)))
    return contact


def update_contact(session: Session, contact: Contact, data: ContactInput, person: Person | None) -> Contact:
    """Change a contact; raises Conflict when it is not as it was shown, InvalidInput when the address is taken."""
    if contact.trashed_at is not None:
        raise WrongState(_("This contact is in the trash."), fix=_("Restore it first, then change it."))
    wanted = columns_of(data)
    # the row is locked first: of two people who save at once, the second hears of the first
    stands = select(Contact).where(Contact.id == contact.id).with_for_update()
    contact = session.scalars(stands.execution_options(populate_existing=True)).one()
    if contact.version != data.version:
        raise _conflict(session, contact, wanted, data.version)
    _refuse_twin(session, data, own_id=contact.id)
    changed = sorted(name for name, value in wanted.items() if getattr(contact, name) != value)
    if not changed:
        return contact
    before = dict(contact.attrs)
    with _taken_at_once(session, data, own_id=contact.id):
        for name in changed:
            setattr(contact, name, wanted[name])
        contact.updated_at, contact.version = clock.now(), contact.version + 1
    if any(name in changed for name in _NAMES):
        write_words(session, contact)
    if "email_key" in changed or "phone" in changed:
        _link_consent(session, contact)
    fields = changed_fields(changed, before, contact.attrs)
    properties = {"fields": fields, "version": contact.version}
    facts.record(
        session,
        NewFact(kind="contact.updated", contact_id=contact.id, actor=actor_of(person), properties=properties),
    )
    return contact


def twin_of(session: Session, email: str) -> Contact | None:
    """Return the contact that has an address already, for the form to link to; None for an unreadable address."""
    try:
        key = email_key(email)
    except InvalidInput:
        return None
    return people.contact_by_email(session, key)


def touch(session: Session, contact_ids: Sequence[int], at: dt.datetime | None = None) -> None:
    """Note that contacts were active (opened, clicked, answered); an older moment changes nothing."""
    moment = at or clock.now()
    ids = sorted(set(contact_ids))  # one order for all writers: no deadlocks
    for start in range(0, len(ids), 1000):
        session.execute(
            update(Contact)
            .where(Contact.company_id == company_of(session), Contact.id.in_(ids[start : start + 1000]))
            .where(or_(Contact.last_activity_at.is_(None), Contact.last_activity_at < moment))
            .values(last_activity_at=moment)
            .execution_options(synchronize_session=False)
        )


def touch_each(session: Session, moments: Mapping[int, dt.datetime]) -> None:
    """Note of each contact when it was active last, as `touch` does; one statement for all."""
    table = cast("Table", Contact.__table__)
    one = (
        update(table)
        .where(table.c.company_id == company_of(session), table.c.id == bindparam("contact"))
        .where(or_(table.c.last_activity_at.is_(None), table.c.last_activity_at < bindparam("moment")))
        .values(last_activity_at=bindparam("moment"))
    )
    if moments:
        rows = [{"contact": number, "moment": moments[number]} for number in sorted(moments)]
        session.connection().execute(one, rows)


def write_words(session: Session, contact: Contact) -> None:
    """Write the words under which a contact is found."""
    session.execute(
        delete(ContactWord).where(ContactWord.contact_id == contact.id).execution_options(synchronize_session=False)
    )
    words = catalogue.words_of(*(getattr(contact, name) for name in _NAMES))
    session.add_all(ContactWord(word=word, contact_id=contact.id) for word in words)
    session.flush()


def columns_of(data: ContactInput) -> dict[str, Any]:
    """Return a contact as it shall be, by column."""
    return {
        "email": data.email.text if data.email else None,
        "email_key": data.email.key if data.email else None,
        "phone": data.phone,
        "attrs": dict(data.attrs),
        **data.stored,
    }


def _refuse_twin(session: Session, data: ContactInput, own_id: int | None) -> None:
    if data.email is None:
        return
    twin = people.contact_by_email(session, data.email.key)
    if twin is None or twin.id == own_id:
        return
    name = people.display_name(twin.first_name, twin.last_name, twin.email, twin.phone)
    if twin.trashed_at is not None:
        message = _("This address belongs to %(name)s, who is in the trash.", name=name)
        raise InvalidInput(field="email", message=message, fix=_("Restore that contact instead."))
    message = _("This address belongs to %(name)s already.", name=name)
    raise InvalidInput(field="email", message=message, fix=_("Open that contact, or enter another address."))


@contextmanager
def _taken_at_once(session: Session, data: ContactInput, own_id: int | None) -> Iterator[None]:
    """Write what is done inside; an address that somebody else has taken since it was looked up is named."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        _refuse_twin(session, data, own_id)
        message = _("Somebody else has entered this address at the same moment.")
        raise InvalidInput(field="email", message=message, fix=_("Look for that contact in the list.")) from error


def _link_consent(session: Session, contact: Contact) -> None:
    for key in (contact.email_key, contact.phone):
        if key:
            ownership.link_contact(session, key, contact.id)


def _conflict(session: Session, contact: Contact, wanted: Mapping[str, Any], version: int) -> Conflict:
    """Return the conflict; its field `version` marks it, so that the form goes on from the present version."""
    words = _("Somebody changed this contact while you were editing it.")
    fix = _("What you entered is kept. Compare the marked fields: keep yours or take theirs, then save again.")
    problems = [FieldProblem(field="version", message=words, fix=fix)]
    return Conflict(words, fix=fix, problems=[*problems, *_differences(session, contact, wanted, version)])


def _differences(session: Session, contact: Contact, wanted: Mapping[str, Any], version: int) -> list[FieldProblem]:
    """Return a problem for each field that others changed since and that now reads otherwise than what was entered."""
    theirs = _changed_since(session, contact.id, version)
    found: list[FieldProblem] = []
    for name in catalogue.BY_NAME:
        now = getattr(contact, name)
        if now != wanted[name] and (theirs is None or name in theirs):
            found.append(FieldProblem(field=name, message=_("Now it reads “%(value)s”.", value=_shown(now))))
    for key in sorted(set(contact.attrs) | set(wanted["attrs"])):
        now = contact.attrs.get(key)
        if now != wanted["attrs"].get(key) and (theirs is None or CUSTOM + key in theirs):
            found.append(FieldProblem(field=CUSTOM + key, message=_("Now it reads “%(value)s”.", value=_shown(now))))
    return found


def _changed_since(session: Session, contact_id: int, version: int) -> set[str] | None:
    """Return the fields that the ledger says were changed after a version; None when it does not know."""
    found: set[str] = set()
    for fact in facts.timeline(session, contact_id, limit=100):
        if fact.kind != "contact.updated":
            continue
        if "version" not in fact.properties:
            return None  # an import or a merge: it names no version
        if fact.properties["version"] <= version:
            return found
        found.update(fact.properties.get("fields", ()))
    return found or None


def changed_fields(columns: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return changed columns as facts name them; `before` and `after` are the custom fields."""
    found = [name for name in columns if name not in {"attrs", "email_key"}]
    return found + [CUSTOM + key for key in sorted(set(before) | set(after)) if before.get(key) != after.get(key)]


def _shown(value: object) -> str:
    if isinstance(value, Lifecycle):
        return values.lifecycle_label(value)
    return "" if value is None else str(value)
