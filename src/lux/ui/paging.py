"""Keyset paging: a cursor says where the last page ended, so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

Row = TypeVar("Row")
LARGEST = 2**63 - 1  # what a row number can be


@dataclass(frozen=True, kw_only=True)
class Slice(Generic[Row]):
    """One page of rows, and cursors to the next and the one before (None = there is none)."""

    rows: Sequence[Row]
    next_cursor: str | None = None
    previous_cursor: str | None = None


def encode_cursor(*values: str | int | float | None) -> str:
    """Pack sort values into an opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, size: int) -> list[str | int | float | None]:
    """Unpack a cursor of `size` values; raises InvalidInput when it was tampered with."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise _broken() from error
    if not isinstance(found, list) or len(found) != size:
        raise _broken()
    if not all(_is_storable(value) for value in found):
        raise _broken()
    return found


def decode_int_cursor(cursor: str) -> int:
    """Unpack a cursor that is one row number; raises InvalidInput when it was tampered with."""
    return as_row_number(decode_cursor(cursor, 1)[0])


def as_row_number(value: object) -> int:
    """Return one value of a cursor as a row number; raises InvalidInput when it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise _broken()
    return value


def as_moment(value: object) -> dt.datetime:
    """Return one value of a cursor as an aware time; raises InvalidInput when it is none."""
    try:
        found = dt.datetime.fromisoformat(str(value))
        is_whole = found.tzinfo is not None and found.astimezone(dt.UTC) is not None
    except (ValueError, OverflowError) as error:
        raise _broken() from error
    if not is_whole:
        raise _broken()
    return found


def row_number(text: str) -> int:
    """Read a row number from an address, for `request.args.get(…, type=row_number)`; raises ValueError."""
    found = int(text) if len(text) <= len(str(LARGEST)) else -1
    if not 0 <= found <= LARGEST:
        raise ValueError
    return found


def _is_storable(value: object) -> bool:
    """Say whether a database can compare with it: no list, no infinite or endless number."""
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) <= LARGEST
    return value is None or (isinstance(value, str) and "\0" not in value)


def _broken() -> InvalidInput:
    return InvalidInput(field="cursor", message=_("This page link is damaged."), fix=_("Start at the first page."))
