"""The emergency stop: pressing it, ending it, the bounds at which LUX presses it, rehearsing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate.stop import drill, triggers
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.approvals import queries, stopping
from lux.rooms.approvals.pages.blueprint import approvals
from lux.rooms.approvals.stop_forms import DrillForm, ResumeForm, StopForm, TriggerForm
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import company_id, person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/stop")
@access(Right.VIEW)
def stop_page() -> Response:
    """Show what is stopped and what waits, how to end it, when LUX presses it, what rehearsals measured."""
    found = stopping.board(session(), person(), company_id())
    return page("approvals/stop.html", **found, form=form_state({}), words=queries)


@approvals.post("/stop")
@access(Right.STOP)
@shows_again(stop_page)
def stop_now() -> Response:
    """Stop everything of the company with one press, or the part that is named."""
    form = read_form(StopForm)
    found = stopping.press(session(), person(), form.scope, reason=form.reason)
    toast(_("Stopped: %(what)s. Nothing new leaves; ending the stop asks for a reason.", what=found.name), "warn")
    return redirect_to("approvals.stop_page")


@approvals.post("/stop/resume")
@access(Right.MANAGE)
@shows_again(stop_page)
def stop_resume() -> Response:
    """End a stop."""
    form = read_form(ResumeForm)
    back = stopping.resume(session(), person(), form.scope, confirmation=form.confirmation, reason=form.reason)
    toast(_("The stop is over. What has a yes goes on.") if back is not None else _("This stop was over already."))
    if back:
        toast(ngettext("One item is past its time and needs a new yes.",
                       "%(num)s items are past their time and need a new yes.", back), "warn")  # fmt: skip
    return redirect_to("approvals.stop_page")


@approvals.post("/stop/triggers")
@access(Right.MANAGE)
@shows_again(stop_page)
def stop_trigger() -> Response:
    """Set the bounds of one trigger."""
    form = read_form(TriggerForm)
    stopping.change_trigger(session(), person(), form)
    toast(_("Changed: %(label)s.", label=triggers.BY_KEY[form.key].label()))
    return redirect_to("approvals.stop_page")


@approvals.post("/stop/drill")
@access(Right.VIEW)
@shows_again(stop_page)
def stop_drill() -> Response:
    """Rehearse the stop with mails to nobody; owners and operators only."""
    read_form(DrillForm)
    drill.start(session(), person())
    toast(_("The rehearsal has begun; its figure stands below in about ten seconds."))
    return redirect_to("approvals.stop_page")
