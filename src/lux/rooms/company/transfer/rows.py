"""A row as a line of JSON and back, the same on every database; a line that can't be a row is refused."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import enum
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Enum, Integer, LargeBinary, String, Table, Uuid

from lux.kit.db import UtcDateTime

Row = dict[str, Any]
_BIG: Final = 2**63
_INT: Final = 2**31


class BadRow(ValueError):
    """A line that is not a row of its table."""


def line_of(values: Mapping[str, Any]) -> bytes:
    """Return a row as one line of JSON."""
    return json.dumps(dict(values), default=_plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def reader_of(table: Table, columns: Sequence[str]) -> Callable[[bytes], Row]:
    """Return what turns a line into a row; raises BadRow for a line that is none."""
    wanted, converters = set(columns), {name: _converter(table.c[name]) for name in columns}

    def read(line: bytes) -> Row:
        found = _object(line)
        if set(found) != wanted:
            raise BadRow("its columns are not those of the table")
        try:
            return {name: converters[name](value) for name, value in found.items()}
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise BadRow(str(error)) from error

    return read


def object_of(line: bytes) -> Row:
    """Return a line as an object; raises BadRow."""
    return _object(line)


def _object(line: bytes) -> Row:
    try:
        found = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadRow("it is not JSON") from error
    if not isinstance(found, dict):
        raise BadRow("it is not an object")
    return found


def _refuse(word: str) -> None:
    raise ValueError(word)


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, enum.Enum):
        return value.value
    raise TypeError(type(value).__name__)


def _converter(column: Column[Any]) -> Callable[[Any], Any]:
    convert = _by_type(column)

    def read(value: Any) -> Any:  # noqa: ANN401 - a value of any column
        if value is None:
            if not column.nullable:
                raise ValueError(f"{column.name} is missing")
            return None
        return convert(value)

    return read


def _by_type(column: Column[Any]) -> Callable[[Any], Any]:  # noqa: PLR0911 - one line per type
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return _moment
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return kind.enum_class
    if isinstance(kind, Uuid):
        return lambda value: uuid.UUID(_of(str, value))
    if isinstance(kind, Boolean):
        return lambda value: _of(bool, value)
    if isinstance(kind, Integer):
        most = _BIG if isinstance(kind, BigInteger) else _INT
        return lambda value: _number(value, most)
    if isinstance(kind, Date):
        return lambda value: dt.date.fromisoformat(_of(str, value))
    if isinstance(kind, LargeBinary):
        return _bytes
    if isinstance(kind, JSON):
        return _json
    if isinstance(kind, String):
        return lambda value: _text(value, kind.length)
    raise TypeError(f"{column.name}: nothing is known about {kind!r}")


def _of(kind: type[Any], value: Any) -> Any:  # noqa: ANN401 - a value of the type that is asked for
    if type(value) is not kind:
        raise ValueError(f"{value!r:.40} is no {kind.__name__}")
    return value


def _moment(value: object) -> dt.datetime:
    found = dt.datetime.fromisoformat(_of(str, value))
    if found.tzinfo is None:
        raise ValueError(f"{value!r:.40} has no time zone")
    return found.astimezone(dt.UTC)


def _number(value: object, most: int) -> int:
    number: int = _of(int, value)
    if not -most <= number < most:
        raise ValueError(f"{number} is too large")
    return number


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_of(str, value), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _text(value: object, most: int | None) -> str:
    text = _storable(_of(str, value))
    if most is not None and len(text) > most:
        raise ValueError(f"longer than {most} characters")
    return text


def _storable(text: str) -> str:
    text.encode()  # half of a surrogate pair can't be stored
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL stores no NUL


def _json(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, dict):
        return {_storable(name): _json(one) for name, one in value.items()}
    return value
