"""Posted forms to typed values, and back to the page when they can't be taken: nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from flask import g, make_response, request
from pydantic import BaseModel
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from lux.kit.errors import Conflict, FieldProblem, InvalidInput, LuxError, ToggleIsOff
from lux.ui import web
from lux.ui.parsing import parse

CSRF_FIELD = "csrf_token"


Model = TypeVar("Model", bound=BaseModel)
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class FormState:
    """What a form shows: the values as entered or as stored, and what is wrong with them."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[FieldProblem] = ()
    message: str = ""  # about the form as a whole
    url: str = ""  # where it is mended, if not here

    def value(self, name: str, default: object = "") -> Any:  # noqa: ANN401 - any form value
        """Return what the field holds."""
        found = self.values.get(name)
        return default if found is None else found

    def error(self, name: str) -> str:
        """Return what is wrong with the field and how to mend it, or an empty string."""
        return " ".join(f"{p.message} {p.fix}".strip() for p in self.problems if p.field == name)

    @property
    def is_valid(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.problems and not self.message


def form_state(initial: Mapping[str, Any] | None = None) -> FormState:
    """Return the state to show: what was posted and refused, else the initial values."""
    refused: FormState | None = g.get("lux_form")
    return refused or FormState(values=initial or {})


def read_form(model: type[Model], data: MultiDict[str, str] | None = None) -> Model:
    """Parse the posted form into a model; raises InvalidInput with one problem per field."""
    return parse(model, posted(model, data if data is not None else request.form))


def posted(model: type[BaseModel], data: MultiDict[str, str]) -> dict[str, Any]:
    """Return posted values as plain types: lists for list fields, False for missing checkboxes, no CSRF field."""
    values: dict[str, Any] = {}
    for name in data:
        if name == CSRF_FIELD:
            continue
        info = model.model_fields.get(name)
        kind = str(info.annotation) if info else ""
        values[name] = data.getlist(name) if kind.startswith(("list[", "tuple[", "frozenset[")) else data[name]
    for name, info in model.model_fields.items():
        if info.annotation is bool and name not in values:
            values[name] = False
    return values


def shows_again(form_view: Callable[..., Response]) -> Callable[[View], View]:
    """On input that can't be taken, show the form's own page again with what was entered and what is wrong."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(*args: object, **kwargs: object) -> object:
            try:
                return view(*args, **kwargs)
            except (InvalidInput, Conflict, ToggleIsOff) as error:
                web.rollback()
                g.lux_form = refused_form(error)
                response = make_response(form_view(*args, **kwargs))
                response.status_code = error.status
                return response

        return wrapped  # type: ignore[return-value]

    return decorate


def refused_form(error: LuxError) -> FormState:
    """Return the posted values with the problems of an error."""
    values: dict[str, Any] = {
        name: (found if len(found := request.form.getlist(name)) > 1 else found[0])
        for name in request.form
        if name != CSRF_FIELD
    }
    own = [p for p in error.problems if p.field]
    return FormState(values=values, problems=own, message=f"{error.message} {error.fix}".strip(), url=error.url)
