"""Looks into an uploaded file: which sheet holds the people, whether anybody is in it at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.importing import convert, workbook
from lux.rooms.contacts.importing.dialect import (
    CSV,
    WORKBOOK,
    Dialect,
    looks_like_header,
    sample_records,
    sample_text,
)
from lux.rooms.contacts.importing.receive import SAMPLE, Received

if TYPE_CHECKING:
    from lux.ports.storage import FileStore


def examined(store: FileStore, key: str, received: Received) -> Dialect:
    """Return how the file is read; raises InvalidInput when nobody is in it."""
    dialect = received.dialect
    if dialect.format == WORKBOOK:
        with store.open_read(key) as stream:
            return _workbook(stream, dialect)
    if received.size > SAMPLE or not dialect.has_header:
        return dialect
    if dialect.format == CSV:
        text = sample_text(received.sample[dialect.start :], dialect.encoding, dialect.newline, is_whole=True)
        _refuse_header_only(sample_records(text, dialect.delimiter))
    return dialect


def _workbook(stream: BinaryIO, dialect: Dialect) -> Dialect:
    """Choose the first sheet that holds anybody, a visible one if there is one."""
    found = workbook.sheets(stream)
    dialect = replace(dialect, sheets=tuple((one.name, one.is_hidden) for one in found))
    first: list[list[str]] = []
    for one in sorted(found, key=lambda sheet: sheet.is_hidden):
        stream.seek(0)
        records = convert.sample(stream, replace(dialect, sheet=one.name))
        if len(records) > 1 or (records and not looks_like_header(records)):
            return replace(dialect, sheet=one.name, has_header=looks_like_header(records), columns=len(records[0]))
        first = first or records
    if first:
        _refuse_header_only(first)
    raise InvalidInput(
        field="file", message=_("The workbook is empty."), fix=_("Choose a file with one row per person.")
    )


def _refuse_header_only(records: Sequence[Sequence[str]]) -> None:
    if len(records) < 2:
        raise InvalidInput(
            field="file",
            message=_("The file has a header and no rows below it."),
            fix=_("Choose a file with one row per person."),
        )
