"""The list of notices behind the bell."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, redirect, request, url_for

from lux.identity import users
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.notifications import queries, service
from lux.rooms.notifications.forms import WishesForm, wishes_in
from lux.rooms.notifications.topics import ALL, OTHER, TOPICS, named, topic_of, wish_of
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import local_path, page, redirect_to, toast
from lux.ui.paging import decode_int_cursor, encode_cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from lux.rooms.notifications.models import Notification
    from lux.rooms.notifications.topics import Topic

notifications = Blueprint("notifications", __name__, template_folder="templates", url_prefix="/notifications")
blueprints = (notifications,)


@notifications.get("/")
@access(Right.VIEW)
def index() -> Response:
    """Show a person's notices, the newest first: all or the unread ones, of all topics or of one."""
    return page("notifications/index.html", block="rows", **_listed())


@notifications.get("/count")
@access(Right.VIEW, prolongs=False)
def count() -> Response:
    """Answer the bell, which asks now and then; asking keeps nobody signed in."""
    number = queries.unread_count(web.session(), web.person().user_id)
    said = ngettext("Notifications, %(num)s unread", "Notifications, %(num)s unread", number)
    answer = jsonify({"count": number, "label": said if number else _("Notifications")})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@notifications.get("/preferences")
@access(Right.VIEW)
def preferences() -> Response:
    """Show how a person wants to hear of each topic."""
    user = users.by_id(web.session(), web.person().user_id)
    values: dict[str, Any] = {}
    for topic in ALL:
        wish = wish_of(user.preferences, topic)
        values |= {f"{topic.key}_bell": wish.in_bell, f"{topic.key}_mail": wish.by_mail}
    return page("notifications/preferences.html", form=form_state(values), topics=ALL, email=user.email)


@notifications.post("/preferences")
@access(Right.VIEW)
@shows_again(preferences)
def save_preferences() -> Response:
    """Keep how a person wants to hear of each topic."""
    service.wish(web.session(), web.person().user_id, wishes_in(read_form(WishesForm)))
    toast(_("Saved."))
    return redirect_to("notifications.preferences")


@notifications.post("/<uuid:public_id>/read")
@access(Right.VIEW)
def open_one(public_id: uuid.UUID) -> Response:
    """Mark a notice as read and go where it leads."""
    found = service.read(web.session(), web.person().user_id, public_id)
    return redirect(local_path(found.url, url_for("notifications.index")), 303)


@notifications.post("/<uuid:public_id>/mark")
@access(Right.VIEW)
def mark(public_id: uuid.UUID) -> Response:
    """Mark a notice as read, or as unread again, and stay."""
    is_read = request.form.get("unread") is None
    service.mark_read(web.session(), web.person().user_id, public_id, is_read=is_read)
    return redirect(local_path(request.form.get("back"), url_for("notifications.index")), 303)


@notifications.post("/read")
@access(Right.VIEW)
def read_all() -> Response:
    """Mark everything as read."""
    service.mark_all_read(web.session(), web.person().user_id)
    toast(_("Everything is marked as read."))
    return redirect_to("notifications.index")


def _listed() -> dict[str, Any]:
    person, cursor = web.person(), request.args.get("cursor")
    topic, is_unread = named(request.args.get("topic", "")), request.args.get("show") == "unread"
    before = decode_int_cursor(cursor) if cursor else None
    nothing: Sequence[Notification] = ()
    found = lists.load("notices", lambda: _rows(topic, before, is_unread=is_unread), nothing)
    kept: dict[str, Any] = {"topic": topic.key if topic else None, "show": "unread" if is_unread else None}
    more = encode_cursor(found[queries.PAGE - 1].id) if len(found) > queries.PAGE else None
    return {
        "rows": found[: queries.PAGE],
        "next_url": url_for("notifications.index", cursor=more, **kept) if more else None,
        "first_url": url_for("notifications.index", **kept) if cursor else None,
        "unread": queries.unread_count(web.session(), person.user_id),
        "is_unread": is_unread,
        "topic": topic.key if topic else "",
        "topic_options": [("", _("Everything")), *((one.key, one.label()) for one in ALL)],
        "topic_of": topic_of,
        "here": request.full_path.rstrip("?"),
    }


def _rows(topic: Topic | None, before: int | None, *, is_unread: bool) -> Sequence[Notification]:
    return queries.newest(
        web.session(),
        web.person().user_id,
        before=before,
        limit=queries.PAGE + 1,
        is_unread=is_unread,
        prefixes=topic.prefixes if topic and topic is not OTHER else (),
        but=tuple(prefix for one in TOPICS for prefix in one.prefixes) if topic is OTHER else (),
    )
