"""One request: who asks, in which company, in which transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import structlog
from flask import Flask, current_app, g, redirect, request, url_for
from flask import session as cookie

from lux.identity import sessions
from lux.identity.access import Person, Right
from lux.kit import i18n, origin
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import Forbidden, SignInNeeded
from lux.kit.i18n import gettext as _
from lux.ui.access import rule_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from lux.kit.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SESSION_KEY = "sid"


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What lives as long as the process."""

    settings: Settings
    db: Database
    on_error: Callable[[BaseException], None] = field(repr=False)  # writes into error_log


def runtime() -> Runtime:
    """Return the process-wide parts of the present application."""
    return cast("Runtime", current_app.extensions["lux"])


def settings() -> Settings:
    """Return the settings."""
    return runtime().settings


def database() -> Database:
    """Return the database, for work outside the request's transaction."""
    return runtime().db


def person() -> Person:
    """Return the signed-in person; raises SignInNeeded."""
    found = maybe_person()
    if found is None:
        raise SignInNeeded
    return found


def maybe_person() -> Person | None:
    """Return the signed-in person or None."""
    return cast("Person | None", g.get("lux_person"))


def company_id() -> int:
    """Return the id of the company being looked at; raises Forbidden without one."""
    found = person().company_id
    if found is None:
        raise Forbidden(_("You do not belong to a company yet."))
    return found


def tz() -> str:
    """Return the zone in which this person sees times."""
    found = maybe_person()
    return found.timezone if found else str(g.get("lux_zone", "UTC"))


def session() -> Session:
    """Return the request's session, bound to the company: read-only for GET, committed after success otherwise."""
    if "lux_session" not in g:
        g.lux_session = database().session(_scope(), read_only=request.method in SAFE_METHODS)
    return cast("Session", g.lux_session)


def rollback() -> None:
    """Drop the request's transaction; the next `session()` opens a new one."""
    opened = g.pop("lux_session", None)
    if opened is not None:
        opened.rollback()
        opened.close()


def use_company(company: int) -> Session:
    """Bind a public request (unsubscribe, webhook) to the company that its token proved."""
    rollback()
    g.lux_public_company = company
    return session()


def use_zone(name: str) -> None:
    """Show times of a public request in this zone."""
    g.lux_zone = name


def remember_session(token: str) -> None:
    """Put a new web session into the cookie, dropping everything from before the sign-in."""
    cookie.clear()
    cookie[SESSION_KEY] = token
    cookie.permanent = True


def forget_session() -> None:
    """Empty the cookie."""
    cookie.clear()


def session_token() -> str | None:
    """Return the web session's token from the cookie."""
    return cookie.get(SESSION_KEY)


def request_id() -> str:
    """Return the id under which this request stands in logs and error pages."""
    if "lux_request_id" not in g:
        g.lux_request_id = uuid.uuid4().hex[:16]
    return cast("str", g.lux_request_id)


def init(app: Flask) -> None:
    """Wire requests: identity, access rule, transaction."""
    app.before_request(_open)
    app.after_request(_commit)
    app.teardown_request(_close)


def _scope() -> int:
    public_company = g.get("lux_public_company")
    if public_company is not None:
        return int(public_company)
    found = maybe_person()
    return found.company_id if found and found.company_id else ALL_COMPANIES


def _open() -> Response | None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id(), path=request.path, endpoint=request.endpoint)
    _check_origin()
    token = session_token() if _reads_session() else None
    if token:
        rule = rule_of(current_app.view_functions.get(str(request.endpoint)))
        prolongs = rule is None or rule.prolongs
        g.lux_person = sessions.person_for(database(), token, settings(), prolongs=prolongs)
    found = maybe_person()
    origin.enter(origin.BROWSER if found else origin.PUBLIC, found.session_public_id if found else "")
    if found is not None:  # for the log and for error_log
        structlog.contextvars.bind_contextvars(company_id=found.company_id, user_id=found.user_id)
    i18n.set_locale(found.locale if found else _accepted_locale(), found.formats if found else "")
    if request.endpoint is None or request.endpoint == "static":
        return None
    return _enforce(found)


def _reads_session() -> bool:
    """Say whether the answer depends on who is signed in; where not, the cookie is not even looked at.

    The API is opened by a key, never by a cookie.
    """
    if request.endpoint == "static":
        return False
    rule = rule_of(current_app.view_functions.get(str(request.endpoint)))
    return rule is None or (rule.reads_session and rule.scope is None)


def _enforce(found: Person | None) -> Response | None:
    rule = rule_of(current_app.view_functions[str(request.endpoint)])
    if rule is None:
        raise Forbidden(_("This page has no access rule and is closed."))
    if rule.right is None:
        return None
    if found is None:
        if request.method in SAFE_METHODS and not request.path.startswith("/api/"):
            return redirect(url_for("signin.sign_in", next=request.full_path.rstrip("?")), 303)
        raise SignInNeeded
    if rule.right is Right.OPERATE:  # also for operators who belong to no company, and for nobody else
        found.require(rule.right)
        return None
    if found.company_id is None and not rule.needs_company:
        return None
    if found.company_id is None:
        raise Forbidden(
            _("You do not belong to a company yet."),
            fix=_("Ask an owner for an invitation, or create a company."),
        )
    found.require(rule.right)
    return None


def _check_origin() -> None:
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.host:
        rule = rule_of(current_app.view_functions.get(str(request.endpoint)))
        if rule is None or rule.checks_csrf:
            raise Forbidden(_("This form was sent from another site."))


def _accepted_locale() -> str:
    return request.accept_languages.best_match(i18n.available_locales()) or i18n.DEFAULT_LOCALE


def _commit(response: Response) -> Response:
    opened = g.pop("lux_session", None)
    if opened is not None:
        try:
            if response.status_code < 400 and request.method not in SAFE_METHODS:
                opened.commit()
            else:
                opened.rollback()
        finally:
            opened.close()
    response.headers["X-Request-ID"] = request_id()
    return response


def _close(_error: BaseException | None) -> None:
    rollback()
    i18n.set_locale(None)
    origin.leave()
    structlog.contextvars.clear_contextvars()
