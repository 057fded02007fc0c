"""What guests see: the door their link opens, what waits for them, one item and what they may do about it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, cast

from flask import Blueprint, flash, g, make_response, request
from flask import session as cookie

from lux.gate import preview
from lux.gate.guests import doors, seeing
from lux.identity.tokens import LinkGone
from lux.kit import origin, rates
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Forbidden, LuxError, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import queries, reviewing
from lux.rooms.approvals.forms import CommentForm, RejectForm
from lux.rooms.approvals.guest_forms import GuestApproveForm
from lux.ui import csp, web
from lux.ui.access import public
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to
from lux.ui.web import session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.gate.guests.reviewer import Reviewer

KEY = "guest"  # of the cookie
LINK = "the link holds an unguessable token of one person, and opening it changes nothing"
GUESTS = "a guest's own session is asked for before every view of this blueprint"
LINKS_PER_MINUTE, ACTS_PER_MINUTE = 30, 60

door = Blueprint("guest_link", __name__, template_folder="../templates", url_prefix="/review/link")
review = Blueprint("review", __name__, template_folder="../templates", url_prefix="/review")


def reviewer() -> Reviewer:
    """Return the guest who asks."""
    return cast("Reviewer", g.lux_reviewer)


@door.before_request
def _not_too_often() -> None:
    rates.take(web.database(), f"guest-link:{request.remote_addr}", LINKS_PER_MINUTE, 60)


@door.get("/<token>")
@public(LINK)
def opened(token: str) -> Response:
    """Say whose link it is; a scanner of mails that opens it changes nothing."""
    with web.database().read(ALL_COMPANIES) as asked:
        found = doors.opened(asked, token)
    web.use_zone(found.timezone)
    return page("approvals/review_door.html", found=found, token=token)


@door.post("/<token>")
@public(LINK)
def enter(token: str) -> Response:
    """Let the guest in."""
    cookie[KEY] = doors.enter(web.database(), token, address=request.remote_addr or "",
                              user_agent=request.user_agent.string)  # fmt: skip
    cookie.permanent = True
    return redirect_to("review.index")


@review.before_request
def _come_in() -> None:
    token = cookie.get(KEY)
    found = doors.reviewer_for(web.database(), str(token)) if token else None
    if found is None:
        raise doors.gone()
    g.lux_reviewer = found
    origin.enter(origin.GUEST)
    web.use_company(found.company_id)
    web.use_zone(found.timezone)
    if request.method not in web.SAFE_METHODS:
        rates.take(web.database(), f"guest:{found.guest_id}", ACTS_PER_MINUTE, 60)


@review.get("/")
@public(GUESTS)
def index() -> Response:
    """Show what waits for the guest."""
    return page("approvals/review_index.html", items=seeing.waiting(session(), reviewer()), reviewer=reviewer(),
                words=queries)  # fmt: skip


@review.get("/<uuid:public_id>")
@public(GUESTS)
def show(public_id: uuid.UUID) -> Response:
    """Show exactly what would leave, to how many, when, and what changed."""
    item = seeing.item(session(), reviewer(), public_id)
    return page("approvals/review_show.html", reviewer=reviewer(), form=form_state({}),
                **reviewing.shown(session(), reviewer(), item))  # fmt: skip


@review.get("/<uuid:public_id>/preview")
@public(GUESTS)
def preview_frame(public_id: uuid.UUID) -> Response:
    """Serve the message as an invented contact would get it, for a sandboxed frame."""
    item = seeing.item(session(), reviewer(), public_id)
    shown = preview.for_a_guest(session(), item.id)
    response = make_response(shown.html if request.args.get("part") != "text" else preview.text_page(shown.text))
    return csp.use_mail_preview_policy(response)


@review.post("/<uuid:public_id>/comment")
@public(GUESTS)
@shows_again(show)
def comment(public_id: uuid.UUID) -> Response:
    """Say something about it."""
    reviewing.comment(session(), reviewer(), public_id, read_form(CommentForm).text)
    flash(_("Your comment stands in the history."), "ok")
    return redirect_to("review.show", public_id=public_id, _anchor="history")


@review.post("/<uuid:public_id>/approve")
@public(GUESTS)
@shows_again(show)
def approve(public_id: uuid.UUID) -> Response:
    """Say yes to what was shown."""
    form = read_form(GuestApproveForm)
    flash(
        reviewing.approve(session(), reviewer(), public_id, shown_hash=form.shown_hash, typed=form.confirmation), "ok"
    )
    return redirect_to("review.show", public_id=public_id)


@review.post("/<uuid:public_id>/reject")
@public(GUESTS)
@shows_again(show)
def reject(public_id: uuid.UUID) -> Response:
    """Say no, with a reason."""
    form = read_form(RejectForm)
    reviewing.reject(session(), reviewer(), public_id, shown_hash=form.shown_hash, reason=form.reason)
    flash(_("Rejected. The author was told why."), "ok")
    return redirect_to("review.show", public_id=public_id)


@review.post("/leave")
@public(GUESTS)
def leave() -> Response:
    """End the guest's session here."""
    doors.leave(session(), reviewer())
    cookie.pop(KEY, None)
    return page("approvals/review_left.html", company=reviewer().company)


@door.errorhandler(LinkGone)
@review.errorhandler(LinkGone)
def _gone(error: LinkGone) -> Response:
    web.rollback()
    return page("approvals/review_gone.html", status=error.status, error=error)


@review.errorhandler(NotFound)
@review.errorhandler(Forbidden)
@review.errorhandler(WrongState)
def _told(error: LuxError) -> Response:
    web.rollback()
    return page("approvals/review_problem.html", status=error.status, error=error, reviewer=g.get("lux_reviewer"))
