"""Declarative base, column types that mean the same on three databases, and UUIDv7."""

import datetime as dt
import enum
import os
import threading
import time
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Uuid,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigKey = BigInteger().with_variant(Integer(), "sqlite")  # SQLite auto-increments INTEGER only


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware moment in UTC on every database; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Keep microseconds on MariaDB too."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Store UTC; SQLite and MariaDB know no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone can't be stored")
        value = value.astimezone(dt.UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        """Return an aware UTC moment."""
        if value is None:
            return None
        return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _text(length: int) -> TypeEngine[str]:
    return (
        String(length)
        .with_variant(String(length, collation="utf8mb4_nopad_bin"), "mysql", "mariadb")
        .with_variant(String(length, collation="C"), "postgresql")
    )


KeyStr = _text(254)  # compared byte by byte on every database; ordered by code point
ShortKeyStr = _text(64)


def enum_type(enum_class: type[enum.Enum], length: int = 32) -> Enum:
    """Return a column type that stores an enum's value as text."""
    return Enum(
        enum_class,
        native_enum=False,
        create_constraint=False,
        length=length,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declaration
        dt.datetime: UtcDateTime(),
        uuid.UUID: Uuid(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }


class Tenant:
    """A row that belongs to one company; sessions filter by it on their own."""

    @declared_attr
    def company_id(cls) -> Mapped[int]:  # noqa: N805 - a class method by declared_attr
        """Return the owning company's id."""
        return mapped_column(BigKey, ForeignKey("company.id"), nullable=False, index=False)


_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def uuid7() -> uuid.UUID:
    """Return a UUID version 7 (RFC 9562): ordered by time, monotone within a process."""
    global _last_ms, _sequence  # noqa: PLW0603 - one counter per process, guarded by a lock
    with _lock:
        ms = time.time_ns() // 1_000_000
        if ms > _last_ms:
            _last_ms, _sequence = ms, int.from_bytes(os.urandom(3)) & 0x1FFFFF
        else:
            _sequence += 1
            if _sequence >= 1 << 26:
                _last_ms, _sequence = _last_ms + 1, 0
        stamp, count = _last_ms, _sequence
    tail = int.from_bytes(os.urandom(6))
    return uuid.UUID(
        int=(stamp << 80) | (7 << 76) | ((count >> 14) << 64) | (2 << 62) | ((count & 0x3FFF) << 48) | tail
    )
