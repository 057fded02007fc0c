"""Before a yes: previews, test copies, submitting, taking back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import make_response, request

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.content import service as content
from lux.rooms.email import launch, queries, service, show
from lux.rooms.email.forms import ReasonForm, SubmitForm, TestForm
from lux.rooms.email.links import links_for
from lux.rooms.email.pages.campaigns import email, overview
from lux.ui import csp, web
from lux.ui.access import access
from lux.ui.forms import read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@email.get("/<uuid:public_id>/preview")
@access(Right.VIEW)
def preview(public_id: uuid.UUID) -> Response:
    """Show the message as a chosen recipient gets it."""
    campaign, text = queries.by_public_id(web.session(), public_id), request.args.get("q", "").strip()
    contact = _contact()
    shown = content.preview(web.session(), service.content_of(campaign), contact)
    context = show.head(web.session(), campaign)
    context |= {"shown": shown, "contact": contact, "q": text, "part": request.args.get("part", "html")}
    return page("email/preview.html", recipients=content.recipients(web.session(), text), **context)


@email.get("/<uuid:public_id>/preview/frame")
@access(Right.VIEW)
def preview_frame(public_id: uuid.UUID) -> Response:
    """Serve the message itself, for a sandboxed frame."""
    campaign = queries.by_public_id(web.session(), public_id)
    written, part = service.content_of(campaign), request.args.get("part", "html")
    body = content.preview_html(web.session(), written, _contact(), part)
    return csp.use_mail_preview_policy(make_response(body))


@email.post("/<uuid:public_id>/test")
@access(Right.EDIT)
@shows_again(overview)
def test(public_id: uuid.UUID) -> Response:
    """Send a copy to chosen members of the company."""
    session, form = web.session(), read_form(TestForm)
    campaign = queries.by_public_id(session, public_id)
    asked = launch.Asked(author=web.person(), version=form.version, link=links_for(campaign))
    launch.send_test(session, campaign, asked, member_ids=form.members)
    toast(_("The test copy is on its way. What became of it stands below."))
    return redirect_to("email.overview", public_id=public_id, _anchor="tests")


@email.get("/<uuid:public_id>/tests")
@access(Right.VIEW)
def tests(public_id: uuid.UUID) -> Response:
    """Show what became of the latest test copies; asked again while one is under way."""
    campaign = queries.by_public_id(web.session(), public_id)
    return page("email/_test_result.html", **show.tests(web.session(), campaign))


@email.post("/<uuid:public_id>/submit")
@access(Right.EDIT)
@shows_again(overview)
def submit(public_id: uuid.UUID) -> Response:
    """Ask for a yes over exactly this content."""
    session, form = web.session(), read_form(SubmitForm)
    campaign = queries.by_public_id(session, public_id)
    local_time = form.send_at if form.when == "at" else None
    asked = launch.Asked(author=web.person(), version=form.version, link=links_for(campaign))
    launch.submit_campaign(session, campaign, asked, local_time=local_time)
    toast(_("Submitted. It leaves when somebody who may has said yes."))
    return redirect_to("email.overview", public_id=public_id)


@email.post("/<uuid:public_id>/withdraw")
@access(Right.EDIT)
def withdraw(public_id: uuid.UUID) -> Response:
    """Take a submitted campaign back; it is a draft again."""
    campaign = queries.by_public_id(web.session(), public_id)
    launch.withdraw(web.session(), campaign, by=web.person(), reason=read_form(ReasonForm).reason)
    toast(_("Taken back. It is a draft again."))
    return redirect_to("email.overview", public_id=public_id)


def _contact() -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get("contact", ""))
    except ValueError:
        return None
