"""SQL over typed values in a JSON column (own fields, properties of facts), for three databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, literal, select

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


def text_of(dialect: str, key: str, column: Any = Contact.attrs) -> ColumnElement[Any]:  # noqa: ANN401 - a JSON column
    """Return SQL: the field's text, NULL when it holds no text."""
    return _guarded(dialect, key, "text", column[key].as_string(), column)


def day_of(dialect: str, key: str) -> ColumnElement[Any]:
    """Return SQL: the field's day in ISO form, NULL when it holds none."""
    text = text_of(dialect, key)
    return case((text.like("____-__-__"), text))


def number_of(dialect: str, key: str, column: Any = Contact.attrs) -> ColumnElement[Any]:  # noqa: ANN401 - a JSON column
    """Return SQL: the field's number in double precision, NULL when it holds no number."""
    return _guarded(dialect, key, "number", column[key].as_float(), column)


def truth_of(dialect: str, key: str, column: Any = Contact.attrs) -> ColumnElement[Any]:  # noqa: ANN401 - a JSON column
    """Return SQL: "true" or "false", NULL when the field holds neither."""
    kind = _type_of(dialect, key, column)
    if dialect == "sqlite":  # its JSON functions turn true into 1; the type still tells
        return case((kind == "true", "true"), (kind == "false", "false"))
    return _guarded(dialect, key, "boolean", column[key].as_string(), column)


def list_has(dialect: str, key: str, value: str, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a JSON column
    """Return SQL: the property is a list that holds the text, letter by letter; anything else does not."""
    if dialect == "mysql":
        found = func.json_contains(column[key], func.json_quote(value)) == 1
        return and_(func.coalesce(func.json_type(column[key]), "") == "ARRAY", func.coalesce(found, false()))
    if dialect == "postgresql":
        listed = case((func.json_typeof(column[key]) == "array", column[key]), else_=func.json_build_array())
        each = func.json_array_elements_text(listed).table_valued("value", joins_implicitly=True)
        return exists(select(literal(1)).select_from(each).where(each.c.value == value))
    path = f'$."{key}"'
    each = func.json_each(column, path).table_valued("value", joins_implicitly=True)
    is_list = func.coalesce(func.json_type(column, path), "") == "array"
    return and_(is_list, exists(select(literal(1)).select_from(each).where(each.c.value == value)))


def _guarded(dialect: str, key: str, kind: str, value: ColumnElement[Any], column: Any) -> ColumnElement[Any]:  # noqa: ANN401 - a JSON column
    """Read a value only where it has the expected type: a cast of anything else would end the query."""
    return case((_type_of(dialect, key, column).in_(_JSON_TYPES[dialect][kind]), value))


def _type_of(dialect: str, key: str, column: Any) -> ColumnElement[Any]:  # noqa: ANN401 - a JSON column
    if dialect == "sqlite":
        return func.json_type(column, f'$."{key}"')
    if dialect == "postgresql":
        return func.json_typeof(column[key])
    return func.json_type(column[key])
