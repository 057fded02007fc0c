"""The page of the company's own fields."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.forms.small import ConfirmForm, FieldChangeForm, FieldForm
from lux.rooms.contacts.models import FieldType
from lux.rooms.contacts.pages import words
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import fields as service
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@contacts.get("/fields")
@access(Right.VIEW)
def fields_index() -> Response:
    """Show the company's own fields and a form for another one."""
    rows = tables.custom_fields(web.session())
    can_manage, form = web.person().has(Right.MANAGE), form_state({"type": FieldType.TEXT.value})
    return page("contacts/fields.html", rows=rows, form=form, words=words, can_manage=can_manage)


@contacts.post("/fields")
@access(Right.MANAGE)
@shows_again(fields_index)
def create_field() -> Response:
    """Make a field."""
    form = read_form(FieldForm)
    field = service.create(web.session(), form.label, form.type, form.choices)
    toast(_("The field “%(label)s” is there.", label=field.label))
    return redirect_to("contacts.fields_index")


@contacts.get("/fields/<uuid:public_id>")
@access(Right.MANAGE)
def edit_field(public_id: uuid.UUID) -> Response:
    """Show one field."""
    field = tables.custom_field_by_public_id(web.session(), public_id)
    form = form_state({"label": field.label, "choices": "\n".join(field.choices)})
    count = tables.field_count(web.session(), field.key)
    return page("contacts/field.html", field=field, form=form, words=words, FieldType=FieldType, count=count)


@contacts.post("/fields/<uuid:public_id>")
@access(Right.MANAGE)
@shows_again(edit_field)
def save_field(public_id: uuid.UUID) -> Response:
    """Change a field's label and choices."""
    field = tables.custom_field_by_public_id(web.session(), public_id)
    form = read_form(FieldChangeForm)
    service.change(web.session(), field, form.label, form.choices)
    toast(_("The field is saved."))
    return redirect_to("contacts.fields_index")


@contacts.post("/fields/<uuid:public_id>/delete")
@access(Right.MANAGE)
@shows_again(edit_field)
def delete_field(public_id: uuid.UUID) -> Response:
    """Delete a field with all its values, after its name was typed."""
    field = tables.custom_field_by_public_id(web.session(), public_id)
    service.delete_field(web.session(), field, web.person(), confirmation=read_form(ConfirmForm).confirmation)
    toast(_("The field is deleted; its values are being removed."))
    return redirect_to("contacts.fields_index")
