"""Reads Excel workbooks (.xlsx) row by row: cached values only, and nothing a hostile file could unpack in memory."""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, NamedTuple
from xml.etree.ElementTree import ParseError

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

MOST_ROWS: Final = 1_048_576  # of one sheet, as in Excel
MOST_COLUMNS: Final = 1000
MOST_UNPACKED: Final = 2 * 2**30  # bytes of all parts
MOST_STRINGS: Final = 256 * 2**20  # bytes of the shared strings: they are held in memory
MOST_OTHER: Final = 32 * 2**20  # bytes of any other part but the sheets: they are parsed as a whole
MOST_PARTS: Final = 5000
MOST_RATIO: Final = 200  # unpacked to packed; sheets of real files stay below 50
_RATIO_FROM: Final = 8 * 2**20  # smaller parts may be packed as tightly as they like
_MANIFEST: Final = "[Content_Types].xml"
_MAIN: Final = (b"spreadsheetml.sheet.main+xml", b"spreadsheetml.template.main+xml", b"macroEnabled.main+xml")
_KINDS: Final = ((b"wordprocessingml", "Word"), (b"presentationml", "PowerPoint"))
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ParseError,
    LookupError,
    ValueError,  # also what defusedxml refuses
    TypeError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
)  # fmt: skip - what zipfile, the XML parser and openpyxl raise for a broken file

# What openpyxl does not keep (styles, validations) matters to who writes files back, not here.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")


class Sheet(NamedTuple):
    """One sheet of a workbook."""

    name: str
    is_hidden: bool


def sheets(stream: BinaryIO) -> list[Sheet]:
    """Return the sheets in order; raises InvalidInput for what is no workbook, or is too much of one."""
    with _opened(stream) as book:
        return [Sheet(one.title, one.sheet_state != "visible") for one in book.worksheets]


def rows(stream: BinaryIO, sheet: str, *, decimal: str = ".") -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of the rows that hold anything; `decimal` is the mark numbers are written with."""
    with _opened(stream) as book:
        found = next((one for one in book.worksheets if one.title == sheet), None)
        if found is None:
            raise InvalidInput(field="sheet", message=_("This sheet is not in the workbook."), fix=_("Choose one."))
        found.reset_dimensions()  # what a file says of its size may be wrong, or meant to cost memory
        for number, values in enumerate(found.iter_rows(values_only=True), 1):
            if number > MOST_ROWS:
                raise _too_much(_("more than %(most)s rows", most=MOST_ROWS))
            cells = [_text(value, decimal) for value in values]
            while cells and not cells[-1].strip():
                cells.pop()
            if len(cells) > MOST_COLUMNS:
                raise _too_much(_("more than %(most)s columns", most=MOST_COLUMNS))
            if cells:
                yield number, cells


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(stream) as archive:
            _check(archive)
        stream.seek(0)
        from openpyxl import load_workbook  # large; most files are no workbooks

        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            yield book
        finally:
            book.close()
    except InvalidInput:
        raise
    except _UNREADABLE as error:
        raise InvalidInput(
            field="file",
            message=_("This Excel workbook is damaged or protected and can't be read."),
            fix=_("Open it in Excel, save it again without a password, or save the sheet as “CSV UTF-8”."),
        ) from error


def _check(archive: zipfile.ZipFile) -> None:
    """Refuse what is no workbook, and what would unpack to more than a list of people ever is."""
    parts = {one.filename: one for one in archive.infolist()}
    manifest = parts.get(_MANIFEST)
    if manifest is None or manifest.file_size > MOST_OTHER:
        raise _no_workbook(_other_kind(archive, parts))
    types = archive.read(_MANIFEST)
    if not any(main in types for main in _MAIN):
        raise _no_workbook(next((_("a %(name)s document", name=n) for key, n in _KINDS if key in types), ""))
    if len(parts) > MOST_PARTS or sum(one.file_size for one in parts.values()) > MOST_UNPACKED:
        raise _too_much(_("more than %(size)s GiB when it is unpacked", size=MOST_UNPACKED // 2**30))
    for name, part in parts.items():
        lower = name.lower()
        if part.file_size > _RATIO_FROM and part.file_size > MOST_RATIO * max(1, part.compress_size):
            raise _too_much(_("a part that unpacks to %(times)s times its size", times=MOST_RATIO))
        if lower.endswith("sharedstrings.xml") and part.file_size > MOST_STRINGS:
            raise _too_much(_("more than %(size)s MiB of different texts", size=MOST_STRINGS // 2**20))
        is_large_kind = lower.endswith("sharedstrings.xml") or lower.startswith(("xl/worksheets/", "xl/media/"))
        if not is_large_kind and part.file_size > MOST_OTHER:
            raise _too_much(_("a part of more than %(size)s MiB", size=MOST_OTHER // 2**20))


def _other_kind(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> str:
    mime = parts.get("mimetype")
    if mime is not None and mime.file_size < 200 and b"opendocument" in archive.read("mimetype"):
        return _("an OpenDocument file")
    return _("a ZIP archive")


def _no_workbook(kind: str) -> InvalidInput:
    return InvalidInput(
        field="file",
        message=_("This is %(kind)s, not an Excel workbook.", kind=kind or _("another kind of file")),
        fix=_("Open it in its program and save the list as .xlsx or as “CSV UTF-8”."),
    )


def _too_much(what: str) -> InvalidInput:
    return InvalidInput(
        field="file",
        message=_("This workbook holds %(what)s: it is not read.", what=what),
        fix=_("Save the sheet as “CSV UTF-8”: such a file may be of any length."),
    )


def _text(value: object, decimal: str) -> str:
    """Return a cell as it would stand in a CSV file: ISO dates, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else f"{value:.15g}".replace(".", decimal)
    if isinstance(value, dt.datetime):
        is_day = value.time() == dt.time()
        return value.date().isoformat() if is_day else value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
