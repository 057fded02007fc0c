"""The list of notices behind the bell."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, request, url_for

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.notifications import queries, service
from lux.ui import web
from lux.ui.access import access
from lux.ui.pages import local_path, page, redirect_to, toast
from lux.ui.paging import decode_int_cursor, encode_cursor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

notifications = Blueprint("notifications", __name__, template_folder="templates", url_prefix="/notifications")
blueprints = (notifications,)


@notifications.get("/")
@access(Right.VIEW)
def index() -> Response:
    """Show a person's notices, the newest first."""
    cursor = request.args.get("cursor")
    before = decode_int_cursor(cursor) if cursor else None
    rows = queries.newest(web.session(), web.person().user_id, before=before)
    more = encode_cursor(rows[-1].id) if len(rows) == queries.PAGE else None
    unread = queries.unread_count(web.session(), web.person().user_id)
    return page("notifications/index.html", block="rows", rows=rows, more=more, unread=unread, is_first=not cursor)


@notifications.post("/<uuid:public_id>/read")
@access(Right.VIEW)
def open_one(public_id: uuid.UUID) -> Response:
    """Mark a notice as read and go where it leads."""
    found = service.read(web.session(), web.person().user_id, public_id)
    return redirect(local_path(found.url, url_for("notifications.index")), 303)


@notifications.post("/read")
@access(Right.VIEW)
def read_all() -> Response:
    """Mark everything as read."""
    service.mark_all_read(web.session(), web.person().user_id)
    toast(_("Everything is marked as read."))
    return redirect_to("notifications.index")
