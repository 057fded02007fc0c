"""What the picture and the links of a mail answer: always the picture, and only targets that were approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, make_response, redirect, request
from sqlalchemy.exc import SQLAlchemyError

from lux.gate import engagement
from lux.render.tokens import CLICK, OPEN, TRAP
from lux.rooms.email import tracking as room
from lux.ui import web
from lux.ui.access import public
from lux.ui.pages import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

tracking = Blueprint("tracking", __name__, template_folder="../templates")


@tracking.get("/o/<token>.gif")
@public("the picture in a mail is loaded by mail programs; the token proves the delivery")
def opened(token: str) -> Response:
    """Answer the picture, whatever the token; record the open when it is ours."""
    delivery_id = room.delivery_of(web.settings(), OPEN, token)
    if delivery_id is not None and _is_read():
        try:
            room.record_open(web.database(), delivery_id, agent=_agent())
        except SQLAlchemyError as error:
            web.runtime().on_error(error)
    response = make_response(room.PIXEL)
    response.headers["Content-Type"] = "image/gif"
    return _uncached(response)


@tracking.get("/c/<token>/<int:number>")
@public("a link in a mail is followed by people who are not signed in; the token proves the delivery")
def clicked(token: str, number: int) -> Response:
    """Lead to the stored target of a link; anything else is a page that says so."""
    delivery_id = room.delivery_of(web.settings(), CLICK, token)
    url = _target(delivery_id, number) if delivery_id is not None else None
    if url is None:
        return _uncached(page("email/unknown_link.html", status=404))
    return _uncached(make_response(redirect(url, 302)))


@tracking.get("/t/<token>")
@public("no person sees this link; the token proves the delivery whose links a machine follows")
def trapped(token: str) -> Response:
    """Lead nowhere; note that a machine was here. Asking for the head alone is a machine's way too."""
    delivery_id = room.delivery_of(web.settings(), TRAP, token)
    if delivery_id is not None:
        try:
            room.record_trap(web.database(), delivery_id, agent=_agent())
        except SQLAlchemyError as error:
            web.runtime().on_error(error)
    return _uncached(page("email/unknown_link.html", status=404))


def _target(delivery_id: int, number: int) -> str | None:
    if _is_read():
        on_error = web.runtime().on_error
        return room.follow(web.database(), delivery_id, number, agent=_agent(), on_error=on_error)
    company_id = engagement.delivery_company(web.database(), delivery_id)
    return room.target(web.database(), company_id, delivery_id, number) if company_id else None


def _is_read() -> bool:
    """Say whether somebody looks: a HEAD request or a prefetch is no reading."""
    purposes = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return request.method == "GET" and "prefetch" not in purposes.lower()


def _agent() -> str:
    return request.headers.get("User-Agent", "")


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store, max-age=0"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
