"""The emergency stop: pressing it, and ending it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import reads, stop
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import queries, service
from lux.rooms.approvals.forms import ResumeForm, StopForm
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import company_id, person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/stop")
@access(Right.VIEW)
def stop_page() -> Response:
    """Show whether a stop is active, what waits, and how to end it."""
    waiting = reads.items(session(), states=queries.GOING, limit=20)
    return page("approvals/stop.html", stops=stop.active(session(), company_id()), waiting=waiting,
                word=service.resume_word(), form=form_state({}), words=queries)  # fmt: skip


@approvals.post("/stop")
@access(Right.STOP)
def stop_now() -> Response:
    """Stop everything of the company with one press."""
    form = read_form(StopForm)
    service.press_stop(session(), person(), scope=form.scope, reason=form.reason)
    toast(_("Stopped. Nothing new leaves; ending the stop asks for a reason."), "warn")
    return redirect_to("approvals.stop_page")


@approvals.post("/stop/resume")
@access(Right.MANAGE)
@shows_again(stop_page)
def stop_resume() -> Response:
    """End a stop."""
    form = read_form(ResumeForm)
    service.resume(session(), person(), scope=form.scope, confirmation=form.confirmation, reason=form.reason)
    toast(_("The stop is over. What has a yes goes on."))
    return redirect_to("approvals.stop_page")
