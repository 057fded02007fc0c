"""The form of one contact: standard fields and the company's own, all read before the first complaint is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pydantic import Field, create_model

from lux.kit.addresses import EmailAddress, parse_email
from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.models import Contact, CustomField, Lifecycle
from lux.rooms.contacts.values import Habits, Unreadable
from lux.ui.parsing import FormModel

CUSTOM: Final = "field_"  # + key: the name of a custom field in the form


class ContactForm(FormModel):
    """What people fill in; custom fields are added by `contact_form`."""

    email: str = Field(default="", max_length=254)
    phone: str = Field(default="", max_length=64)
    first_name: str = Field(default="", max_length=100)
    last_name: str = Field(default="", max_length=100)
    organisation: str = Field(default="", max_length=200)
    website: str = Field(default="", max_length=300)
    street: str = Field(default="", max_length=200)
    postal_code: str = Field(default="", max_length=20)
    city: str = Field(default="", max_length=100)
    region: str = Field(default="", max_length=100)
    country: str = Field(default="", max_length=100)
    timezone: str = Field(default="", max_length=64)
    language: str = Field(default="", max_length=64)
    source: str = Field(default="", max_length=100)
    lifecycle: Lifecycle = Lifecycle.LEAD
    version: int = 0  # of the contact as it was shown; 0 = a new one


@dataclass(frozen=True, kw_only=True)
class ContactInput:
    """A contact as it shall be."""

    email: EmailAddress | None
    phone: str | None  # E.164
    stored: Mapping[str, Any]  # the other standard columns
    attrs: Mapping[str, Any] = field(default_factory=dict)  # custom fields that are not empty
    version: int = 0


def contact_form(fields: Sequence[CustomField]) -> type[ContactForm]:
    """Return the form's model with one text per custom field, so that unknown names stay refused."""
    extra: dict[str, Any] = {CUSTOM + one.key: (str, Field(default="", max_length=values.MAX_TEXT)) for one in fields}
    return create_model("CompanyContactForm", __base__=ContactForm, **extra)


def read_contact(form: ContactForm, fields: Sequence[CustomField], region: str) -> ContactInput:
    """Return typed values; raises InvalidInput with every problem at once. `region`: country of bare phone numbers."""
    problems: list[FieldProblem] = []

    def read(name: str, text: str, reader: Callable[[str], Any], empty: Any) -> Any:  # noqa: ANN401 - any value
        if not text:
            return empty
        try:
            return reader(text)
        except Unreadable as error:
            problems.append(FieldProblem(field=name, message=str(error)))
        except InvalidInput as error:
            problems.extend(FieldProblem(field=name, message=p.message, fix=p.fix) for p in error.problems)
        return empty

    email = read("email", form.email, parse_email, None)
    stored: dict[str, Any] = {
        name: read(name, getattr(form, name), partial(values.read_text, limit=catalogue.BY_NAME[name].limit), "")
        for name in catalogue.TEXT_FIELDS
    }
    stored["country"] = read("country", form.country, values.read_country, "")
    stored["language"] = read("language", form.language, values.read_language, "")
    stored["timezone"] = read("timezone", form.timezone, values.read_timezone, "")
    stored["lifecycle"] = form.lifecycle
    phone = read("phone", form.phone, lambda text: values.read_phone(text, stored["country"] or region), None)
    attrs = {}
    for one in fields:
        text = getattr(form, CUSTOM + one.key).strip()
        value = read(CUSTOM + one.key, text, values.field_reader(one.type, one.choices, Habits()), None)
        if value is not None:
            attrs[one.key] = value
    if not problems and not email and not phone:
        problems.append(FieldProblem(field="email", message=_("Enter an e-mail address or a phone number.")))
    if problems:
        raise InvalidInput(_("Some fields need your attention."), problems=problems)
    return ContactInput(email=email, phone=phone, stored=stored, attrs=attrs, version=form.version)


def form_values(contact: Contact, fields: Sequence[CustomField]) -> dict[str, Any]:
    """Return a contact as the form shows it."""
    columns = {name: getattr(contact, name) for name in ("email", "phone", *catalogue.STORED, "attrs")}
    return shown_columns(columns, fields, version=contact.version)


def shown_columns(columns: Mapping[str, Any], fields: Sequence[CustomField], *, version: int) -> dict[str, Any]:
    """Return a contact's columns as the form shows them."""
    found: dict[str, Any] = {name: columns[name] for name in catalogue.STORED}
    found |= {"email": columns["email"] or "", "phone": columns["phone"] or "", "version": version}
    found["lifecycle"] = columns["lifecycle"].value
    for one in fields:
        value = columns["attrs"].get(one.key)
        found[CUSTOM + one.key] = text_of(value)
    return found


def text_of(value: object) -> str:
    """Return the value of a custom field as it is written into the form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return values.number_text(value) if isinstance(value, int | float) else str(value)
