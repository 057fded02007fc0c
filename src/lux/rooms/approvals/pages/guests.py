"""Guest reviewers, as the company's admins see them: who they are, invite, mail anew, revoke."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import request

from lux.gate.deciding import policies
from lux.identity import companies
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import inviting, queries
from lux.rooms.approvals.guest_forms import GuestForm
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui import lists
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.gate.guests.reviewer import GuestView


@approvals.get("/guests")
@access(Right.MANAGE)
def guests() -> Response:
    """Show the guests, and the form that invites one."""
    none: list[GuestView] = []
    rows = lists.load("guest-rows", lambda: inviting.guests(session()), none)
    item, until = request.args.get("item", ""), inviting.usual_end(companies.current(session()).timezone)
    rules = policies.rules_of(session())
    initial = {"may_comment": rules.guests_comment, "until": until.isoformat(), "reach": "item" if item else "kinds",
               "kinds": ["email_campaign"], "item": item}  # fmt: skip
    return page("approvals/guests.html", guests=rows, rules=rules, form=form_state(initial),
                kinds=inviting.kinds(), items=inviting.items(session()), words=queries)  # fmt: skip


@approvals.post("/guests")
@access(Right.MANAGE)
@shows_again(guests)
def invite_guest() -> Response:
    """Mail a link."""
    email = inviting.invite(session(), person(), read_form(GuestForm))
    toast(_("The link to %(email)s is on its way.", email=email))
    return redirect_to("approvals.guests")


@approvals.post("/guests/<uuid:public_id>/renew")
@access(Right.MANAGE)
def renew_guest(public_id: uuid.UUID) -> Response:
    """Mail a new link; the earlier one is over."""
    email = inviting.renew(session(), person(), public_id)
    toast(_("A new link to %(email)s is on its way; the earlier one does not work any more.", email=email))
    return redirect_to("approvals.guests")


@approvals.post("/guests/<uuid:public_id>/revoke")
@access(Right.MANAGE)
def revoke_guest(public_id: uuid.UUID) -> Response:
    """End a link."""
    name = inviting.revoke(session(), person(), public_id)
    toast(_("The link of %(name)s does not work any more.", name=name))
    return redirect_to("approvals.guests")


@approvals.post("/guests/<uuid:public_id>/erase")
@access(Right.MANAGE)
def erase_guest(public_id: uuid.UUID) -> Response:
    """Take a guest's name and address from everything."""
    inviting.erase(session(), person(), public_id)
    toast(_("The name and address of this guest are erased; what they decided stays."))
    return redirect_to("approvals.guests")
