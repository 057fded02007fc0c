"""Typed custom fields: made with a key of their own, changed without touching values, deleted with all of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from lux.kit import jobs
from lux.kit.db.session import company_of
from lux.kit.errors import FieldProblem, InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.models import Contact, CustomField, FieldType
from lux.rooms.contacts.queries import people, tables
from lux.rooms.contacts.service.origin import auditor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.kit.jobs import JobContext

MOST_FIELDS: Final = 100
MOST_CHOICES: Final = 100
CLEANUP: Final = "contacts.forget_field"  # the job that removes a deleted field's values
_NOT_KEY: Final = re.compile(r"[^a-z0-9]+")
_CHUNK: Final = 1000


def create(session: Session, label: str, kind: FieldType, choices: str = "") -> CustomField:
    """Make a custom field; its key follows from the label and never changes."""
    label = values.clean(label)
    _refuse_reserved(label)
    present = tables.custom_fields(session)
    if len(present) >= MOST_FIELDS:
        raise WrongState(_("There are %(most)s custom fields already, which is the most.", most=MOST_FIELDS))
    if any(one.label.casefold() == label.casefold() for one in present):
        raise InvalidInput(field="label", message=_("There is a field of this name already."))
    if jobs.unfinished(session, CLEANUP, company_id=company_of(session)):
        raise WrongState(_("A deleted field is still being cleared away."), fix=_("Try again in a minute."))
    field = CustomField(
        key=free_key(label, {one.key for one in present}),
        label=label,
        type=kind,
        choices=read_choices(choices) if kind is FieldType.CHOICE else [],
    )
    try:
        with session.begin_nested():
            session.add(field)
    except IntegrityError as error:
        message = _("Somebody else has made a field of this name at the same moment.")
        raise InvalidInput(field="label", message=message, fix=_("Use that one, or choose another name.")) from error
    return field


def change(session: Session, field: CustomField, label: str, choices: str) -> CustomField:
    """Give a field another label or other choices; a choice that contacts have can't be taken away."""
    label = values.clean(label)
    if label != field.label:
        _refuse_reserved(label)
    if any(one.label.casefold() == label.casefold() for one in tables.custom_fields(session) if one.id != field.id):
        raise InvalidInput(field="label", message=_("There is a field of this name already."))
    if field.type is FieldType.CHOICE:
        wanted = read_choices(choices)
        gone = [choice for choice in field.choices if choice not in wanted]
        _refuse_used(session, field, gone)
        field.choices = wanted
    field.label = label
    session.flush()
    return field


def delete_field(session: Session, field: CustomField, person: Person | None, *, confirmation: str) -> None:
    """Delete a field; a job removes its values. Raises InvalidInput unless the label was typed."""
    if confirmation.strip() != field.label:
        message = _("This is not what was asked for.")
        raise InvalidInput(field="confirmation", message=message, fix=_("Type %(word)s exactly.", word=field.label))
    if tables.is_importing(session):
        raise WrongState(_("An import is running and may write this field."), fix=_("Wait for it or cancel it."))
    company_id = company_of(session)
    session.execute(delete(CustomField).where(CustomField.id == field.id))
    jobs.enqueue(session, CLEANUP, {"key": field.key}, company_id=company_id, dedup_key=field.key)
    audit.append(
        session,
        company_id,
        actor=auditor_of(person),
        action="custom_field.deleted",
        object_type="custom_field",
        object_id=str(field.public_id),
        detail={"key": field.key, "label": field.label},
    )


def forget_values(context: JobContext, key: str) -> None:
    """Remove the values of a deleted field, a transaction per chunk; running twice does no harm."""
    after = 0
    while True:
        context.check_cancelled()
        with context.db.begin(context.company_id) as session:
            query = select(Contact.id, Contact.attrs).where(Contact.id > after).order_by(Contact.id).limit(_CHUNK)
            rows = session.execute(query.with_for_update()).all()
            for row in rows:
                if key in (row.attrs or {}):
                    rest = {name: value for name, value in row.attrs.items() if name != key}
                    session.execute(
                        update(Contact)
                        .where(Contact.id == row.id)
                        .values(attrs=rest, version=Contact.version + 1)
                        .execution_options(synchronize_session=False)
                    )
        if not rows:
            return
        after = rows[-1].id


def free_key(label: str, taken: set[str]) -> str:
    """Return the key of a label ("Shoe size" → shoe_size), numbered when it is taken or is a standard field's."""
    plain = unicodedata.normalize("NFKD", catalogue.folded(label)).encode("ascii", "ignore").decode()
    base = _NOT_KEY.sub("_", plain).strip("_")[:48] or "field"
    base = base if base[0].isalpha() else f"field_{base}"
    taken = taken | set(people.MERGE_FIELDS) | set(catalogue.EXTRA_HEADINGS)
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key


def _refuse_reserved(label: str) -> None:
    """Refuse the headings that exports write themselves: an import of such a file would take one for the other."""
    if catalogue.heading_key(label) in catalogue.RESERVED_KEYS:
        raise InvalidInput(
            field="label",
            message=_("“%(name)s” is a column that every contact has already.", name=label),
            fix=_("Choose another name, for example “Our %(name)s”.", name=label),
        )


def read_choices(text: str) -> list[str]:
    """Return the choices of a text, one per line; raises InvalidInput."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        choice = values.clean(line)
        if choice:
            found.setdefault(choice.casefold(), choice)
    problem = ""
    if len(found) < 2:
        problem = _("Enter at least two choices, one per line.")
    elif len(found) > MOST_CHOICES:
        problem = _("Enter at most %(most)s choices.", most=MOST_CHOICES)
    elif any(len(choice) > 100 for choice in found.values()):
        problem = _("A choice has at most 100 characters.")
    if problem:
        raise InvalidInput(problem, problems=[FieldProblem(field="choices", message=problem)])
    return list(found.values())


def _refuse_used(session: Session, field: CustomField, choices: Sequence[str]) -> None:
    for choice in choices:
        query = select(func.count()).select_from(
            select(Contact.id).where(Contact.attrs[field.key].as_string() == choice).limit(1).subquery()
        )
        if session.scalar(query):
            raise InvalidInput(
                field="choices",
                message=_("“%(choice)s” can't be taken away: contacts have it.", choice=choice),
                fix=_("Give them another value first."),
            )
