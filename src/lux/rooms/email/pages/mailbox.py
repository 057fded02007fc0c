"""The built-in mailbox: what would have left, kept to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, make_response, request, url_for

from lux.identity.access import Right
from lux.rooms.email import captured, taken
from lux.ui import csp, files, web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

mailbox = Blueprint("mailbox", __name__, template_folder="../templates", url_prefix="/mailbox")


@mailbox.get("/")
@access(Right.VIEW)
def index() -> Response:
    """List what was captured and this person may read, newest first."""
    cursor = request.args.get("cursor", "")
    found = captured.listing(web.session(), web.person(), cursor)
    next_url = url_for("mailbox.index", cursor=found.next_cursor) if found.next_cursor else None
    first_url = url_for("mailbox.index") if cursor else None
    return page("mailbox/index.html", block="rows", slice=found, first_url=first_url, next_url=next_url)


@mailbox.get("/<int:number>")
@access(Right.VIEW)
def show(number: int) -> Response:
    """Show one captured message."""
    letter = captured.letter(web.session(), web.person(), number)
    return page("mailbox/show.html", letter=letter, links=captured.links_of(letter))


@mailbox.get("/<int:number>/frame")
@access(Right.VIEW)
def frame(number: int) -> Response:
    """Serve the message itself, for a sandboxed frame."""
    body = captured.as_page(captured.letter(web.session(), web.person(), number))
    return csp.use_mail_preview_policy(make_response(body))


@mailbox.get("/<int:number>/source")
@access(Right.VIEW)
def source(number: int) -> Response:
    """Hand out the message as it was written; the audit chain notes who took it."""
    with web.database().begin(web.company_id()) as session:
        found = taken.message(session, web.person(), number)
    return files.attachment(f"message-{number}.eml", found, "message/rfc822")
