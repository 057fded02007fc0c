"""Turns what programs send into what the contacts' services take, and rows into what programs get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from lux.gate import consent
from lux.kit.errors import FieldProblem, InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue
from lux.rooms.contacts.api.shapes import ConsentOut, ContactOut, ContactValues
from lux.rooms.contacts.forms.contact import CUSTOM, contact_form, form_values, read_contact, shown_columns, text_of
from lux.rooms.contacts.queries import people, tables
from lux.rooms.contacts.service import tagging
from lux.rooms.contacts.service.origin import region_of_company
from lux.ui.parsing import parse

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.consent import Standing
    from lux.rooms.contacts.api.shapes import ChannelName
    from lux.rooms.contacts.forms.contact import ContactInput
    from lux.rooms.contacts.models import Contact, CustomField


class Reader:
    """Reads the contacts of one call: the company's fields and country are asked for once."""

    def __init__(self, session: Session) -> None:
        self._fields: Sequence[CustomField] = tables.custom_fields(session)
        self._region = region_of_company(session)
        self._form = contact_form(self._fields)

    def values(self, sent: ContactValues, present: Contact | None = None) -> ContactInput:
        """Return a contact as it shall be: what was sent over what is there; raises InvalidInput by field."""
        return self._read(sent, form_values(present, self._fields) if present else {})

    def over(self, sent: ContactValues, columns: Mapping[str, Any], version: int) -> ContactInput:
        """Return the same where no row of a contact is loaded, only its columns."""
        return self._read(sent, shown_columns(columns, self._fields, version=version))

    def _read(self, sent: ContactValues, wanted: dict[str, Any]) -> ContactInput:
        for name in sent.model_fields_set & {"email", "phone", *catalogue.STORED}:
            value = getattr(sent, name)
            if value is None and name == "lifecycle":
                raise InvalidInput(field=name, message=_("This can't be empty."), fix=_("Leave it out to keep it."))
            wanted[name] = "" if value is None else value
        wanted.update(self._custom(sent.fields))
        try:
            return read_contact(parse(self._form, wanted), self._fields, self._region)
        except InvalidInput as error:
            problems = [replace(p, field=_shown_name(p.field)) for p in error.problems]
            raise InvalidInput(error.message, fix=error.fix, problems=problems) from error

    def _custom(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        known = {one.key for one in self._fields}
        unknown = [
            FieldProblem(
                field=f"fields.{key}",
                message=_("The company has no field of this key."),
                fix=_("GET /api/v1/fields names them all."),
            )
            for key in sorted(set(sent) - known)
        ]
        if unknown:
            raise InvalidInput(_("Some fields need your attention."), problems=unknown)
        return {CUSTOM + key: text_of(value) for key, value in sent.items()}


def shown(session: Session, contacts: Sequence[Contact]) -> list[ContactOut]:
    """Return contacts as programs see them, set-based."""
    tags = people.tags_of(session, [one.id for one in contacts])
    mail = _standings(session, "email", [one.email_key for one in contacts])
    sms = _standings(session, "sms", [one.phone for one in contacts])
    return [
        ContactOut(
            id=one.public_id,
            email=one.email,
            phone=one.phone,
            fields=one.attrs,
            tags=[tag.name for tag in tags.get(one.id, [])],
            consents=[
                *_consent("email", one.email, mail.get(one.email_key or "")),
                *_consent("sms", one.phone, sms.get(one.phone or "")),
            ],
            created_at=one.created_at,
            updated_at=one.updated_at,
            last_activity_at=one.last_activity_at,
            trashed_at=one.trashed_at,
            version=one.version,
            **{name: getattr(one, name) for name in catalogue.STORED},
        )
        for one in contacts
    ]


def tag_id(session: Session, text: str) -> str:
    """Return the public id of a tag named by name or id, "" for none; raises InvalidInput naming `tag`."""
    if not text:
        return ""
    try:
        return str(tagging.by_name_or_id(session, text, make=False).public_id)
    except (InvalidInput, NotFound) as error:
        message = _("There is no such tag.")
        raise InvalidInput(field="tag", message=message, fix=_("GET /api/v1/tags names them all.")) from error


def _standings(session: Session, channel: str, keys: Sequence[str | None]) -> dict[str, Standing]:
    wanted = [key for key in keys if key]
    return dict(consent.status(session, channel, wanted)) if wanted else {}


def _consent(channel: str, address: str | None, standing: Standing | None) -> list[ConsentOut]:
    if not address or standing is None:
        return []
    return [
        ConsentOut(
            channel=cast("ChannelName", channel),
            address=address,
            state=standing.state,
            basis=standing.basis,
            source=standing.source,
            wording=standing.wording,
            at=standing.at,
            suppressed=standing.suppressed,
            is_mailable=standing.is_mailable,
        )
    ]


def _shown_name(field: str) -> str:
    return f"fields.{field.removeprefix(CUSTOM)}" if field.startswith(CUSTOM) else field
