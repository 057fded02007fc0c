"""Declares what the API can do: one route, its scope, what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeVar

from flask import Blueprint, Flask
from pydantic import BaseModel
from werkzeug.wrappers import Response

from lux.identity.api_keys import Scope
from lux.ui.access import Rule
from lux.ui.api import running

PREFIX: Final = "/api/v1"
REASON: Final = "A key of the company in the Authorization header proves who calls; no cookie is read."
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing a program can ask for."""

    method: str
    path: str  # as Flask writes it, below the prefix
    scope: Scope
    tag: str  # the group it stands under in the document
    name: str
    summary: str  # first line of the view's docstring
    description: str  # the rest of it
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: type[BaseModel] | None  # None = no content, or a file
    status: int
    media_type: str
    file: str | None = None  # the field of a multipart body that holds a file; `body` is then the other fields


def room(name: str) -> Blueprint:
    """Return the blueprint of a room's part of the API."""
    return Blueprint(f"api_{name}", f"lux.rooms.{name}.api", url_prefix=PREFIX)


def operation(
    blueprint: Blueprint,
    route: str,
    *,
    scope: Scope,
    tag: str,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    media_type: str = "application/json",
    file: str | None = None,
) -> Callable[[View], View]:
    """Register a view for "METHOD /path"; it gets `body` and `query` typed and returns an `answer`, or None.

    With `file` the body is multipart/form-data, and the view gets the uploaded file as `file` beside its fields.
    """
    method, _space, path = route.partition(" ")

    def decorate(view: View) -> View:
        first, _line, rest = (view.__doc__ or "").strip().partition("\n")
        found = Operation(
            method=method, path=path, scope=scope, tag=tag, name=view.__name__, summary=first.rstrip("."),
            description=" ".join(rest.split()), body=body, query=query, answer=answer, status=status,
            media_type=media_type, file=file,
        )  # fmt: skip

        @wraps(view)
        def called(**arguments: Any) -> Response:  # noqa: ANN401 - what stands in the address
            return running.run(found, view, arguments)

        called.lux_rule = Rule(  # type: ignore[attr-defined]
            right=None, scope=scope, reason=REASON, needs_company=False, checks_csrf=False
        )
        called.lux_operation = found  # type: ignore[attr-defined]
        blueprint.add_url_rule(path, endpoint=view.__name__, view_func=called, methods=[method])
        return view

    return decorate


def operations_of(app: Flask) -> Iterator[Operation]:
    """Yield what an application's API can do, in the order in which it was declared."""
    for view in app.view_functions.values():
        found = getattr(view, "lux_operation", None)
        if isinstance(found, Operation):
            yield found
