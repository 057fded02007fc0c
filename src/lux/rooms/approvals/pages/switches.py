"""The 27 switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import toggles
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import service
from lux.rooms.approvals.forms import ToggleForm
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/toggles")
@access(Right.VIEW)
def toggles_page() -> Response:
    """Show the 27 switches."""
    return page("approvals/toggles.html", toggles=toggles.listing(session()), form=form_state({}))


@approvals.post("/toggles")
@access(Right.MANAGE)
@shows_again(toggles_page)
def set_toggle() -> Response:
    """Turn a switch on or off."""
    form = read_form(ToggleForm)
    service.switch(session(), person(), form.key, is_on=form.is_on, reason=form.reason)
    label = toggles.BY_KEY[form.key].label()
    toast(_("%(label)s is on.", label=label) if form.is_on else _("%(label)s is off.", label=label))
    return redirect_to("approvals.toggles_page")
