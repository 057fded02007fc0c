"""One handler for every error: a page, a toast or problem+json, with a request id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import Flask, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from lux.kit.errors import LuxError, RateLimitReached
from lux.kit.i18n import gettext as _
from lux.ui import web
from lux.ui.pages import is_fragment

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

log = structlog.get_logger(__name__)


def register(app: Flask) -> None:
    """Install the handlers."""
    app.register_error_handler(LuxError, _told)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _told(error: LuxError) -> Response:
    web.rollback()
    if error.status >= 500:
        web.runtime().on_error(error)
    response = _answer(error.status, error.code, error.message, error)
    response.headers.update(error.headers)
    if isinstance(error, RateLimitReached):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _csrf(_error: CSRFError) -> Response:
    web.rollback()
    words = _("This form is out of date. Load the page again and repeat; what you typed is still in the form.")
    return _answer(400, "form_expired", words)


def _http(error: HTTPException) -> Response:
    web.rollback()
    if error.code is not None and error.code < 400:
        return error.get_response()  # a redirect is an answer, not an error
    words = {
        404: _("There is nothing here, or nothing that you may see."),
        405: _("This address does not take that kind of request."),
        413: _("What was sent is larger than %(size)s, the most that is taken here.", size=_limit()),
    }.get(error.code or 500, error.description or error.name)
    response = _answer(error.code or 500, f"http_{error.code}", words)
    allowed = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _limit() -> str:
    size = web.settings().max_upload_mb
    return f"{size // 1024} GiB" if size % 1024 == 0 else f"{size} MiB"


def _unexpected(error: Exception) -> Response:
    web.rollback()
    log.error("request_failed", path=request.path, exc_info=error)
    web.runtime().on_error(error)
    return _answer(500, "internal", _("Something went wrong on our side. It has been recorded."))


def _answer(status: int, code: str, message: str, error: LuxError | None = None) -> Response:
    context = {
        "status": status,
        "code": code,
        "message": message,
        "fix": error.fix if error else "",
        "url": error.url if error else "",
        "request_id": web.request_id(),
    }
    if _wants_problem():
        return _problem(context, error)
    if is_fragment():
        response = make_response(render_template("ui/fault_toast.html", **context), status)
        response.headers["HX-Retarget"] = "#toasts"
        response.headers["HX-Reswap"] = "beforeend"
        return response
    return make_response(render_template("ui/error.html", **context), status)


def _problem(context: dict[str, object], error: LuxError | None) -> Response:
    """Answer as RFC 9457 problem details."""
    body = {
        "type": f"about:blank#{context['code']}",
        "title": context["message"],
        "status": context["status"],
        "code": context["code"],
        "detail": context["fix"],
        "request_id": context["request_id"],
        "errors": [{"field": p.field, "message": p.message, "fix": p.fix} for p in (error.problems if error else ())],
    }
    response = jsonify(body)
    response.status_code = int(str(context["status"]))
    response.mimetype = "application/problem+json"
    return response


def _wants_problem() -> bool:
    accepted = request.accept_mimetypes
    return request.path.startswith("/api/") or (
        accepted["application/json"] > accepted["text/html"] or request.mimetype == "application/json"
    )
