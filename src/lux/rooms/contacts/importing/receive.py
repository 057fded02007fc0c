"""Takes an uploaded file into the store in blocks, and sees on the way how it is encoded."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from lux.kit.errors import InvalidInput, TooLarge
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.importing.cards import BEGIN
from lux.rooms.contacts.importing.dialect import CARDS, WORKBOOK, Dialect, guess_dialect

BLOCK: Final = 256 * 1024
SAMPLE: Final = 128 * 1024
ZIP: Final = b"PK\x03\x04"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_KINDS: Final[tuple[tuple[bytes, Callable[[], str]], ...]] = (
    (b"\xd0\xcf\x11\xe0", lambda: _("an old Excel workbook")),
    (b"%PDF", lambda: _("a PDF")),
    (b"\x1f\x8b", lambda: _("a compressed file")),
    (b"\x89PNG", lambda: _("a picture")),
    (b"\xff\xd8\xff", lambda: _("a picture")),
    (b"GIF8", lambda: _("a picture")),
    (b"Rar!\x1a\x07", lambda: _("a compressed file")),
    (b"7z\xbc\xaf\x27\x1c", lambda: _("a compressed file")),
    (b"SQLite format 3\x00", lambda: _("a database")),
    (b"\x7fELF", lambda: _("a program")),
    (b"MZ\x90\x00", lambda: _("a program")),
    (b"{\\rtf", lambda: _("a text document (RTF)")),
)


@dataclass(frozen=True, kw_only=True)
class Received:
    """What the upload turned out to be."""

    size: int  # bytes
    sample: bytes  # the first ones
    dialect: Dialect


def receive(source: BinaryIO, target: BinaryIO, *, limit: int) -> Received:
    """Copy an upload block by block and examine it; raises InvalidInput, or TooLarge beyond `limit` bytes."""
    watch = _Encoding()
    sample, size = b"", 0
    while block := source.read(BLOCK):
        size += len(block)
        if size > limit:
            raise TooLarge(_("The file is larger than %(size)s, the most that is taken here.", size=size_words(limit)))
        if len(sample) < SAMPLE:
            sample = (sample + block)[:SAMPLE]
            if not sample.startswith(ZIP):
                refuse_other_kinds(sample)
        if not sample.startswith(ZIP):
            watch.see(block, is_first=size == len(block))
        target.write(block)
    if sample.startswith(ZIP):
        return Received(size=size, sample=sample, dialect=Dialect(format=WORKBOOK))
    if not sample.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise InvalidInput(
            field="file",
            message=_("The file is empty."),
            fix=_("Choose a CSV file with a header and one row per person."),
        )
    if BEGIN.match(as_ascii(sample, watch.name(), watch.mark)):
        cards = Dialect(encoding=watch.name(), newline=watch.newline(), start=watch.mark, format=CARDS)
        return Received(size=size, sample=sample, dialect=cards)
    dialect = guess_dialect(sample, watch.name(), watch.newline(), watch.mark, is_whole=size <= SAMPLE)
    return Received(size=size, sample=sample, dialect=dialect)


def size_words(limit: int) -> str:
    """Return a size in bytes as people say it: 2 GiB, 512 MiB."""
    return f"{limit // 2**30} GiB" if limit % 2**30 == 0 else f"{limit // 2**20} MiB"


def as_ascii(sample: bytes, encoding: str, mark: int) -> bytes:
    """Return the beginning of a text in one byte per sign."""
    return sample[mark : mark + 200].decode(encoding, errors="replace").encode("ascii", errors="replace")


def refuse_other_kinds(sample: bytes) -> None:
    """Raise InvalidInput for a file that is no text at all, saying what it is."""
    for magic, kind in _OTHER_KINDS:
        if sample.startswith(magic):
            raise InvalidInput(
                field="file",
                message=_("This is %(kind)s, not a list of contacts.", kind=kind()),
                fix=_("Open it in its program and save the list as .xlsx or as “CSV UTF-8”."),
            )
    if not sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not _utf16_by_zeros(sample):
        zeros = sample.count(0)
        if zeros * 100 > len(sample):
            raise InvalidInput(
                field="file",
                message=_("This is not a text file: it is full of NUL bytes."),
                fix=_("Save the list as “CSV UTF-8” and choose that file."),
            )


class _Encoding:
    """Looks at every block, because a file may be plain for a million rows and have one accent in its last."""

    def __init__(self) -> None:
        self.mark = 0
        self._fixed = ""
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_utf8 = True
        self._has_feed = False
        self._has_return = False

    def see(self, block: bytes, *, is_first: bool) -> None:
        """Take the next block."""
        if is_first:
            self._see_first(block)
        self._has_feed = self._has_feed or b"\n" in block
        self._has_return = self._has_return or b"\r" in block
        if self._is_utf8 and not self._fixed.startswith("utf-16"):
            try:
                self._utf8.decode(block)
            except UnicodeDecodeError:
                self._is_utf8 = False

    def name(self) -> str:
        """Return the encoding: by mark or zeros, else UTF-8 when all of it is, else Windows-1252."""
        if self._fixed.startswith("utf-16"):
            return self._fixed
        try:
            self._utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            self._is_utf8 = False
        return "utf-8" if self._is_utf8 else "cp1252"

    def newline(self) -> str:
        """Return the line end; a lone carriage return only when there is no line feed at all."""
        return "\r" if self._has_return and not self._has_feed else "\n"

    def _see_first(self, block: bytes) -> None:
        for mark, name in _MARKS:
            if not block.startswith(mark):
                continue
            if name == "utf-32":
                raise InvalidInput(
                    field="file",
                    message=_("The file is encoded as UTF-32, which is not read."),
                    fix=_("Save it as “CSV UTF-8”."),
                )
            self.mark, self._fixed = len(mark), name
            return
        self._fixed = _utf16_by_zeros(block)


def _utf16_by_zeros(sample: bytes) -> str:
    """Return UTF-16 without a mark by its zeros: every other byte of Latin text."""
    head = sample[:4096]
    half = len(head) // 2
    if half < 2:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd * 10 > half * 4 and even * 20 < half:
        return "utf-16-le"
    return "utf-16-be" if even * 10 > half * 4 and odd * 20 < half else ""
