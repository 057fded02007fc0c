"""The page of one contact, and its forms."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import render_template, request
from markupsafe import Markup

from lux.identity.access import Right
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.rooms.contacts import catalogue, service, values
from lux.rooms.contacts.forms.contact import CUSTOM, contact_form, form_values, read_contact
from lux.rooms.contacts.models import Contact, FieldType
from lux.rooms.contacts.pages import words
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.pages.history import history
from lux.rooms.contacts.queries import people, tables
from lux.rooms.contacts.service import permission, removal
from lux.rooms.contacts.service.origin import region_of_company
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import row_number

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.rooms.contacts.forms.contact import ContactInput


@contacts.get("/<uuid:public_id>")
@access(Right.VIEW)
def show(public_id: uuid.UUID) -> Response:
    """Show one contact."""
    contact = people.contact_by_public_id(web.session(), public_id)
    before = request.args.get("before", type=row_number)
    past = history(web.session(), contact.id, web.tz(), before_id=before)
    if before is not None:
        return page("contacts/show.html", block="past", contact=contact, past=past, **_context(contact))
    return page("contacts/show.html", contact=contact, past=past, **_context(contact))


@contacts.get("/new")
@access(Right.EDIT)
def new() -> Response:
    """Show an empty form."""
    form = form_state({"lifecycle": "lead"})
    twin = service.twin_of(web.session(), str(form.value("email"))) if form.error("email") else None
    return page("contacts/edit.html", contact=None, form=form, twin=twin, **_choices())


@contacts.post("/new")
@access(Right.EDIT)
@shows_again(new)
def create() -> Response:
    """Make a contact."""
    contact = service.create(web.session(), _input(), web.person())
    toast(_("The contact is saved."))
    return redirect_to("contacts.show", public_id=contact.public_id)


@contacts.get("/<uuid:public_id>/edit")
@access(Right.EDIT)
def edit(public_id: uuid.UUID) -> Response:
    """Show the form of a contact."""
    contact = people.contact_by_public_id(web.session(), public_id)
    form = form_state(form_values(contact, tables.custom_fields(web.session())))
    twin = service.twin_of(web.session(), str(form.value("email"))) if form.error("email") else None
    twin = None if twin is contact else twin
    return page("contacts/edit.html", contact=contact, form=form, twin=twin, **_choices())


@contacts.post("/<uuid:public_id>/edit")
@access(Right.EDIT)
@shows_again(edit)
def save(public_id: uuid.UUID) -> Response:
    """Change a contact."""
    contact = people.contact_by_public_id(web.session(), public_id)
    service.update_contact(web.session(), contact, _input(), web.person())
    toast(_("The contact is saved."))
    return redirect_to("contacts.show", public_id=public_id)


def _input() -> ContactInput:
    fields = tables.custom_fields(web.session())
    return read_contact(read_form(contact_form(fields)), fields, region_of_company(web.session()))


def _choices() -> dict[str, Any]:
    return {
        "fields": tables.custom_fields(web.session()),
        "prefix": CUSTOM,
        "countries": values.country_choices(),
        "zones": [(name, name) for name in clock.zone_names()],
        "lifecycles": words.lifecycle_choices(),
        "FieldType": FieldType,
        "pairs": lambda choices: [(choice, choice) for choice in choices],
        "labels": {field.name: field.label() for field in catalogue.FIELDS}
        | {CUSTOM + one.key: one.label for one in tables.custom_fields(web.session())},
    }


def _context(contact: Contact) -> dict[str, Any]:
    session = web.session()
    return {
        "name": people.display_name(contact.first_name, contact.last_name, contact.email, contact.phone),
        "facts": _facts(contact),
        "tags": people.tags_of(session, [contact.id]).get(contact.id, []),
        "tag_options": [(tag.name, tag.name) for tag in tables.all_tags(session)],
        "standings": permission.standings(session, contact),
        "panels": _panels(contact),
        "confirmation": removal.confirmation_of(contact),
        "form": form_state({}),
        "today": clock.in_zone(clock.now(), web.tz()).date().isoformat(),
        "words": words,
        "lifecycle_label": values.lifecycle_label,
        "proof_rows": words.proof_rows,
        "can_edit": web.person().has(Right.EDIT),
        "can_manage": web.person().has(Right.MANAGE),
    }


def _facts(contact: Contact) -> list[tuple[str, str]]:
    """Return (label, value) of what is known; empty fields are left out."""
    found: list[tuple[str, str]] = []
    for field in catalogue.FIELDS:
        value = getattr(contact, field.name)
        if field.name == "lifecycle":
            value = values.lifecycle_label(contact.lifecycle)
        elif field.name == "country" and value:
            value = values.country_name(value)
        if value:
            found.append((field.label(), str(value)))
    for custom in tables.custom_fields(web.session()):
        value = contact.attrs.get(custom.key)
        if value is not None:
            shown = (_("Yes") if value else _("No")) if custom.type is FieldType.BOOLEAN else str(value)
            found.append((custom.label, shown))
    return found


def _panels(contact: Contact) -> list[tuple[str, Markup]]:
    """Return (title, body) of what other rooms say of this contact."""
    made = [one.panel(web.session(), web.company_id(), contact.id) for one in installed().panels]
    panels = sorted((panel for panel in made if panel is not None), key=lambda panel: panel.order)
    return [(panel.title, Markup(render_template(panel.template, **panel.context))) for panel in panels]  # noqa: S704 - Jinja escaped it
