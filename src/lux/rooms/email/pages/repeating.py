"""A campaign that repeats: how it does, its runs within the yes, pause, end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import control
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.email import queries, repeat_show, repeating, service
from lux.rooms.email.forms import ReasonForm, VersionForm
from lux.rooms.email.pages.campaigns import email
from lux.rooms.email.repeat_forms import RepeatForm
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    import uuid

    from werkzeug.wrappers import Response


@email.get("/<uuid:public_id>/series")
@access(Right.VIEW)
def series(public_id: uuid.UUID) -> Response:
    """Show how a campaign repeats, when it runs next, and what became of its runs."""
    campaign = queries.by_public_id(web.session(), public_id)
    return page("email/series.html", **repeat_show.series(web.session(), campaign, web.person()))


@email.get("/<uuid:public_id>/repeat")
@access(Right.EDIT)
def repeat(public_id: uuid.UUID) -> Response:
    """Ask how it repeats."""
    campaign = queries.by_public_id(web.session(), public_id)
    service.refuse_unless_editable(campaign, queries.outbound_of(web.session(), campaign))
    form = form_state(repeat_show.values_of(web.session(), campaign))
    return page("email/repeat.html", **repeat_show.editor(web.session(), campaign, form))


@email.post("/<uuid:public_id>/repeat")
@access(Right.EDIT)
@shows_again(repeat)
def save_repeat(public_id: uuid.UUID) -> Response:
    """Let it repeat; what was submitted goes back to wait for a new yes."""
    campaign, form = queries.by_public_id(web.session(), public_id), read_form(RepeatForm)
    waits = repeating.choose(web.session(), campaign, form.repeat(), editor=web.person(), version=form.version)
    toast(_("Saved. It waits for a new yes.") if waits else _("Saved. Submit it: one yes covers all of its runs."))
    return redirect_to("email.series", public_id=public_id)


@email.post("/<uuid:public_id>/once")
@access(Right.EDIT)
def send_once(public_id: uuid.UUID) -> Response:
    """Let it go once, as any campaign."""
    campaign, form = queries.by_public_id(web.session(), public_id), read_form(VersionForm)
    repeating.choose(web.session(), campaign, None, editor=web.person(), version=form.version)
    toast(_("It goes once."))
    return redirect_to("email.overview", public_id=public_id)


@email.post("/<uuid:public_id>/series/pause")
@access(Right.EDIT)
def pause_series(public_id: uuid.UUID) -> Response:
    """Start no run until somebody lets it go on; a run under way goes on."""
    campaign = queries.by_public_id(web.session(), public_id)
    outbound_id = repeating.submitted(web.session(), campaign)
    control.pause(web.session(), web.person(), outbound_id, reason=read_form(ReasonForm).reason)
    toast(_("Paused. No run starts until you let it go on."))
    return redirect_to("email.series", public_id=public_id)


@email.post("/<uuid:public_id>/series/resume")
@access(Right.EDIT)
def resume_series(public_id: uuid.UUID) -> Response:
    """Let it go on under the yes it has."""
    campaign = queries.by_public_id(web.session(), public_id)
    control.resume(web.session(), web.person(), repeating.submitted(web.session(), campaign))
    toast(_("It goes on."))
    return redirect_to("email.series", public_id=public_id)


@email.post("/<uuid:public_id>/series/end")
@access(Right.EDIT)
def end_series(public_id: uuid.UUID) -> Response:
    """End it for good."""
    campaign = queries.by_public_id(web.session(), public_id)
    repeating.end(web.session(), campaign, by=web.person(), reason=read_form(ReasonForm).reason)
    toast(_("Ended. Nothing of it leaves any more."))
    return redirect_to("email.series", public_id=public_id)
