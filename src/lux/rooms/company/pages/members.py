"""Settings of the company: its members, their roles, and open invitations."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity import invitations, members
from lux.identity.access import Right, Role
from lux.kit.i18n import gettext as _
from lux.rooms.company import service
from lux.rooms.company.forms import InviteForm, RoleForm
from lux.rooms.company.pages.blueprint import company
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.shell import role_label

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@company.get("/settings/members")
@access(Right.MANAGE)
def member_list() -> Response:
    """Show who belongs to the company and who is invited."""
    roles = [(role.value, role_label(role)) for role in Role if role is not Role.OWNER or web.person().has(Right.OWN)]
    return page(
        "company/members.html",
        form=form_state({"role": Role.MARKETER.value}),
        members=members.listing(web.session()),
        invitations=invitations.pending(web.session()),
        roles=roles,
        role_label=role_label,
    )


@company.post("/settings/members/invite")
@access(Right.MANAGE)
@shows_again(member_list)
def invite() -> Response:
    """Mail an invitation."""
    found = service.invite(web.session(), web.settings(), web.person(), read_form(InviteForm))
    toast(_("An invitation to %(email)s is on its way.", email=found.email))
    return redirect_to("company.member_list")


@company.post("/settings/members/invitations/<uuid:public_id>/withdraw")
@access(Right.MANAGE)
def withdraw(public_id: uuid.UUID) -> Response:
    """Make an invitation's link useless."""
    invitations.withdraw(web.session(), web.person(), public_id)
    toast(_("The invitation is withdrawn; its link does not work any more."))
    return redirect_to("company.member_list")


@company.post("/settings/members/<uuid:public_id>/role")
@access(Right.MANAGE)
def change_role(public_id: uuid.UUID) -> Response:
    """Give a member another role."""
    members.change_role(web.session(), web.person(), public_id, read_form(RoleForm).role)
    toast(_("The role is changed. That person signs in again and has it."))
    return redirect_to("company.member_list")


@company.post("/settings/members/<uuid:public_id>/remove")
@access(Right.MANAGE)
def remove_member(public_id: uuid.UUID) -> Response:
    """Take somebody out of the company."""
    members.remove(web.session(), web.person(), public_id)
    toast(_("That person does not belong to the company any more."))
    return redirect_to("company.member_list")
