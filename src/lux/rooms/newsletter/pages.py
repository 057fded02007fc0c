"""What a recipient opens from a mail: the unsubscribe page (looking never acts), and the mail itself in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, make_response, request

from lux.gate import preview
from lux.kit import i18n
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.render.tokens import VIEW
from lux.rooms.newsletter import service
from lux.rooms.newsletter.form_pages import forms
from lux.rooms.newsletter.opt_in_pages import doors
from lux.rooms.newsletter.reminding_pages import reminders
from lux.ui import csp, web
from lux.ui.access import public
from lux.ui.pages import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

newsletter = Blueprint("newsletter", __name__, template_folder="templates", url_prefix="/u")
letters = Blueprint("letters", __name__, template_folder="templates", url_prefix="/v")
blueprints = (newsletter, letters, doors, forms, reminders)

_WHY = "the token in the link proves the recipient (RFC 8058 asks for a request without cookies)"


@newsletter.get("/<token>")
@public(_WHY)
def show(token: str) -> Response:
    """Show one button; nothing happens by looking."""
    found = _subscriber(token)
    return _page(found, token) if found else _unknown()


@newsletter.post("/<token>")
@public(_WHY, checks_csrf=False)
def unsubscribe(token: str) -> Response:
    """Unsubscribe: by the button, or by a mail program's one-click request."""
    found = _subscriber(token)
    if found is None:
        return _unknown()
    is_one_click = request.form.get("List-Unsubscribe") == "One-Click"
    service.unsubscribe(web.session(), found.delivery_id, is_one_click=is_one_click, proof=_proof())
    return _page(service.subscriber(web.session(), found.delivery_id), token)


@newsletter.post("/<token>/undo")
@public(_WHY, checks_csrf=False)
def resubscribe(token: str) -> Response:
    """Take an unsubscribe back: consent is given anew, with what the page said as proof."""
    found = _subscriber(token)
    if found is None:
        return _unknown()
    wording = _wording(found)
    is_back = service.resubscribe(web.session(), found.delivery_id, wording=wording, proof=_proof())
    return _page(service.subscriber(web.session(), found.delivery_id), token, is_back=is_back)


@letters.get("/<token>")
@public("the token in the link proves the recipient, who looks at the mail they got")
def letter(token: str) -> Response:
    """Show a mail in the browser: the content that was approved, with this recipient's details as they are today."""
    proven = service.company_of(web.database(), web.settings(), token, purpose=VIEW)
    if proven is None:
        return _unknown()
    try:
        shown = preview.as_sent(web.use_company(proven[0]), proven[1])
    except NotFound:
        return _unknown()
    return _uncached(csp.use_mail_preview_policy(make_response(shown.html)))


def _subscriber(token: str) -> service.Subscriber | None:
    proven = service.company_of(web.database(), web.settings(), token)
    if proven is None:
        return None
    company_id, delivery_id = proven
    try:
        found = service.subscriber(web.use_company(company_id), delivery_id)
    except NotFound:
        return None
    if found.language:
        i18n.set_locale(found.language)
    return found


def _page(found: service.Subscriber, token: str, *, is_back: bool = False) -> Response:
    shown = page(
        "newsletter/show.html",
        subscriber=found,
        company_name=found.company_name,
        token=token,
        is_back=is_back,
        wording=_wording(found),
    )
    return _uncached(shown)


def _unknown() -> Response:
    return _uncached(page("newsletter/unknown.html", status=404))


def _wording(found: service.Subscriber) -> str:
    return _("I want to get e-mails from %(company)s again.", company=found.company_name)


def _proof() -> dict[str, str]:
    return {"ip": request.remote_addr or "", "agent": request.headers.get("User-Agent", "")[:200]}


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
