"""Keyset paging: a cursor says where the last page ended, so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

Row = TypeVar("Row")


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
    if not all(value is None or isinstance(value, str | int | float) for value in found):
        raise _broken()
    return found


def _broken() -> InvalidInput:
    return InvalidInput(field="cursor", message=_("This page link is damaged."), fix=_("Start at the first page."))
