"""While a campaign leaves, and after: progress, pause, resume, cancel, trying again, settling the unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import control
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.email import queries, running, show, watch
from lux.rooms.email.forms import ConfirmForm, ReasonForm, SettleForm
from lux.rooms.email.pages.campaigns import email, overview
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    import uuid

    from werkzeug.wrappers import Response


@email.get("/<uuid:public_id>/progress")
@access(Right.VIEW)
def progress(public_id: uuid.UUID) -> Response:
    """Show how far it is; asked every two seconds while it moves."""
    outbound = running.outbound(web.session(), public_id)
    found = watch.progress_of(web.session(), outbound)
    campaign = queries.by_public_id(web.session(), public_id)
    may_edit, can_resend = web.person().has(Right.EDIT), show.can_resend(outbound)
    context = {"campaign": campaign, "progress": found, "can_resend": can_resend}
    return page("email/_progress.html", block=None, status=200, may_edit=may_edit, **context)


@email.post("/<uuid:public_id>/pause")
@access(Right.EDIT)
def pause(public_id: uuid.UUID) -> Response:
    """Hold back what has not left."""
    outbound = running.outbound(web.session(), public_id)
    control.pause(web.session(), web.person(), outbound.id, reason=read_form(ReasonForm).reason)
    toast(_("Paused. Messages on the wire are finished, nothing else leaves."))
    return redirect_to("email.overview", public_id=public_id)


@email.post("/<uuid:public_id>/resume")
@access(Right.EDIT)
def resume(public_id: uuid.UUID) -> Response:
    """Go on under the yes it has."""
    outbound = running.outbound(web.session(), public_id)
    control.resume(web.session(), web.person(), outbound.id)
    toast(_("It goes on."))
    return redirect_to("email.overview", public_id=public_id)


@email.post("/<uuid:public_id>/cancel")
@access(Right.EDIT)
@shows_again(overview)
def cancel(public_id: uuid.UUID) -> Response:
    """Stop for good what has not left, after the number of recipients was typed."""
    form = read_form(ConfirmForm)
    outbound = running.outbound(web.session(), public_id)
    running.check_confirmation(outbound, form.confirmation)
    left_out = control.cancel(web.session(), web.person(), outbound.id, reason=form.reason)
    one, many = "Cancelled. One recipient will not get it.", "Cancelled. %(num)s recipients will not get it."
    toast(ngettext(one, many, left_out))
    return redirect_to("email.overview", public_id=public_id)


@email.post("/<uuid:public_id>/resend")
@access(Right.EDIT)
def resend(public_id: uuid.UUID) -> Response:
    """Try the failed recipients again, under the same yes."""
    outbound = running.outbound(web.session(), public_id)
    number = control.resend_failed(web.session(), web.person(), outbound.id)
    toast(ngettext("One recipient is tried again.", "%(num)s recipients are tried again.", number))
    return redirect_to("email.overview", public_id=public_id)


@email.post("/<uuid:public_id>/recipients/<int:number>/settle")
@access(Right.EDIT)
def settle(public_id: uuid.UUID, number: int) -> Response:
    """Say what became of a message whose outcome was unknown."""
    outbound = running.outbound(web.session(), public_id)
    running.refuse_foreign(web.session(), outbound, number)
    was_sent = read_form(SettleForm).outcome == "sent"
    control.settle_unknown(web.session(), web.person(), number, was_sent=was_sent)
    toast(_("Marked as sent.") if was_sent else _("Marked as failed. It can be tried again."))
    return redirect_to("email.recipients", public_id=public_id, state="unknown")
