"""Settings → Integrations → Webhooks: who is told of what, how it went, and sending once more."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import Blueprint

from lux.gate.states import CallState, HookState
from lux.gate.webhooks import reads, subscriptions
from lux.gate.webhooks.payloads import OFFERED
from lux.identity.access import Right
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.rooms.integrations.forms import WebhookForm
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

webhooks = Blueprint("webhooks", __name__, template_folder="templates", url_prefix="/settings/integrations/webhooks")


@webhooks.get("/")
@access(Right.MANAGE)
def index() -> Response:
    """Show the webhooks and a form for another one."""
    rows, kinds = reads.listing(web.session()), [(one, one) for one in OFFERED]
    return page("integrations/webhooks.html", rows=rows, form=form_state(), kinds=kinds, states=HookState)


@webhooks.post("/")
@access(Right.MANAGE)
@shows_again(index)
def create() -> Response:
    """Set a webhook up and show its secret, this once."""
    form = read_form(WebhookForm)
    subscriptions.check_target(web.settings(), form.target)
    hook, secret = subscriptions.create(web.session(), web.person(), **form.model_dump())
    return _page(hook.public_id, secret=secret)


@webhooks.get("/<uuid:public_id>")
@access(Right.MANAGE)
def show(public_id: uuid.UUID) -> Response:
    """Show one webhook, its latest calls and its dead letters."""
    return _page(public_id)


@webhooks.post("/<uuid:public_id>/rotate")
@access(Right.MANAGE)
def rotate(public_id: uuid.UUID) -> Response:
    """Make a new secret and show it, this once."""
    _hook, secret = subscriptions.rotate(web.session(), web.person(), public_id)
    return _page(public_id, secret=secret)


@webhooks.post("/<uuid:public_id>/pause")
@access(Right.MANAGE)
def pause(public_id: uuid.UUID) -> Response:
    """Tell it nothing for a while."""
    subscriptions.pause(web.session(), web.person(), public_id)
    return redirect_to("webhooks.show", public_id=public_id)


@webhooks.post("/<uuid:public_id>/resume")
@access(Right.MANAGE)
def resume(public_id: uuid.UUID) -> Response:
    """Go on from now."""
    subscriptions.resume(web.session(), web.person(), public_id)
    return redirect_to("webhooks.show", public_id=public_id)


@webhooks.post("/<uuid:public_id>/remove")
@access(Right.MANAGE)
def remove(public_id: uuid.UUID) -> Response:
    """Take the yes back."""
    subscriptions.remove(web.session(), web.person(), public_id)
    toast(_("The webhook is removed. Nothing more leaves for it."))
    return redirect_to("webhooks.index")


@webhooks.post("/calls/<uuid:public_id>/again")
@access(Right.MANAGE)
def again(public_id: uuid.UUID) -> Response:
    """Send one fact once more under the same id."""
    hook = subscriptions.replay(web.session(), web.person(), public_id)
    toast(_("It is on its way again within seconds, under the same id."))
    return redirect_to("webhooks.show", public_id=hook.public_id)


def _page(public_id: uuid.UUID, **context: Any) -> Response:  # noqa: ANN401 - template values
    session = web.session()
    hook = reads.by_public_id(session, public_id)
    return page(
        "integrations/webhook.html",
        hook=hook,
        seen=subscriptions.secret_seen(session, hook),
        allowance=reads.allowance_of(session, hook),
        calls=reads.deliveries(session, hook),
        dead=reads.deliveries(session, hook, only_dead=True),
        counts=reads.counts(session, hook),
        states=HookState,
        call_states=CallState,
        now=clock.now(),
        **context,
    )
