"""What bodies, queries and answers are made of: nothing unknown gets in, times are RFC 3339 in UTC.

Models are built when they are first used (`defer_build`): a process that answers no program holds none.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from flask import request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from lux.kit.i18n import gettext as _
from lux.ui.paging import decode_int_cursor, encode_cursor

Row = TypeVar("Row")
MOST = 200  # rows of a page
_EARLIEST, _LATEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


def _in_utc(value: dt.datetime) -> dt.datetime:
    if not _EARLIEST <= value < _LATEST:
        raise ValueError(_("Only times from 1900 to 2199 can be used."))
    return value.astimezone(dt.UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]  # what programs send: RFC 3339 with a zone


class Input(BaseModel):
    """What a program sends."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)


class Output(BaseModel):
    """What a program gets."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class PageQuery(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="Most rows of the answer.")] = 50
    cursor: Annotated[str, Field(max_length=400, description="Where to go on; `next` of an answer holds it.")] = ""


class PageOf(Output, Generic[Row]):
    """One page of a list."""

    data: list[Row]
    next: Annotated[str | None, Field(description="Address of the next page; null at the end.")]


class Numbered(Protocol):
    """A row that a list by age can go on from."""

    @property
    def id(self) -> int:
        """Return its number."""


Aged = TypeVar("Aged", bound=Numbered)


def newest_first(
    query: PageQuery, find: Callable[[int | None, int], Sequence[Aged]]
) -> tuple[Sequence[Aged], str | None]:
    """Return the rows of a page and the address of the next; `find` takes (older than this id, how many at most)."""
    found = find(decode_int_cursor(query.cursor) if query.cursor else None, query.limit + 1)
    rows = found[: query.limit]
    return rows, next_page(encode_cursor(rows[-1].id) if len(found) > query.limit else None)


def next_page(cursor: str | None) -> str | None:
    """Return the address of the page that begins at a cursor, with everything else the caller asked for."""
    if cursor is None:
        return None
    asked = {name: value for name, value in request.args.items() if name != "cursor"}
    return f"{request.path}?{urlencode({**asked, 'cursor': cursor})}"
