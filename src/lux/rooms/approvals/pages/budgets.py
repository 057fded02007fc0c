"""What each channel may cost in a day and a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate.review import budgets as gate_budgets
from lux.gate.review.costs import PERIODS
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.approvals.pages.blueprint import approvals
from lux.rooms.approvals.review_forms import BudgetForm
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/budgets")
@access(Right.MANAGE)
def budgets() -> Response:
    """Show each channel's budgets and what is taken of them."""
    return page("approvals/budgets.html", channels=gate_budgets.channels(session()), form=form_state({}))


@approvals.post("/budgets")
@access(Right.MANAGE)
@shows_again(budgets)
def save_budget() -> Response:
    """Set what one channel may cost."""
    form = read_form(BudgetForm)
    for period in PERIODS:
        gate_budgets.set_budget(session(), person(), channel=form.channel, period=period,
                                amount=getattr(form, period), currency=form.currency)  # fmt: skip
    toast(_("Saved. It is asked when something is submitted, and again when it leaves."))
    return redirect_to("approvals.budgets")
