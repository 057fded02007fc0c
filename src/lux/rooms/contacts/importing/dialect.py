"""How a file is written: encoding, line ends, delimiter, header; guessed from its first part, corrected by people."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.catalogue import BY_NAME, heading_key

ENCODINGS: Final = ("utf-8", "cp1252", "utf-16-le", "utf-16-be", "iso-8859-15", "cp1250")
DELIMITERS: Final = (",", ";", "\t", "|")
CSV: Final = "csv"
WORKBOOK: Final = "xlsx"
CARDS: Final = "vcard"
_SAMPLE_RECORDS: Final = 60
_LOOKS_LIKE_DATA: Final = re.compile(r"@|^\+?[\d\s().,/-]+$")
_SEP_LINE: Final = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one file is to be read; kept as JSON with its import."""

    encoding: str = "utf-8"
    newline: str = "\n"  # "\r" for files of old Macs
    delimiter: str = ","
    has_header: bool = True
    start: int = 0  # bytes before the first record: byte order mark, a "sep=;" line
    first_line: int = 1
    columns: int = 0
    format: str = CSV
    sheet: str = ""  # of a workbook: which one is read
    sheets: tuple[tuple[str, bool], ...] = ()  # name, whether it is hidden
    is_numbered: bool = False  # made by importing.convert: number and note stand before each row

    @property
    def unit(self) -> int:
        """Return the bytes of one code unit."""
        return 2 if self.encoding.startswith("utf-16") else 1

    def as_json(self) -> dict[str, Any]:
        """Return plain values to be stored."""
        return asdict(self)


def dialect_of(stored: Mapping[str, Any]) -> Dialect:
    """Return the dialect that was stored."""
    known = {name: value for name, value in stored.items() if name in Dialect.__dataclass_fields__}
    return Dialect(**known | {"sheets": tuple((name, bool(hidden)) for name, hidden in known.get("sheets", ()))})


def guess_dialect(sample: bytes, encoding: str, newline: str, mark: int, *, is_whole: bool) -> Dialect:
    """Guess from a file's first bytes, `mark` of them a byte order mark; raises InvalidInput without a record."""
    text = sample_text(sample[mark:], encoding, newline, is_whole=is_whole)
    start, first_line, delimiter = mark, 1, ""
    if found := _SEP_LINE.match(text):
        delimiter, first_line = found.group(1), 2
        start += len(found.group(0).encode(encoding))
        text = text[found.end() :]
    delimiter = delimiter or guess_delimiter(text)
    records = sample_records(text, delimiter)
    if not records:
        raise InvalidInput(
            field="file",
            message=_("The file is empty: there is no record in it."),
            fix=_("Choose a CSV file with a header and one row per person."),
        )
    return Dialect(
        encoding=encoding,
        newline=newline,
        delimiter=delimiter,
        has_header=looks_like_header(records),
        start=start,
        first_line=first_line,
        columns=len(records[0]),
    )


def sample_text(sample: bytes, encoding: str, newline: str, *, is_whole: bool) -> str:
    """Decode a sample, without its last line when that may be cut off."""
    text = sample.decode(encoding, errors="replace")
    if not is_whole:
        text = text[: text.rfind(newline) + 1] or text
    return text.replace("\r", "\n") if newline == "\r" else text


def guess_delimiter(text: str) -> str:
    """Return the delimiter that cuts the sample most evenly."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        lengths = Counter(len(record) for record in sample_records(text, delimiter))
        if not lengths:
            continue
        size, count = max(lengths.items(), key=lambda pair: (pair[1], pair[0]))
        score = (count / lengths.total(), size)
        if size > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def sample_records(text: str, delimiter: str) -> list[list[str]]:
    """Return the first records of a sample that hold anything."""
    found: list[list[str]] = []
    lines = iter(text.splitlines(keepends=True))
    reader = csv.reader(lines, delimiter=delimiter)
    while len(found) < _SAMPLE_RECORDS:
        try:
            record = next(reader)
        except csv.Error:
            continue
        except StopIteration:
            break
        if any(cell.strip() for cell in record):
            found.append(record)
    return found


def looks_like_header(records: Sequence[Sequence[str]]) -> bool:
    """Say whether the first record names the columns: no addresses, no numbers, no word twice.

    One that names a column of addresses is a header even so: exports repeat headings, and leave some empty.
    """
    first = [cell.strip() for cell in records[0]]
    named = [cell for cell in first if cell]
    if not named or any(_LOOKS_LIKE_DATA.search(cell) for cell in named):
        return False
    keys = [heading_key(cell) for cell in named]
    if BY_NAME["email"].words & set(keys):
        return True
    return len(set(keys)) == len(keys) and len(named) * 2 >= len(first)
