"""Settings → Integrations: what is connected, connecting, testing, removing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint, request

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.integrations import service
from lux.rooms.integrations.forms import UseForm
from lux.rooms.integrations.hook_pages import programs
from lux.rooms.integrations.webhook_pages import webhooks
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.rooms.integrations.service import Saved

integrations = Blueprint("integrations", __name__, template_folder="templates", url_prefix="/settings/integrations")
blueprints = (integrations, webhooks, programs)


@integrations.get("/")
@access(Right.MANAGE)
def index() -> Response:
    """Show what is connected and what mail leaves through."""
    session = web.session()
    found, state = service.listing(session), service.vault_state(session)
    schemas = service.connectable(web.settings())
    has_default = any(view.account.is_default for view in found)
    return page("integrations/index.html", views=found, schemas=schemas, vault=state, has_default=has_default)


@integrations.get("/new/<provider>")
@access(Right.MANAGE)
def new(provider: str) -> Response:
    """Show the fields of a provider."""
    schema = service.schema_of(web.settings(), provider)
    values = {"label": schema.label, "use": True, **{field.name: field.default for field in schema.fields}}
    return page("integrations/new.html", form=form_state(values), schema=schema, purpose_of=service.purpose_of)


@integrations.post("/new/<provider>")
@access(Right.MANAGE)
@shows_again(new)
def connect(provider: str) -> Response:
    """Add an account and test it."""
    saved = service.connect(web.database(), web.settings(), web.person(), provider, request.form)
    return _told(saved)


@integrations.get("/<uuid:public_id>")
@access(Right.MANAGE)
def show(public_id: uuid.UUID) -> Response:
    """Show an account: its fields, the state of its secrets, its last test."""
    view = service.view(web.session(), public_id)
    values = {"label": view.account.label, "use": service.is_wanted(web.session(), view.account), **view.account.config}
    return page("integrations/show.html", form=form_state(values), view=view, schema=view.schema,
                purpose_of=service.purpose_of)  # fmt: skip


@integrations.post("/<uuid:public_id>")
@access(Right.MANAGE)
@shows_again(show)
def change(public_id: uuid.UUID) -> Response:
    """Change an account and test it."""
    saved = service.change(web.database(), web.settings(), web.person(), public_id, request.form)
    return _told(saved)


@integrations.post("/<uuid:public_id>/test")
@access(Right.MANAGE)
def test(public_id: uuid.UUID) -> Response:
    """Make one real, harmless call."""
    result = service.test(web.database(), web.settings(), web.person(), public_id)
    toast(_("The test succeeded.") if result.is_ok else _("The test failed."), "ok" if result.is_ok else "bad")
    return redirect_to("integrations.show", public_id=public_id)


@integrations.post("/use")
@access(Right.MANAGE)
def use() -> Response:
    """Choose what mail leaves through."""
    chosen = read_form(UseForm).account
    service.use(web.session(), web.person(), chosen)
    toast(_("Mail leaves through it from now on.") if chosen else _("The built-in mailbox keeps all mail from now on."))
    return redirect_to("integrations.index")


@integrations.post("/<uuid:public_id>/remove")
@access(Right.MANAGE)
def remove(public_id: uuid.UUID) -> Response:
    """Remove an account and its secrets."""
    service.remove(web.session(), web.person(), public_id)
    toast(_("The account and its stored secrets are removed."))
    return redirect_to("integrations.index")


def _told(saved: Saved) -> Response:
    if not saved.result.is_ok:
        toast(_("Saved, but the test failed. Mail does not leave through it as it is."), "bad")
    elif saved.is_default:
        toast(_("Saved and tested. Mail leaves through it from now on."))
    else:
        toast(_("Saved and tested."))
    return redirect_to("integrations.show", public_id=saved.public_id)
