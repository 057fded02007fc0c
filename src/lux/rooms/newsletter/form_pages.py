"""Settings → Subscribe form: on or off, its words, its address and a snippet for the company's own site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.newsletter import queries, subscribing
from lux.rooms.newsletter.forms import FormSettings
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

forms = Blueprint("subscribe_form", __name__, template_folder="templates", url_prefix="/settings/subscribe-form")
STORED = ("is_on", "title", "intro", "wording", "list_id", "version")


@forms.get("/")
@access(Right.MANAGE)
def index() -> Response:
    """Show the form's settings, and where it stands."""
    session = web.session()
    row = queries.subscribe_form(session)
    values = {name: getattr(row, name) for name in STORED} if row is not None else {"version": 0}
    return page(
        "newsletter/subscribe_form.html",
        form=form_state(values),
        row=row,
        shown=subscribing.shown(session, row),
        address=subscribing.address_of(session, row.code) if row is not None else "",
        snippet=subscribing.snippet(session, row) if row is not None else "",
        lists=[("", _("No list")), *subscribing.lists(session)],
    )


@forms.post("/")
@access(Right.MANAGE)
@shows_again(index)
def save() -> Response:
    """Save the form."""
    row = subscribing.save(web.session(), web.person(), read_form(FormSettings))
    toast(_("Saved. The form is open to everybody.") if row.is_on else _("Saved. The form is closed."))
    return redirect_to("subscribe_form.index")
