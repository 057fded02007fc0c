"""How the company decides: to read for everybody, to choose for owner and admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate.deciding import policies
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import policy as service
from lux.rooms.approvals.forms import PolicyForm
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/policy")
@access(Right.VIEW)
def policy_page() -> Response:
    """Show the policy, and who chose it."""
    found = policies.policy_of(session())
    values = {**policies.plain(found.rules), "reason": ""}
    return page("approvals/policy.html", policy=found, form=form_state(values), approvers=policies.approvers(session()),
                may_choose=person().has(Right.MANAGE), days=policies.DAYS, hours=policies.HOURS)  # fmt: skip


@approvals.post("/policy")
@access(Right.MANAGE)
@shows_again(policy_page)
def choose_policy() -> Response:
    """Choose the policy."""
    form = read_form(PolicyForm)
    service.choose(session(), person(), form.rules, version=form.version, reason=form.reason)
    toast(_("Saved. It holds for every decision from now on."))
    return redirect_to("approvals.policy_page")
