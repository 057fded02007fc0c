"""What is done on one contact's page: tags, consent, trash, erasure."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import request

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.forms.small import ConfirmForm, ConsentForm, ContactTagsForm, ReasonForm
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.pages.one import show
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import permission, removal, tagging
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import read_form, shows_again
from lux.ui.pages import redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@contacts.post("/<uuid:public_id>/tags")
@access(Right.EDIT)
@shows_again(show)
def tag(public_id: uuid.UUID) -> Response:
    """Give a contact exactly the chosen tags."""
    contact = people.contact_by_public_id(web.session(), public_id)
    tagging.set_tags(web.session(), contact, read_form(ContactTagsForm).tags, web.person())
    toast(_("The tags are saved."))
    return redirect_to("contacts.show", public_id=public_id)


@contacts.post("/<uuid:public_id>/consent")
@access(Right.EDIT)
@shows_again(show)
def give_consent(public_id: uuid.UUID) -> Response:
    """Record a yes with its proof."""
    contact = people.contact_by_public_id(web.session(), public_id)
    form = read_form(ConsentForm)
    permission.give(web.session(), contact, form, web.person(), address=request.remote_addr or "")
    toast(_("The consent is recorded."))
    return redirect_to("contacts.show", public_id=public_id)


@contacts.post("/<uuid:public_id>/withdraw")
@access(Right.EDIT)
@shows_again(show)
def withdraw_consent(public_id: uuid.UUID) -> Response:
    """Take consent back."""
    contact = people.contact_by_public_id(web.session(), public_id)
    form = read_form(ReasonForm)
    permission.withdraw(web.session(), contact, form, web.person(), address=request.remote_addr or "")
    toast(_("The consent is withdrawn; nothing is sent there any more."))
    return redirect_to("contacts.show", public_id=public_id)


@contacts.post("/<uuid:public_id>/release")
@access(Right.MANAGE)
@shows_again(show)
def release(public_id: uuid.UUID) -> Response:
    """Lift the block of an address."""
    contact = people.contact_by_public_id(web.session(), public_id)
    permission.release(web.session(), contact, read_form(ReasonForm), web.person())
    toast(_("The block is lifted."))
    return redirect_to("contacts.show", public_id=public_id)


@contacts.post("/<uuid:public_id>/trash")
@access(Right.EDIT)
def trash(public_id: uuid.UUID) -> Response:
    """Put a contact into the trash."""
    contact = people.contact_by_public_id(web.session(), public_id)
    removal.trash(web.session(), [contact.id], web.person())
    toast(_("The contact is in the trash. It can be restored there."))
    return redirect_to("contacts.index")


@contacts.post("/<uuid:public_id>/restore")
@access(Right.EDIT)
def restore(public_id: uuid.UUID) -> Response:
    """Take a contact out of the trash."""
    contact = people.contact_by_public_id(web.session(), public_id)
    removal.restore(web.session(), [contact.id], web.person())
    toast(_("The contact is back."))
    return redirect_to("contacts.show", public_id=public_id)


@contacts.post("/<uuid:public_id>/erase")
@access(Right.MANAGE)
@shows_again(show)
def erase(public_id: uuid.UUID) -> Response:
    """Erase a person for good, after the address was typed."""
    contact = people.contact_by_public_id(web.session(), public_id)
    removal.erase(web.session(), contact, web.person(), confirmation=read_form(ConfirmForm).confirmation)
    toast(_("Everything about this person is erased; files that may name them are removed."))
    return redirect_to("contacts.index")
