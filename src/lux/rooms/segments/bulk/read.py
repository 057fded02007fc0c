"""Reads what people entered for an action: looks up what it names, and turns values into what is stored."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.forms.contact import CUSTOM
from lux.rooms.contacts.models import Lifecycle
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import tagging
from lux.rooms.contacts.values import Habits, Unreadable
from lux.rooms.segments import queries
from lux.rooms.segments.bulk.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lux.rooms.segments.forms import BulkForm

TEXTS: Final = ("source", "city", "region", "postal_code", "street", "website")
READERS: Final[dict[str, Callable[[str], Any]]] = {
    "country": values.read_country,
    "language": values.read_language,
    "timezone": values.read_timezone,
}
BASES: Final = ("opt_in", "double_opt_in", "contract", "other")


def plan(session: Session, company_id: int, form: BulkForm) -> Plan:
    """Return what to do; raises InvalidInput naming the field."""
    readers: dict[str, Callable[[], dict[str, Any]]] = {
        "tag_add": lambda: _tag(session, form, make=True),
        "tag_remove": lambda: _tag(session, form, make=False),
        "list_add": lambda: _list(session, company_id, form),
        "list_remove": lambda: _list(session, company_id, form),
        "field_set": lambda: _field(session, form),
        "field_clear": lambda: _cleared(session, form),
        "consent_give": lambda: _consent(form, is_yes=True),
        "consent_withdraw": lambda: _consent(form, is_yes=False),
        "trash": dict,
    }
    return Plan(kind=form.kind, args=readers[form.kind]())


def field_choices(session: Session, *, is_clearing: bool = False) -> list[tuple[str, str]]:
    """Return the fields that can be written into many contacts: not what tells people apart."""
    names = ([] if is_clearing else ["lifecycle"]) + [*TEXTS, *READERS]
    own = [(CUSTOM + one.key, one.label) for one in tables.custom_fields(session)]
    return [(name, catalogue.label_of(name)) for name in names] + own


def _tag(session: Session, form: BulkForm, *, make: bool) -> dict[str, Any]:
    if not form.tag_name:
        raise InvalidInput(field="tag_name", message=_("No tag was named."), fix=_("Enter the name of one."))
    try:
        found = tagging.by_name_or_id(session, form.tag_name, make=make)
    except (InvalidInput, NotFound) as error:
        raise InvalidInput(
            field="tag_name", message=_("There is no such tag."), fix=_("Enter the name of one you have.")
        ) from error
    return {"tag_id": found.id, "name": found.name}


def _list(session: Session, company_id: int, form: BulkForm) -> dict[str, Any]:
    try:
        found = queries.segment(session, company_id, uuid.UUID(form.list))
    except (ValueError, NotFound):
        found = None
    if found is None or found.is_dynamic or found.trashed_at is not None:
        raise InvalidInput(field="list", message=_("No list was chosen."), fix=_("Choose one."))
    return {"segment_id": found.id, "name": found.name}


def _field(session: Session, form: BulkForm) -> dict[str, Any]:
    label = dict(field_choices(session)).get(form.field)
    if label is None:
        raise InvalidInput(field="field", message=_("No field was chosen."), fix=_("Choose one."))
    if not form.value:
        raise InvalidInput(
            field="value", message=_("No value was entered."), fix=_("Enter one, or choose to clear the field.")
        )
    try:
        value = _reader(session, form.field)(form.value)
    except Unreadable as error:
        raise InvalidInput(field="value", message=str(error)) from error
    return {"field": form.field, "name": label, "value": value.value if isinstance(value, Lifecycle) else value}


def _reader(session: Session, name: str) -> Callable[[str], Any]:
    if name.startswith(CUSTOM):
        own = next(one for one in tables.custom_fields(session) if CUSTOM + one.key == name)
        return values.field_reader(own.type, own.choices, Habits())
    if name == "lifecycle":
        return values.read_lifecycle
    return READERS.get(name) or partial(values.read_text, limit=catalogue.BY_NAME[name].limit)


def _cleared(session: Session, form: BulkForm) -> dict[str, Any]:
    label = dict(field_choices(session, is_clearing=True)).get(form.field)
    if label is None:
        raise InvalidInput(field="field", message=_("No field was chosen."), fix=_("Choose one."))
    return {"field": form.field, "name": label, "value": None if form.field.startswith(CUSTOM) else ""}


def _consent(form: BulkForm, *, is_yes: bool) -> dict[str, Any]:
    if is_yes and len(form.wording) < 3:
        raise InvalidInput(
            field="wording", message=_("The proof is missing."), fix=_("Enter the words that people agreed to.")
        )
    if len(form.reason) < 3:
        raise InvalidInput(
            field="reason", message=_("The reason is missing."), fix=_("Say how you know; it is kept as proof.")
        )
    basis = {"basis": form.basis, "wording": form.wording} if is_yes else {}
    return {"channel": form.channel, "reason": form.reason, **basis}
