"""Writes workbooks and vCards as one plain CSV file with the rows' own numbers, which is then imported like any other.

So memory stays small and a crash resumes at a byte, whatever the file was.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, Final, NamedTuple

from lux.rooms.contacts.importing import cards, workbook
from lux.rooms.contacts.importing.dialect import CARDS, WORKBOOK, Dialect
from lux.rooms.contacts.importing.records import Record

_TICK: Final = 1000  # rows between two looks whether somebody cancelled
_SAMPLED: Final = 60


class Row(NamedTuple):
    """A row of a workbook, or a card."""

    line: int
    cells: list[str]
    note: str = ""


def rows(stream: BinaryIO, dialect: Dialect, *, decimal: str = ".") -> Iterator[Row]:
    """Yield what the file holds, its header first; raises InvalidInput for what can't be read."""
    if dialect.format == CARDS:
        yield Row(0, list(cards.HEADINGS))
        for card in cards.rows(stream, dialect):
            yield Row(*card)
    elif dialect.format == WORKBOOK:
        for number, cells in workbook.rows(stream, dialect.sheet, decimal=decimal):
            yield Row(number, cells)


def sample(stream: BinaryIO, dialect: Dialect) -> list[list[str]]:
    """Return the first rows, all of the same width."""
    found = [row.cells for row in itertools.islice(rows(stream, dialect), _SAMPLED)]
    width = max((len(row) for row in found), default=0)
    return [row + [""] * (width - len(row)) for row in found]


def convert(source: BinaryIO, target: BinaryIO, dialect: Dialect, *, decimal: str, tick: Callable[[], None]) -> Dialect:
    """Write the rows as CSV, each behind its number and its note; returns how the result is read."""
    text = io.TextIOWrapper(target, encoding="utf-8", errors="replace", newline="", write_through=False)
    # All in quotation marks: the writer of Python before 3.13 leaves a carriage return bare, where it ends the row.
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for count, row in enumerate(rows(source, dialect, decimal=decimal)):
        if count % _TICK == 0:
            tick()
        padding = [""] * (dialect.columns - len(row.cells))
        writer.writerow([str(row.line), row.note, *row.cells, *padding])
    text.flush()
    text.detach()
    return replace(dialect, encoding="utf-8", newline="\n", delimiter=",", start=0, first_line=1, is_numbered=True)


def unnumbered(record: Record) -> Record:
    """Return a record of a converted file as it stood in the file it came from."""
    if record.problem or len(record.cells) < 2 or not record.cells[0].isdigit():
        return record
    return record._replace(line=int(record.cells[0]), note=record.cells[1], cells=record.cells[2:])
