"""What a list shows in place of its rows, or beside them: its state, said in one place for the lists of all rooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import structlog
from flask import Flask, g, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError

from lux.kit.i18n import gettext as _
from lux.ui import web

log = structlog.get_logger(__name__)
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class ListState:
    """A state as the macros `table` and `card_list` show it; what is None is what the template says."""

    state: str  # loading | empty | error | stale | partial | forbidden
    what: str | None = None  # error: what happened
    fix: str | None = None  # error: what to do
    retry: str | None = None  # error: the address that tries again
    text: str | None = None  # empty, forbidden
    as_of: str | None = None  # stale, partial


def load(name: str, query: Callable[[], Found], otherwise: Found) -> Found:
    """Return what a list's query finds; when the database fails it, `otherwise`, so that the page around it stands.

    The list `name` (its `id` in the template) then says so and offers to try again; the error is recorded. A request
    that changes something is not caught: half of a change is worse than none.
    """
    try:
        return query()
    except SQLAlchemyError as error:
        if request.method not in web.SAFE_METHODS:
            raise
        web.rollback()  # the transaction is broken; what the page still asks goes into a new one
        log.error("list_failed", list=name, path=request.path, exc_info=error)  # noqa: TRY400 - the traceback is in it
        web.runtime().on_error(error)
        say(name, _failed())
        return otherwise


def say(name: str, state: ListState) -> None:
    """Put a list of this request into a state."""
    g.setdefault("lux_list_states", {})[name] = state


def state_of(name: str | None) -> ListState | None:
    """Return the state a list was put into; None = it decides by its rows."""
    if name is None or not has_request_context():
        return None
    return cast("ListState | None", g.get("lux_list_states", {}).get(name))


def register(app: Flask) -> None:
    """Let the macros ask."""

    def ask(name: str | None) -> ListState | None:
        return state_of(name)  # looked up at each call: macros keep the function they found first

    app.jinja_env.globals["list_state"] = ask


def _failed() -> ListState:
    query = request.query_string.decode("ascii", "replace")
    return ListState(
        state="error",
        what=_("This list could not be loaded."),
        fix=_("The error has been recorded. Try again in a moment."),
        retry=f"{request.path}?{query}" if query else request.path,
    )
