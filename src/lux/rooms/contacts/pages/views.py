"""Save the present look of the list, delete one, or begin with one; the address stays the truth."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.forms.small import ViewForm
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.pages.lists import index
from lux.rooms.contacts.service import views
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import read_form, shows_again
from lux.ui.pages import redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@contacts.post("/views")
@access(Right.EDIT)
@shows_again(index)
def view_save() -> Response:
    """Save the address that the form holds under a name."""
    form = read_form(ViewForm)
    view = views.save(web.session(), form.name, form.query(), web.person(), is_shared=form.is_shared)
    if form.is_first:
        views.begin_with(web.session(), view.public_id, web.person())
    toast(_("The view “%(name)s” is saved.", name=view.name))
    return redirect_to("contacts.index", **_address(view.query))


@contacts.post("/views/<uuid:public_id>/delete")
@access(Right.EDIT)
def view_delete(public_id: uuid.UUID) -> Response:
    """Delete a view; the list goes on looking like it, so that it is saved again with one press."""
    view = views.remove(web.session(), public_id, web.person())
    toast(
        _(
            "The view “%(name)s” is deleted. The list still looks like it: save it again if that was a slip.",
            name=view.name,
        )
    )
    return redirect_to("contacts.index", **_address(view.query))


@contacts.post("/views/<uuid:public_id>/first")
@access(Right.VIEW)
def view_first(public_id: uuid.UUID) -> Response:
    """Begin with a view from now on."""
    views.begin_with(web.session(), public_id, web.person())
    toast(_("The list begins with this view now."))
    return redirect_to("contacts.index")


@contacts.post("/views/none")
@access(Right.VIEW)
def view_none() -> Response:
    """Begin with everybody again."""
    views.begin_with(web.session(), None, web.person())
    toast(_("The list begins with everybody again."))
    return redirect_to("contacts.index")


def _address(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value} or {"everybody": "1"}
