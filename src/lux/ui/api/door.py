"""Who calls: the key of the Authorization header, its scope, its share of calls. A cookie opens nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import structlog
from flask import Flask, g, request

from lux.identity import api_keys
from lux.identity.api_keys import Program, Scope
from lux.kit import origin, rates
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import gettext as _
from lux.ui import web, wrong_keys
from lux.ui.api.problems import KeyNeeded, ScopeMissing

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.identity.models import ApiKey

WINDOW: Final = 60  # seconds


def register(app: Flask) -> None:
    """Let every answer say what is left of the key's calls."""
    app.after_request(_tell_allowance)


def enter(scope: Scope) -> Program:
    """Let the caller in; raises KeyNeeded (401), RateLimitReached (429, for wrong keys too), ScopeMissing (403)."""
    key, found = _caller()
    db = web.database()
    g.lux_allowance = rates.take(db, f"api {key.id}", web.settings().api_per_minute, WINDOW)
    api_keys.note_use(db, key)
    if scope not in found.scopes:
        raise ScopeMissing(
            _("This key lacks the scope “%(scope)s”.", scope=scope.value),
            fix=_("Make a key that has it under Settings → API keys."),
        )
    g.lux_person = found
    origin.enter(origin.API, key.public_id)
    structlog.contextvars.bind_contextvars(company_id=key.company_id, api_key=str(key.public_id))
    return found


def program() -> Program:
    """Return the program that was let in."""
    return cast("Program", g.lux_person)


def _caller() -> tuple[ApiKey, Program]:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise KeyNeeded(
            _("This needs an API key."), fix=_("Send the header “Authorization: Bearer <key>”; see /api/v1/docs.")
        )
    with web.database().read(ALL_COMPANIES) as session:
        key = api_keys.find(session, given.token)
        if key is not None:
            return key, api_keys.program_of(session, key)
    wrong_keys.count()
    raise KeyNeeded(
        _("This API key is wrong, was revoked, or has expired."),
        fix=_("Make a new one under Settings → API keys."),
    )


def _tell_allowance(response: Response) -> Response:
    """Say what is left, by draft-ietf-httpapi-ratelimit-headers."""
    left: rates.Allowance | None = g.get("lux_allowance")
    if left is not None:
        response.headers["RateLimit-Policy"] = f'"key";q={left.limit};w={WINDOW}'
        response.headers["RateLimit"] = f'"key";r={left.remaining};t={left.seconds}'
    return response
