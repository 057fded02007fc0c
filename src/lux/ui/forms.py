"""Untrusted input to typed values: pydantic models, errors that name field and fix, nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from flask import g, make_response, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from lux.kit.errors import Conflict, FieldProblem, InvalidInput, LuxError, ToggleIsOff
from lux.kit.i18n import gettext as _
from lux.ui import web

CSRF_FIELD = "csrf_token"


class FormModel(BaseModel):
    """Base of all forms: unknown fields are refused, text is trimmed; built when it is first read."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True, defer_build=True)


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


def parse(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Validate plain values; raises InvalidInput with one problem per field."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise _refused(error) from error


def parse_json(model: type[Model], text: str) -> Model:
    """Validate JSON, strictly: "5" is no number, 1 is no yes. Raises InvalidInput with one problem per field."""
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise _refused(error) from error


def _refused(error: ValidationError) -> InvalidInput:
    problems = [_problem(item) for item in error.errors(include_url=False)]
    return InvalidInput(_("Some fields need your attention."), problems=problems)


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


def _problem(item: Mapping[str, Any]) -> FieldProblem:
    name = ".".join(str(part) for part in item["loc"]) or "form"
    context: Mapping[str, Any] = item.get("ctx") or {}
    kind = str(item["type"])
    if kind == "value_error":
        return FieldProblem(field=name, message=str(context.get("error", item["msg"])))
    message, fix = _words(kind, context)
    return FieldProblem(field=name, message=message, fix=fix)


def _words(kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong and the fix for one of pydantic's error types, in the person's language."""
    low, high = context.get("ge", context.get("gt")), context.get("le", context.get("lt"))
    table: dict[str, tuple[str, str]] = {
        "missing": (_("This is missing."), _("Fill it in.")),
        "extra_forbidden": (_("This field is not known here."), _("Remove it.")),
        "string_too_short": (
            _("This is too short."),
            _("Enter at least %(n)s characters.", n=context.get("min_length", 1)),
        ),
        "string_too_long": (
            _("This is too long."),
            _("Enter at most %(n)s characters.", n=context.get("max_length", "")),
        ),
        "int_parsing": (_("This is not a whole number."), _("Enter digits only.")),
        "decimal_parsing": (_("This is not a number."), _("Write it like 12.50.")),
        "bool_parsing": (_("This is neither yes nor no."), _("Choose one of the two.")),
        "enum": (_("This choice does not exist."), _("Choose one from the list.")),
        "literal_error": (_("This choice does not exist."), _("Choose one from the list.")),
        "uuid_parsing": (_("This reference is not valid."), _("Choose one from the list.")),
        "datetime_parsing": (_("This is not a date and time."), _("Write it like 2026-11-23 09:30.")),
        "datetime_from_date_parsing": (_("This is not a date and time."), _("Write it like 2026-11-23 09:30.")),
        "date_from_datetime_parsing": (_("This is not a date."), _("Write it like 2026-11-23.")),
        "greater_than_equal": (_("This is too small."), _("Enter %(n)s or more.", n=low)),
        "less_than_equal": (_("This is too large."), _("Enter %(n)s or less.", n=high)),
        "string_pattern_mismatch": (_("This does not have the expected form."), _("Check it for typing errors.")),
        "string_type": (_("This has to be text."), _("Send it in quotes.")),
        "int_type": (_("This has to be a whole number."), _("Send it without quotes.")),
        "bool_type": (_("This has to be true or false."), _("Send it without quotes.")),
        "list_type": (_("This has to be a list."), _("Put it into square brackets.")),
        "dict_type": (_("This has to be an object."), _("Put it into braces.")),
        "model_type": (_("This has to be an object."), _("Put it into braces.")),
        "timezone_aware": (_("This time has no zone."), _("Write it like 2026-11-23T09:30:00Z.")),
        "too_long": (_("These are too many."), _("Send at most %(n)s at a time.", n=context.get("max_length", ""))),
        "too_short": (_("Too few are chosen."), _("Choose at least %(n)s.", n=context.get("min_length", 1))),
    }
    return table.get(kind, (_("This can't be used."), _("Check it for typing errors.")))
