"""Where Zapier delivers contacts, and Settings → Integrations → Zapier."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, jsonify, make_response, request
from werkzeug.exceptions import RequestEntityTooLarge

from lux.identity import api_keys
from lux.identity.access import Right
from lux.identity.api_keys import Scope
from lux.kit import clock, rates
from lux.kit.errors import LuxError, SignInNeeded, TooLarge
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.rooms.contacts.forms import incoming as forms
from lux.rooms.contacts.incoming import desk, payload
from lux.rooms.contacts.incoming.payload import UnsupportedBody
from lux.rooms.contacts.pages import words
from lux.rooms.contacts.queries import incoming as queries
from lux.ui import web, wrong_keys
from lux.ui.access import access, public
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.identity.models import ApiKey

PER_MINUTE: Final = 600  # deliveries of one key
zapier = Blueprint("zapier", __name__, template_folder="../templates", url_prefix="/settings/integrations/zapier")
doors = Blueprint("doors", __name__)


@doors.post("/api/webhook/zapier-contact")
@public("a key of the company with the scope `zapier` stands in the header", checks_csrf=False)
def deliver() -> Response:
    """Take one contact: 201 created, 200 updated."""
    request.max_content_length = payload.MOST_BYTES
    db, key = web.database(), _key()
    rates.take(db, f"incoming:{key.id}", PER_MINUTE, 60)
    api_keys.note_use(db, key)
    repeat_key = request.headers.get("Idempotency-Key", "")[:200]
    answer = desk.take(db, key, _fields, address=request.remote_addr or "", repeat_key=repeat_key)
    return make_response(jsonify(answer.body), answer.status)


@zapier.get("/")
@access(Right.MANAGE)
def index() -> Response:
    """Show address, keys, sample, rules and what came lately."""
    return _page()


@zapier.post("/keys")
@access(Right.MANAGE)
@shows_again(index)
def issue() -> Response:
    """Make a key and show it, this once."""
    return _page(secret=desk.issue_key(web.session(), web.person(), read_form(forms.KeyForm).name))


@zapier.post("/keys/<uuid:public_id>/rotate")
@access(Right.MANAGE)
def rotate(public_id: uuid.UUID) -> Response:
    """Give a key a new secret and show it, this once."""
    return _page(secret=desk.rotate_key(web.session(), web.person(), public_id))


@zapier.post("/keys/<uuid:public_id>/revoke")
@access(Right.MANAGE)
def revoke(public_id: uuid.UUID) -> Response:
    """End a key."""
    desk.revoke_key(web.session(), web.person(), public_id)
    toast(_("The key has ended. What is delivered with it is refused."))
    return redirect_to("zapier.index")


@zapier.post("/rules")
@access(Right.MANAGE)
@shows_again(index)
def save_rules() -> Response:
    """Replace the rules."""
    wanted, version = forms.read_rules(request.form)
    desk.save_rules(web.session(), web.person(), wanted, version=version)
    toast(_("The rules are saved. They count for every delivery from now on."))
    return redirect_to("zapier.index")


@zapier.post("/test")
@access(Right.MANAGE)
def test() -> Response:
    """Run the sample through the same code and show what would have come of it."""
    found = desk.try_out(web.database(), web.person())
    return _page(failed=found) if isinstance(found, LuxError) else _page(tried=found.answer())


def _page(**context: Any) -> Response:  # noqa: ANN401 - template values
    session = web.session()
    rules, version = desk.rules_of(session)
    form = form_state(forms.shown_rules(tuple(rules)) | {"version": version})
    count = max(len(rules), *(int(name[6:]) + 1 for name in form.values if name.startswith("words_")), 0) + 1
    return page(
        "contacts/zapier.html",
        form=form,
        rows=min(count, forms.MOST_RULES),
        keys=desk.keys(session),
        now=clock.now(),
        is_live=api_keys.is_live,
        address=f"{web.settings().base_url}/api/webhook/zapier-contact",
        sample=json.dumps(desk.SAMPLE, indent=2),
        deliveries=queries.latest_deliveries(session),
        stages=words.lifecycle_choices(),
        lists=[("", _("No list")), *(one for lists in installed().contact_lists for one in lists.choices(session))],
        **context,
    )


def _key() -> ApiKey:
    """Return the key that the request carries; raises SignInNeeded, which says nothing of what was wrong.

    Raises RateLimitReached for who sends wrong ones again and again.
    """
    presented = _presented()
    key = api_keys.find(web.database(), presented)
    if key is None or Scope.ZAPIER not in api_keys.scopes_of(key):
        if presented:
            wrong_keys.count()
        raise SignInNeeded(_("A valid key is needed."))
    return key


def _presented() -> str:
    """Return `<id>.<secret>` from X-API-Key, Bearer or Basic; "" when there is none."""
    plain, given = request.headers.get("X-API-Key", ""), request.authorization
    if plain or given is None:
        return plain.strip()
    if given.type == "bearer":
        return (given.token or "").strip()
    name, secret = (given.username or "").strip(), (given.password or "").strip()
    return next((text for text in (name, secret) if "." in text), f"{name}.{secret}")


def _fields() -> dict[str, Any]:
    """Return the fields of the body; raises UnsupportedBody, Unusable, TooLarge."""
    try:
        return _read_body(request.mimetype)
    except RequestEntityTooLarge as error:
        raise TooLarge(
            _("The body is larger than 256 KB."), fix=_("Map only the fields that are needed."), field="body"
        ) from error


def _read_body(kind: str) -> dict[str, Any]:
    if kind == "multipart/form-data":
        return payload.from_form({name: request.form.getlist(name) for name in request.form})
    body = request.get_data()  # kept, so that the form can be read from it as well
    is_form = kind == "application/x-www-form-urlencoded"
    if kind in {"application/json", "text/json"} or kind.endswith("+json"):
        return payload.from_json(body)
    if (is_form or kind in {"", "text/plain"}) and payload.looks_like_json(body):
        return payload.from_json(body)
    if is_form or not body:
        return payload.from_form({name: request.form.getlist(name) for name in request.form})
    raise UnsupportedBody(fix=_("Send JSON (application/json) or a form."))
