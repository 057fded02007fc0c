"""The 27 switches, and one of them with its limits, its needs and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import toggles
from lux.gate.toggles.words import day_names
from lux.identity import companies
from lux.identity.access import Right
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.approvals import service, switching
from lux.rooms.approvals.forms import ToggleForm
from lux.rooms.approvals.limits_form import InstallationForm, LimitsForm, values_of
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/toggles")
@access(Right.VIEW)
def toggles_page() -> Response:
    """Show the 27 switches."""
    found = toggles.listing(session())
    in_use = switching.consequences(session(), [one for one in found if one.is_in_use])
    return page("approvals/toggles.html", in_use=in_use, not_yet=[one for one in found if not one.is_in_use],
                form=form_state({}))  # fmt: skip


@approvals.post("/toggles")
@access(Right.MANAGE)
@shows_again(toggles_page)
def set_toggle() -> Response:
    """Turn a switch on or off."""
    form = read_form(ToggleForm)
    service.switch(session(), person(), form.key, is_on=form.is_on, reason=form.reason)
    label = toggles.BY_KEY[form.key].label()
    toast(_("%(label)s is on.", label=label) if form.is_on else _("%(label)s is off.", label=label))
    if form.is_on and (paused := toggles.paused_by_switches(session())):
        toast(ngettext("One item that a switch paused waits for somebody to resume it.",
                       "%(num)s items that a switch paused wait for somebody to resume them.", paused),
              "warn")  # fmt: skip
    return redirect_to("approvals.toggles_page")


@approvals.get("/toggles/<key>")
@access(Right.VIEW)
def toggle_page(key: str) -> Response:
    """Show one switch: its limits, what it needs, what waits for it, who changed it when and why."""
    toggle, company = toggles.one(session(), key), companies.current(session())
    shown = switching.consequence(session(), toggle, toggles.on(session()))
    return page("approvals/toggle.html", shown=shown, toggle=toggle, company=company, days=day_names(),
                zones=[(name, name) for name in clock.zone_names()], history=switching.history(session(), key),
                used=toggles.used_today(session(), key),
                form=form_state(values_of(toggle.limits, company.timezone)))  # fmt: skip


@approvals.post("/toggles/<key>/limits")
@access(Right.MANAGE)
@shows_again(toggle_page)
def set_limits(key: str) -> Response:
    """Bound what a switch lets happen."""
    switching.bound(session(), person(), key, read_form(LimitsForm))
    toast(_("The limits are saved. What waits for them looks again within a minute."))
    return redirect_to("approvals.toggle_page", key=key)


@approvals.post("/toggles/<key>/installation")
@access(Right.OPERATE)
@shows_again(toggle_page)
def set_for_all(key: str) -> Response:
    """Turn a switch on or off for the whole installation."""
    form = read_form(InstallationForm)
    toggles.set_for_all(session(), person(), key, is_on=form.is_on, reason=form.reason)
    toast(_("Saved for the whole installation."))
    return redirect_to("approvals.toggle_page", key=key)
