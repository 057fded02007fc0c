"""“Ask again” on the page of a contact who was asked and has not answered."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint

from lux.identity.access import Right
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.queries import people
from lux.rooms.newsletter import reminding
from lux.ui import web
from lux.ui.access import access
from lux.ui.pages import redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

reminders = Blueprint("reminders", __name__, template_folder="templates", url_prefix="/contacts")


@reminders.post("/<uuid:public_id>/ask-again")
@access(Right.EDIT)
def ask_again(public_id: uuid.UUID) -> Response:
    """Mail the question whether they want mail once more."""
    contact = people.contact_by_public_id(web.session(), public_id)
    try:
        reminding.ask_again(web.session(), contact, web.person())
        toast(_("They are asked again. The earlier link works no more."))
    except WrongState as error:
        toast(error.message, "warn")
    return redirect_to("contacts.show", public_id=public_id)
