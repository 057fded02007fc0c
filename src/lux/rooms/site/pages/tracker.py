"""What the pages of a company's website ask: the script, and to take what a visitor does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from flask import Blueprint, current_app, jsonify, make_response, request
from sqlalchemy.exc import SQLAlchemyError

from lux.kit.db import ALL_COMPANIES
from lux.rooms.site import queries
from lux.rooms.site.addresses import host_of
from lux.rooms.site.service import collecting, script, status
from lux.ui import web
from lux.ui.access import public

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.wrappers import Response

    from lux.rooms.site.models import SiteSetup
    from lux.ui.assets import Assets

tracker = Blueprint("tracker", __name__, url_prefix="/s")
FRESH: Final = "public, max-age=300, stale-while-revalidate=86400"


@tracker.get("/<token>/lux.js")
@public("the script stands on public websites; the key in its address is public too", reads_session=False)
def lux_js(token: str) -> Response:
    """Serve the script with the company's words; note from which registered domain it was asked for."""
    db = web.database()
    with db.read(ALL_COMPANIES) as session:
        setup = queries.setup_by_key(session, token)
        values = script.handed_in(session, setup) if setup is not None else {}
    if setup is None:
        return _script(make_response("/* LUX: no website has this key. */\n", 404), "no-store")
    _note_loaded(setup)
    return _served(script.composed(_built(), values))


@tracker.post("/<token>/collect")
@public("visitors of public websites; the Origin must be a registered domain of the key's company",
        checks_csrf=False, reads_session=False)  # fmt: skip
def collect(token: str) -> Response:
    """Take what a visitor does; 202, or why not."""
    most = collecting.MOST_BYTES + 1  # what is longer is refused, however much longer it claims to be
    raw = request.stream.read(most) if (request.content_length or 0) < most else b" " * most
    asked = collecting.Asked(
        key=token,
        origin=request.headers.get("Origin", ""),
        address=request.remote_addr or "",
        agent=request.headers.get("User-Agent", ""),
        refuses=request.headers.get("Sec-GPC") == "1" or request.headers.get("DNT") == "1",
    )
    return _told(collecting.take(web.database(), asked, raw))


def _note_loaded(setup: SiteSetup) -> None:
    """Note that the script was asked for; a database that can't be written to keeps no visitor from it."""
    try:
        status.note_loaded(web.database(), setup, host_of(request.headers.get("Referer", "")))
    except SQLAlchemyError as error:
        web.runtime().on_error(error)


def _told(answer: collecting.Answer) -> Response:
    response = make_response(jsonify(dict(answer.body)), answer.status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Origin"
    if answer.origin:
        response.headers["Access-Control-Allow-Origin"] = answer.origin
    if answer.retry_after:
        response.headers["Retry-After"] = str(answer.retry_after)
    return response


def _served(found: script.Script) -> Response:
    if found.etag in request.if_none_match:
        return _script(make_response("", 304), FRESH, found.etag)
    is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = make_response(found.packed if is_packed else found.body)
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    return _script(response, FRESH, found.etag)


def _script(response: Response, caching: str, etag: str = "") -> Response:
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = caching
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # pages of other origins load it
    response.headers["Vary"] = "Accept-Encoding"
    if etag:
        response.set_etag(etag)
    return response


def _built() -> Path:
    assets = cast("Assets", current_app.jinja_env.globals["assets"])
    return assets.dist / assets.entry("lux.js")["file"]
