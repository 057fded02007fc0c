"""The API of single contacts: list, read, make, change, trash, tag, consent."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import request

from lux.identity.api_keys import Scope
from lux.rooms.contacts import service
from lux.rooms.contacts.api.blueprint import contacts
from lux.rooms.contacts.api.reading import Reader, shown, tag_id
from lux.rooms.contacts.api.shapes import (
    ConsentIn,
    ContactNew,
    ContactOut,
    ContactPage,
    ContactPatch,
    ContactQuery,
    TagsIn,
)
from lux.rooms.contacts.queries import listing, people
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service import permission, tagging
from lux.rooms.contacts.service.origin import calling_code_of_company
from lux.ui import web
from lux.ui.api import check_version, next_page, operation, program

if TYPE_CHECKING:
    from lux.rooms.contacts.models import Contact

TAG = "Contacts"


@operation(contacts, "GET /contacts", scope=Scope.CONTACTS_READ, tag=TAG, query=ContactQuery, answer=ContactPage)
def list_contacts(query: ContactQuery) -> ContactPage:
    """List contacts.

    The newest come first; with `changed_since` the list goes from the earliest change to the latest, so that a
    program that keeps its own copy asks for what changed since its last visit.
    """
    if query.email:
        found = service.twin_of(web.session(), query.email)
        is_listed = found is not None and (found.trashed_at is not None) is query.trashed
        return ContactPage(data=shown(web.session(), [found] if found and is_listed else []), next=None)
    part = listing.page(
        web.session(),
        _filter(query),
        sort="updated" if query.changed_since else listing.DEFAULT_SORT,
        cursor=query.cursor,
        limit=query.limit,
        calling_code=calling_code_of_company(web.session()),
    )
    rows = shown(web.session(), [row.contact for row in part.rows])
    return ContactPage(data=rows, next=next_page(part.next_cursor))


@operation(
    contacts, "POST /contacts", scope=Scope.CONTACTS_WRITE, tag=TAG, body=ContactNew, answer=ContactOut, status=201
)
def create_contact(body: ContactNew) -> ContactOut:
    """Make a contact.

    An address that another contact has is refused; to make or change by address, use the bulk call. Consent is not
    given by this: record it with its proof.
    """
    session = web.session()
    contact = service.create(session, Reader(session).values(body), program())
    service.set_tags(session, contact, body.tags, program())
    return _one(contact)


@operation(contacts, "GET /contacts/<uuid:public_id>", scope=Scope.CONTACTS_READ, tag=TAG, answer=ContactOut)
def read_contact(public_id: uuid.UUID) -> ContactOut:
    """Read a contact, also one in the trash."""
    return _one(_found(public_id))


@operation(
    contacts, "PATCH /contacts/<uuid:public_id>", scope=Scope.CONTACTS_WRITE, tag=TAG, body=ContactPatch,
    answer=ContactOut,
)  # fmt: skip
def change_contact(public_id: uuid.UUID, body: ContactPatch) -> ContactOut:
    """Change some of a contact.

    What is left out stays; null empties. With `version`, or the header If-Match, the change is refused when the
    contact is not as you have seen it.
    """
    session, contact = web.session(), _found(public_id)
    check_version(contact.version, body.version)
    contact = service.update_contact(session, contact, Reader(session).values(body, contact), program())
    if body.tags is not None:
        service.set_tags(session, contact, body.tags, program())
    return _one(contact)


@operation(contacts, "POST /contacts/<uuid:public_id>/trash", scope=Scope.CONTACTS_WRITE, tag=TAG, answer=ContactOut)
def trash_contact(public_id: uuid.UUID) -> ContactOut:
    """Put a contact into the trash."""
    contact = _found(public_id)
    service.trash(web.session(), [contact.id], program())
    return _fresh(contact)


@operation(contacts, "POST /contacts/<uuid:public_id>/restore", scope=Scope.CONTACTS_WRITE, tag=TAG, answer=ContactOut)
def restore_contact(public_id: uuid.UUID) -> ContactOut:
    """Take a contact out of the trash."""
    contact = _found(public_id)
    service.restore(web.session(), [contact.id], program())
    return _fresh(contact)


@operation(
    contacts, "POST /contacts/<uuid:public_id>/tags", scope=Scope.CONTACTS_WRITE, tag=TAG, body=TagsIn,
    answer=ContactOut,
)  # fmt: skip
def add_tags(public_id: uuid.UUID, body: TagsIn) -> ContactOut:
    """Add tags to a contact; those that do not exist are made."""
    session, contact = web.session(), _found(public_id)
    for tag in tagging.ensure(session, body.tags):
        service.add_tag(session, [contact.id], tag, program())
    return _one(contact)


@operation(
    contacts, "POST /contacts/<uuid:public_id>/tags/remove", scope=Scope.CONTACTS_WRITE, tag=TAG, body=TagsIn,
    answer=ContactOut,
)  # fmt: skip
def remove_tags(public_id: uuid.UUID, body: TagsIn) -> ContactOut:
    """Take tags off a contact; those it does not carry are passed over."""
    session, contact = web.session(), _found(public_id)
    wanted = {name.casefold() for name in body.tags}
    for tag in people.tags_of(session, [contact.id]).get(contact.id, []):
        if tag.name_key in wanted:
            service.remove_tag(session, [contact.id], tag, program())
    return _one(contact)


@operation(
    contacts, "POST /contacts/<uuid:public_id>/consents", scope=Scope.CONTACTS_WRITE, tag=TAG, body=ConsentIn,
    answer=ContactOut,
)  # fmt: skip
def record_consent(public_id: uuid.UUID, body: ConsentIn) -> ContactOut:
    """Record what a contact said about a channel, with its proof.

    A yes that is older than a no is refused. A no blocks the address as well; only a person can lift that.
    """
    session, contact = web.session(), _found(public_id)
    said = permission.Said(
        channel=body.channel, is_yes=body.state == "given", basis=body.basis, wording=body.wording,
        source=body.source, at=body.at, proof=body.proof,
    )  # fmt: skip
    permission.report(session, contact, said, program(), address=request.remote_addr or "")
    return _one(contact)


def _found(public_id: uuid.UUID) -> Contact:
    return people.contact_by_public_id(web.session(), public_id)


def _one(contact: Contact) -> ContactOut:
    return shown(web.session(), [contact])[0]


def _fresh(contact: Contact) -> ContactOut:
    web.session().refresh(contact)
    return _one(contact)


def _filter(query: ContactQuery) -> ContactFilter:
    return ContactFilter(
        text=query.q,
        tag=tag_id(web.session(), query.tag),
        lifecycle=query.lifecycle.value if query.lifecycle else "",
        is_trash=query.trashed,
        changed_since=query.changed_since.isoformat() if query.changed_since else "",
    )
