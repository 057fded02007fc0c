"""The API of tags and of the company's own fields."""

from __future__ import annotations

import uuid

from lux.identity.api_keys import Scope
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.contacts.api.blueprint import contacts
from lux.rooms.contacts.api.shapes import FieldIn, FieldList, FieldOut, FieldPatch, TagIn, TagList, TagOut
from lux.rooms.contacts.models import CustomField, Tag
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import fields, tagging
from lux.ui import web
from lux.ui.api import Answer, operation, program

TAG = "Tags and fields"


@operation(contacts, "GET /tags", scope=Scope.CONTACTS_READ, tag=TAG, answer=TagList)
def list_tags() -> TagList:
    """List all tags by name, each with how many contacts carry it."""
    return TagList(data=[_tag(row.tag, row.contacts) for row in tables.tags_with_counts(web.session())])


@operation(contacts, "POST /tags", scope=Scope.CONTACTS_WRITE, tag=TAG, body=TagIn, answer=TagOut, status=201)
def create_tag(body: TagIn) -> TagOut:
    """Make a tag."""
    return _tag(tagging.create(web.session(), body.name), 0)


@operation(contacts, "GET /tags/<uuid:public_id>", scope=Scope.CONTACTS_READ, tag=TAG, answer=TagOut)
def read_tag(public_id: uuid.UUID) -> TagOut:
    """Read a tag, with how many contacts carry it."""
    tag = tables.tag_by_public_id(web.session(), public_id)
    return _tag(tag, tables.tag_count(web.session(), tag.id))


@operation(contacts, "PATCH /tags/<uuid:public_id>", scope=Scope.CONTACTS_WRITE, tag=TAG, body=TagIn, answer=TagOut)
def rename_tag(public_id: uuid.UUID, body: TagIn) -> TagOut:
    """Give a tag another name."""
    tag = tagging.rename(web.session(), tables.tag_by_public_id(web.session(), public_id), body.name)
    return _tag(tag, tables.tag_count(web.session(), tag.id))


@operation(contacts, "DELETE /tags/<uuid:public_id>", scope=Scope.CONTACTS_WRITE, tag=TAG, status=204)
def delete_tag(public_id: uuid.UUID) -> Answer:
    """Delete a tag that nobody carries; one that is in use is refused with 409: only a person deletes it."""
    session = web.session()
    tag = tables.tag_by_public_id(session, public_id)
    count = tables.tag_count(session, tag.id)
    if count:
        message = ngettext("One contact carries this tag.", "%(num)s contacts carry this tag.", count)
        raise WrongState(message, fix=_("Take it off them first, or let a person delete it."))
    tagging.delete_tag(session, tag, program())
    return Answer(content=None, status=204)


@operation(contacts, "GET /fields", scope=Scope.CONTACTS_READ, tag=TAG, answer=FieldList)
def list_fields() -> FieldList:
    """List the company's own fields; their keys stand in a contact's `fields`."""
    return FieldList(data=[_field(row) for row in tables.custom_fields(web.session())])


@operation(contacts, "POST /fields", scope=Scope.CONTACTS_WRITE, tag=TAG, body=FieldIn, answer=FieldOut, status=201)
def create_field(body: FieldIn) -> FieldOut:
    """Make a field of the company's own."""
    return _field(fields.create(web.session(), body.label, body.type, "\n".join(body.choices)))


@operation(contacts, "GET /fields/<uuid:public_id>", scope=Scope.CONTACTS_READ, tag=TAG, answer=FieldOut)
def read_field(public_id: uuid.UUID) -> FieldOut:
    """Read a field of the company's own."""
    return _field(tables.custom_field_by_public_id(web.session(), public_id))


@operation(
    contacts, "PATCH /fields/<uuid:public_id>", scope=Scope.CONTACTS_WRITE, tag=TAG, body=FieldPatch, answer=FieldOut
)
def change_field(public_id: uuid.UUID, body: FieldPatch) -> FieldOut:
    """Give a field another label, or a choice other choices; its key and its kind stay.

    A choice that contacts have can't be taken away. Only a person deletes a field, with all its values.
    """
    row = tables.custom_field_by_public_id(web.session(), public_id)
    choices = row.choices if body.choices is None else body.choices
    return _field(fields.change(web.session(), row, body.label or row.label, "\n".join(choices)))


def _tag(tag: Tag, contacts: int) -> TagOut:
    return TagOut(id=tag.public_id, name=tag.name, contacts=contacts, created_at=tag.created_at)


def _field(row: CustomField) -> FieldOut:
    return FieldOut(
        id=row.public_id, key=row.key, label=row.label, type=row.type, choices=row.choices, created_at=row.created_at
    )
