"""How the values of rows stand in a backup: by kinds that mean the same on every database."""

from __future__ import annotations

import base64
import datetime as dt
import importlib
import json
import re
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Enum,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    cast,
    type_coerce,
)
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeEngine

import lux
from lux.kit.db import Base
from lux.kit.db.base import UtcDateTime

# The first that fits counts: an Enum is a String to SQLAlchemy, a Float a Numeric.
_KINDS: Final[tuple[tuple[type[TypeEngine[Any]], str], ...]] = (
    (UtcDateTime, "moment"), (Date, "date"), (Uuid, "uuid"), (LargeBinary, "bytes"), (JSON, "json"),
    (Boolean, "bool"), (Integer, "int"), (Float, "float"), (Numeric, "decimal"), (Enum, "text"), (String, "text"),
)  # fmt: skip
_TYPES: Final[dict[str, Callable[[], TypeEngine[Any]]]] = {
    "moment": UtcDateTime, "date": Date, "uuid": Uuid, "bytes": LargeBinary, "json": Text, "bool": Boolean,
    "int": BigInteger, "float": Float, "decimal": Numeric, "text": Text,
}  # fmt: skip
_OUT: Final[dict[str, Callable[[Any], Any]]] = {
    "moment": dt.datetime.isoformat, "date": dt.date.isoformat, "uuid": str, "decimal": str,
    "bytes": lambda value: base64.b64encode(value).decode(),
}  # fmt: skip
_IN: Final[dict[str, Callable[[Any], Any]]] = {
    "moment": dt.datetime.fromisoformat, "date": dt.date.fromisoformat, "uuid": uuid.UUID, "decimal": Decimal,
    "bytes": base64.b64decode,
}  # fmt: skip


_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


_DEFINE_TABLES: Final = {"models", "parties", "rates", "idempotency"}  # modules by this name


def all_tables() -> list[Table]:
    """Return every table of LUX in the order in which they can be filled, whatever this process has loaded so far."""
    root = Path(lux.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if path.stem in _DEFINE_TABLES:
            importlib.import_module(".".join(("lux", *path.relative_to(root).with_suffix("").parts)))
    return list(Base.metadata.sorted_tables)


def kind_of(column: Column[Any]) -> str:
    """Return the kind of a column; raises TypeError for a type that backups do not know yet."""
    for known, kind in _KINDS:
        if isinstance(column.type, known):
            return kind
    raise TypeError(f"{column.table.name}.{column.name}: backups do not know the type {column.type!r}")


def read_as(column: Column[Any]) -> ColumnElement[Any]:
    """Return how a column is read: JSON and names as the text that is stored."""
    if isinstance(column.type, JSON):
        return cast(column, Text)
    return type_coerce(column, Text()) if isinstance(column.type, Enum) else column


def line_of(row: Sequence[Any], kinds: Sequence[str]) -> bytes:
    """Return a row as a line of JSON."""
    values = [
        value if value is None or kind not in _OUT else _OUT[kind](value)
        for value, kind in zip(row, kinds, strict=True)
    ]  # fmt: skip
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def row_of(line: bytes, kinds: Sequence[str]) -> tuple[Any, ...]:
    """Return the row of a line; raises ValueError."""
    return tuple(
        value if value is None or kind not in _IN else _IN[kind](value)
        for value, kind in zip(json.loads(line), kinds, strict=True)
    )


def table_of(name: str, columns: Sequence[Sequence[str]]) -> Table:
    """Return a table to fill, as a backup describes it: it may be of an earlier schema than today's.

    Raises ValueError for a name or a kind that no LUX has written.
    """
    if not all(_NAME.fullmatch(one) for one in (name, *(column for column, _kind in columns))):
        raise ValueError(f"not a table of LUX: {name!r}")
    if unknown := {kind for _column, kind in columns} - set(_TYPES):
        raise ValueError(f"unknown kinds: {unknown}")
    return Table(name, MetaData(), *(Column(column, _TYPES[kind]()) for column, kind in columns))
