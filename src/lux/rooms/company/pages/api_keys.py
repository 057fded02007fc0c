"""Settings of the company: the keys with which other programs act for it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING

from lux.identity import api_keys, members
from lux.identity.access import Right
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.rooms.company.forms import ApiKeyForm, ConfirmationForm
from lux.rooms.company.pages.blueprint import company
from lux.ui import confirmation, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.identity.models import ApiKey


@company.get("/settings/api-keys")
@access(Right.MANAGE)
def api_key_list() -> Response:
    """Show the company's keys, those that work first."""
    people = {member.user_id: member.name or member.email for member in members.listing(web.session())}
    return page(
        "company/api_keys.html",
        keys=api_keys.listing(web.session()),
        people=people,
        labels={scope.value: scope.label for scope in Scope},
        is_live=api_keys.is_live,
    )


@company.get("/settings/api-keys/new")
@access(Right.MANAGE)
def new_api_key() -> Response:
    """Show the form of a new key."""
    scopes = [(scope.value, scope.label, scope.help) for scope in Scope]
    today = clock.in_zone(clock.now(), web.tz()).date()
    return page("company/api_key_new.html", form=form_state(), scopes=scopes, tomorrow=today + dt.timedelta(days=1))


@company.post("/settings/api-keys/new")
@access(Right.MANAGE)
@shows_again(new_api_key)
def issue_api_key() -> Response:
    """Make a key and show it, this once."""
    form = read_form(ApiKeyForm)
    key, shown = api_keys.issue(
        web.session(), name=form.name, scopes=form.chosen, by=web.person(), expires_at=_end_of(form.expires_at)
    )
    return _shown(key, shown)


@company.get("/settings/api-keys/<uuid:public_id>")
@access(Right.MANAGE)
def api_key(public_id: uuid.UUID) -> Response:
    """Show one key, and what can be done with it."""
    key = api_keys.get(web.session(), public_id)
    scopes = [(scope.label, scope.help) for scope in Scope if scope in api_keys.scopes_of(key)]
    is_live = api_keys.is_live(key, clock.now())
    return page("company/api_key.html", key=key, scopes=scopes, is_live=is_live, form=form_state())


@company.post("/settings/api-keys/<uuid:public_id>/rotate")
@access(Right.MANAGE)
@shows_again(api_key)
def rotate_api_key(public_id: uuid.UUID) -> Response:
    """Give a key a new secret and show it, this once."""
    key, shown = api_keys.rotate(web.session(), api_keys.get(web.session(), public_id), by=web.person())
    return _shown(key, shown)


@company.post("/settings/api-keys/<uuid:public_id>/revoke")
@access(Right.MANAGE)
@shows_again(api_key)
def revoke_api_key(public_id: uuid.UUID) -> Response:
    """Stop a key after its name was typed."""
    key = api_keys.get(web.session(), public_id)
    confirmation.require(read_form(ConfirmationForm).confirmation, key.name)
    api_keys.revoke(web.session(), key, by=web.person())
    toast(_("“%(name)s” is revoked: it opens nothing any more.", name=key.name))
    return redirect_to("company.api_key_list")


def _end_of(day: dt.date | None) -> dt.datetime | None:
    """Return noon of a day in one's own zone: no clock change skips it."""
    if day is None:
        return None
    return clock.local_to_utc(dt.datetime.combine(day, dt.time(12)), web.tz(), field="expires_at")


def _shown(key: ApiKey, shown: str) -> Response:
    return page("company/api_key_shown.html", key=key, shown=shown, base=web.settings().base_url)
