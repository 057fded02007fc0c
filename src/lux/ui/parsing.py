"""Plain values to typed ones: pydantic models whose errors name field and fix; knows nothing of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _


class FormModel(BaseModel):
    """Base of all forms: unknown fields are refused, text is trimmed; built when it is first read."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True, defer_build=True)


Model = TypeVar("Model", bound=BaseModel)


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
