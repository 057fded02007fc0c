"""What people open before they are subscribers: the subscribe form, and the page that confirms (looking never acts)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, request

from lux.kit import i18n, rates
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.newsletter import opt_in, queries, subscribing
from lux.rooms.newsletter.forms import SubscribeInput
from lux.ui import web, wrong_keys
from lux.ui.access import public
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from lux.rooms.newsletter.models import SubscribeForm

doors = Blueprint("opt_in", __name__, template_folder="templates")
PER_HOUR: Final = 20  # forms from one sender
_FOR_ALL = "anybody may ask for the newsletter; nothing comes of it before the address itself confirms"
_TOKEN = "the link holds an unguessable token that works once"  # noqa: S105 - a sentence, not a secret


@doors.get("/subscribe/<token>")
@public(_FOR_ALL)
def form(token: str) -> Response:
    """Show the form."""
    found = _form(token)
    return _of_form("newsletter/subscribe.html", found)


@doors.post("/subscribe/<token>")
@public(_FOR_ALL + "; it is posted from the company's own site too", checks_csrf=False)
@shows_again(form)
def subscribe(token: str) -> Response:
    """Ask by mail; the answer is the same for everybody."""
    found, wanted = _form(token), read_form(SubscribeInput)
    sender = f"subscribe {found.code} {wrong_keys.sender(request.remote_addr or '')}"
    rates.take(web.database(), sender, PER_HOUR, 3600, session=web.session())
    if not wanted.homepage:
        subscribing.ask(web.session(), found, wanted, language=i18n.locale(), proof=_proof())
    return _of_form("newsletter/asked.html", found)


@doors.get("/confirm/<token>")
@public(_TOKEN)
def show(token: str) -> Response:
    """Show what is agreed to and one button; nothing happens by looking."""
    session = _session(token)
    return _page(session, token) if session is not None else _unknown()


@doors.post("/confirm/<token>")
@public(_TOKEN, checks_csrf=False)
def confirm(token: str) -> Response:
    """Record the consent with what the page said as proof."""
    session = _session(token)
    if session is None:
        return _unknown()
    is_done = opt_in.confirm(session, token, _proof())
    return _page(session, token, is_done=is_done)


def _session(token: str) -> Session | None:
    company_id = opt_in.company_of_link(web.database(), token)
    return web.use_company(company_id) if company_id is not None else None


def _page(session: Session, token: str, *, is_done: bool | None = None) -> Response:
    found = opt_in.look(session, token)
    if found is None:
        return _unknown()
    i18n.set_locale(found.locale)
    name = found.company_name
    return _quiet(page("newsletter/confirm.html", found=found, token=token, is_done=is_done, company_name=name))


def _unknown() -> Response:
    return _quiet(page("newsletter/confirm_unknown.html", status=404))


def _form(code: str) -> SubscribeForm:
    """Return the form, with the request bound to its company; raises NotFound, also for one that is switched off."""
    company_id = subscribing.company_of_form(web.database(), code)
    found = queries.form_by_code(web.use_company(company_id), code) if company_id is not None else None
    if found is None:
        raise NotFound(_("There is no subscribe form here (any more)."))
    return found


def _of_form(template: str, found: SubscribeForm) -> Response:
    shown, trap = subscribing.shown(web.session(), found), subscribing.HONEYPOT
    return _quiet(page(template, form=form_state(), shown=shown, company_name=shown.company_name, honeypot=trap))


def _proof() -> dict[str, str]:
    return {"ip": request.remote_addr or "", "agent": request.headers.get("User-Agent", "")[:200]}


def _quiet(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
