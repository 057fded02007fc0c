"""SQL over the typed values of custom fields, which live in one JSON column, for three databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, func

from lux.rooms.contacts.models import Contact

# What each database calls the JSON types that a field's value may have.
_JSON_TYPES: dict[str, dict[str, tuple[str, ...]]] = {
    "sqlite": {"text": ("text",), "number": ("integer", "real"), "boolean": ("true", "false")},
    "postgresql": {"text": ("string",), "number": ("number",), "boolean": ("boolean",)},
    "mysql": {
        "text": ("STRING",),
        "number": ("INTEGER", "DOUBLE", "DECIMAL"),
        "boolean": ("BOOLEAN",),
    },
}


def text_of(dialect: str, key: str) -> ColumnElement[Any]:
    """Return SQL: the field's text, NULL when it holds no text."""
    return _guarded(dialect, key, "text", _value(key).as_string())


def day_of(dialect: str, key: str) -> ColumnElement[Any]:
    """Return SQL: the field's day in ISO form, NULL when it holds none."""
    text = text_of(dialect, key)
    return case((text.like("____-__-__"), text))


def number_of(dialect: str, key: str) -> ColumnElement[Any]:
    """Return SQL: the field's number in double precision, NULL when it holds no number."""
    return _guarded(dialect, key, "number", _value(key).as_float())


def truth_of(dialect: str, key: str) -> ColumnElement[Any]:
    """Return SQL: "true" or "false", NULL when the field holds neither."""
    kind = _type_of(dialect, key)
    if dialect == "sqlite":  # its JSON functions turn true into 1; the type still tells
        return case((kind == "true", "true"), (kind == "false", "false"))
    return _guarded(dialect, key, "boolean", _value(key).as_string())


def _guarded(dialect: str, key: str, kind: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Read a value only where it has the expected type: a cast of anything else would end the query."""
    return case((_type_of(dialect, key).in_(_JSON_TYPES[dialect][kind]), value))


def _type_of(dialect: str, key: str) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return func.json_type(Contact.attrs, f'$."{key}"')
    if dialect == "postgresql":
        return func.json_typeof(_value(key))
    return func.json_type(_value(key))


def _value(key: str) -> Any:  # noqa: ANN401 - SQLAlchemy gives an index into JSON no type
    return Contact.attrs[key]
