"""Settings → Integrations → Webhooks → Programs: which key may subscribe which hosts to what, and what came of it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING

from flask import Blueprint

from lux.gate.states import HookState
from lux.gate.webhooks import allowances, reads
from lux.gate.webhooks.payloads import OFFERED
from lux.identity import api_keys
from lux.identity.access import Right
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.rooms.integrations.forms import AllowanceForm
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

programs = Blueprint(
    "hook_programs", __name__, template_folder="templates", url_prefix="/settings/integrations/webhooks/programs"
)
USUAL: dict[str, object] = {"hosts": "hooks.zapier.com", "most": 20}


@programs.get("/")
@access(Right.MANAGE)
def index() -> Response:
    """Show the standing yeses and a form for another one."""
    session, today = web.session(), clock.in_zone(clock.now(), web.tz()).date()
    usual = USUAL | {"until": (today + dt.timedelta(days=365)).isoformat()}
    return page(
        "integrations/programs.html",
        rows=reads.allowances(session),
        counts=reads.open_counts(session),
        keys=_keys(),
        kinds=[(one, one) for one in OFFERED],
        states=HookState,
        form=form_state(usual),
    )


@programs.post("/")
@access(Right.MANAGE)
@shows_again(index)
def allow() -> Response:
    """Say yes to what a key's program may subscribe from now on."""
    form = read_form(AllowanceForm)
    until = clock.local_to_utc(dt.datetime.combine(form.until, dt.time(12)), web.tz(), field="until")
    wanted = form.model_dump() | {"until": until}
    found = allowances.allow(web.session(), web.person(), **wanted)
    toast(_("From now on this program may subscribe addresses there."))
    return redirect_to("hook_programs.show", public_id=found.public_id)


@programs.get("/<uuid:public_id>")
@access(Right.MANAGE)
def show(public_id: uuid.UUID) -> Response:
    """Show one standing yes and what was subscribed under it."""
    one = reads.allowance(web.session(), public_id)
    rows = reads.under(web.session(), one)
    return page("integrations/program.html", one=one, rows=rows, states=HookState)


@programs.post("/<uuid:public_id>/end")
@access(Right.MANAGE)
def end(public_id: uuid.UUID) -> Response:
    """Take a standing yes back."""
    allowances.end(web.session(), web.person(), public_id)
    toast(_("It is taken back. Nothing more leaves for what was subscribed under it."))
    return redirect_to("hook_programs.show", public_id=public_id)


def _keys() -> list[tuple[str, str]]:
    now = clock.now()
    return [
        (str(key.public_id), f"{key.name} (…{key.last_four})")
        for key in api_keys.listing(web.session())
        if api_keys.is_live(key, now) and Scope.HOOKS_WRITE in api_keys.scopes_of(key)
    ]
