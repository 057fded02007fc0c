"""Reads CSV records from bytes and knows after each one where the next begins, so that an import can go on there."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from lux.kit.i18n import gettext as _
from lux.rooms.contacts.importing.dialect import Dialect

BLOCK: Final = 256 * 1024
LONGEST_LINE: Final = 512 * 1024  # bytes
LONGEST_RECORD: Final = 1024 * 1024  # bytes
MOST_LINES: Final = 1000  # lines of one record; beyond, a quotation mark was never closed
csv.field_size_limit(LONGEST_RECORD)


class Record(NamedTuple):
    """One record: its cells, or why it can't be read."""

    line: int  # where it begins, counted from 1
    next_line: int
    end: int  # bytes from the beginning of the file to the next record
    cells: list[str]
    problem: str = ""
    note: str = ""  # what a converted row could not say in its cells


class Line(NamedTuple):
    """One physical line."""

    size: int  # bytes
    text: str | None  # None = too long to be kept


class _Runaway(Exception):
    """A quotation mark is opened and not closed within reason."""


def records(
    stream: BinaryIO, dialect: Dialect, *, offset: int | None = None, line: int | None = None
) -> Iterator[Record]:
    """Yield the records that hold anything from a byte offset on (None = the file's first record)."""
    at = dialect.start if offset is None else offset
    stream.seek(at)
    return _Reader(stream, dialect, at, dialect.first_line if line is None else line).read()


class _Reader:
    """Feeds lines to the csv module one record at a time, and takes back what a record should not have eaten."""

    def __init__(self, stream: BinaryIO, dialect: Dialect, offset: int, line: int) -> None:
        self._lines = lines(stream, dialect)
        self._back: deque[Line] = deque()
        self._eaten: list[Line] = []
        self._offset = offset
        self._line = line
        self._csv = csv.reader(self._feed(), delimiter=dialect.delimiter)
        self._dialect = dialect

    def read(self) -> Iterator[Record]:
        while True:
            self._eaten.clear()
            problem, cells = "", list[str]()
            try:
                cells = next(self._csv)
            except StopIteration:
                return
            except _Runaway:
                problem = self._give_back()
                self._csv = csv.reader(self._feed(), delimiter=self._dialect.delimiter)
            except csv.Error as error:
                problem = _words(error)
            record = self._close(cells, problem)
            if problem or any(cells):
                yield record

    def _feed(self) -> Iterator[str]:
        size = 0
        while True:
            found = self._back.popleft() if self._back else next(self._lines, None)
            if not self._eaten:
                size = 0
            if found is None:
                if self._eaten:  # the record asks for more, and there is none
                    raise _Runaway
                return
            self._eaten.append(found)
            size += found.size
            if found.text is None or size > LONGEST_RECORD or len(self._eaten) > MOST_LINES:
                raise _Runaway
            yield found.text

    def _give_back(self) -> str:
        """Keep the first line as the faulty record, return the others to be read anew."""
        first, *rest = self._eaten
        self._back.extendleft(reversed(rest))
        self._eaten = [first]
        if first.text is None or first.size > LONGEST_RECORD:
            return _("This line is longer than %(size)s KiB.", size=LONGEST_LINE // 1024)
        return _("A quotation mark is opened in this row and never closed.")

    def _close(self, cells: list[str], problem: str) -> Record:
        begin = self._line
        self._line += len(self._eaten)
        self._offset += sum(line.size for line in self._eaten)
        if problem and self._eaten and self._eaten[0].text:
            cells = [self._eaten[0].text.rstrip("\r\n")[:2000]]
        return Record(begin, self._line, self._offset, cells, problem)


def _words(error: csv.Error) -> str:
    if "new-line" in str(error):
        return _("There is a line break outside quotation marks in this row.")
    return _("This row can't be read: %(why)s.", why=str(error))


def lines(stream: BinaryIO, dialect: Dialect) -> Iterator[Line]:
    """Yield the physical lines with their size in bytes; a line that is too long is skipped, not kept."""
    end, unit, encoding = dialect.newline.encode(dialect.encoding), dialect.unit, dialect.encoding
    rest, skipped = b"", 0
    while block := stream.read(BLOCK):
        rest += block
        begin = 0
        while (cut := _find(rest, end, begin, unit)) >= 0:
            cut += len(end)
            if skipped:
                yield Line(skipped + cut - begin, None)
                skipped = 0
            else:
                yield _line(rest[begin:cut], encoding)
            begin = cut
        rest = rest[begin:]
        if len(rest) > LONGEST_LINE or skipped:
            keep = len(rest) % unit
            skipped += len(rest) - keep
            rest = rest[len(rest) - keep :]
    if skipped:
        yield Line(skipped + len(rest), None)
    elif rest:
        yield _line(rest, encoding)


def _find(text: bytes, end: bytes, begin: int, unit: int) -> int:
    at = text.find(end, begin)
    while unit > 1 and at >= 0 and (at - begin) % unit:
        at = text.find(end, at + 1)
    return at


def _line(line: bytes, encoding: str) -> Line:
    text = line.decode(encoding, errors="replace")
    # csv would take a carriage return at the end of an old Mac's line for one in the middle of a text
    return Line(len(line), text[:-1] + "\n" if text.endswith("\r") else text)
