"""The form of a backup: a ZIP with a member per table, the files, and a manifest with the sum of every member."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Final, Self

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

FORMAT: Final = 1
SUFFIX: Final = ".lux-backup"
MANIFEST: Final = "manifest.json"
FILES: Final = "files.jsonl"  # [name, bytes, SHA-256] of every file
MAX_MANIFEST: Final = 8 * 2**20  # bytes
MAX_LINE: Final = 256 * 2**20  # bytes of one row
_BLOCK: Final = 2**18


@dataclass(frozen=True, kw_only=True)
class Part:
    """One member with lines."""

    name: str
    columns: list[list[str]]  # [name, kind] of each; see `columns`
    rows: int
    size: int  # bytes
    sha256: str  # hex


@dataclass(kw_only=True)
class Manifest:
    """What a backup says of itself."""

    format: int = FORMAT
    lux: str = ""  # version
    schema: str = ""  # revision of the database
    dialect: str = ""  # of the database it was made from; it can be restored into any
    made_at: str = ""  # ISO 8601
    tables: list[Part] = field(default_factory=list)  # in the order in which they can be filled
    list_of_files: Part | None = None
    counters: dict[str, int] = field(default_factory=dict)  # table → the highest number it ever gave
    master_keys: list[str] = field(default_factory=list)  # ids of the keys that open its vault
    app_key: str = ""  # a fingerprint of the signing key
    left_out: dict[str, str] = field(default_factory=dict)  # table or folder → why

    @property
    def rows(self) -> int:
        """Return how many rows of tables there are."""
        return sum(part.rows for part in self.tables)

    @property
    def files(self) -> int:
        """Return how many files there are."""
        return self.list_of_files.rows if self.list_of_files else 0


class Damaged(InvalidInput):
    """This file is not a whole backup."""

    code = "damaged_backup"

    def __init__(self, message: str) -> None:
        """Say what is wrong with it; nothing was changed."""
        super().__init__(message, field="file", fix=_("Nothing was changed. Take another copy, or an earlier backup."))


class Writer:
    """Writes a backup member by member; the manifest comes last, and without one it is no backup."""

    def __init__(self, target: IO[bytes]) -> None:
        """Write into an open file."""
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=3)
        self._listed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the writer
        self.manifest = Manifest()

    def table(self, name: str, columns: list[list[str]], lines: Iterable[bytes]) -> None:
        """Write one table's rows and note its sum."""
        self.manifest.tables.append(self._lines(f"tables/{name}.jsonl", columns, lines))

    def file(self, name: str, source: IO[bytes]) -> None:
        """Write one file and note its sum."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as member:
            while block := source.read(_BLOCK):
                member.write(block)
                digest.update(block)
                size += len(block)
        self._listed.write(json.dumps([name, size, digest.hexdigest()], ensure_ascii=False).encode() + b"\n")

    def finish(self) -> None:
        """Write the list of files and the manifest."""
        self._listed.seek(0)
        self.manifest.list_of_files = self._lines(FILES, [], self._listed)
        self._zip.writestr(MANIFEST, json.dumps(asdict(self.manifest), ensure_ascii=False, indent=1))

    def _lines(self, name: str, columns: list[list[str]], lines: Iterable[bytes]) -> Part:
        digest, rows, size = hashlib.sha256(), 0, 0
        with self._zip.open(name, "w", force_zip64=True) as member:
            for line in lines:
                member.write(line)
                digest.update(line)
                rows, size = rows + 1, size + len(line)
        return Part(name=name, columns=columns, rows=rows, size=size, sha256=digest.hexdigest())

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of the files, finished or not."""
        self._listed.close()
        self._zip.close()


class Reader:
    """Reads a backup; names in it are looked up, and checked before they become paths."""

    def __init__(self, source: IO[bytes]) -> None:
        """Open it and read its manifest; raises Damaged, InvalidInput for one of a newer LUX."""
        with _told():
            self._zip = zipfile.ZipFile(source)
            self._names = set(self._zip.namelist())
        self.manifest = self._manifest()

    def lines(self, part: Part) -> Iterator[bytes]:
        """Yield the lines of a part; raises Damaged, at its end at the latest, where the manifest says otherwise."""
        digest, rows, size = hashlib.sha256(), 0, 0
        with self._open(part.name) as member:
            while line := member.readline(MAX_LINE):
                digest.update(line)
                rows, size = rows + 1, size + len(line)
                yield line
        if (rows, size, digest.hexdigest()) != (part.rows, part.size, part.sha256):
            raise Damaged(_("The part %(part)s was changed or cut: its checksum is another one.", part=part.name))

    def files(self) -> Iterator[tuple[str, int, str]]:
        """Yield (name, bytes, SHA-256) of every file."""
        for line in self.lines(self.manifest.list_of_files) if self.manifest.list_of_files else ():
            try:
                name, size, digest = json.loads(line)
                yield str(name), int(size), str(digest)
            except (ValueError, TypeError) as error:
                raise Damaged(_("The list of files can't be read.")) from error

    def copy(self, name: str, sha256: str, target: IO[bytes] | None) -> None:
        """Copy a file out of the backup, or only look at it; raises Damaged when its sum is another one."""
        digest = hashlib.sha256()
        with self._open(name) as member:
            while block := member.read(_BLOCK):
                digest.update(block)
                if target is not None:
                    target.write(block)
        if digest.hexdigest() != sha256:
            raise Damaged(_("The file %(name)s was changed or cut: its checksum is another one.", name=name))

    def has(self, name: str) -> bool:
        """Say whether there is a member of this name."""
        return name in self._names

    def read(self, name: str) -> bytes:
        """Return a small member whole; its sum is looked at by `check`."""
        with self._open(name) as member:
            return member.read()

    def check(self) -> None:
        """Read every member and compare its sum; raises Damaged."""
        for part in self.manifest.tables:
            for _line in self.lines(part):
                pass
        for name, _size, digest in self.files():
            self.copy(name, digest, None)

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        if name not in self._names:
            raise Damaged(_("%(name)s is missing from this backup.", name=name))
        with _told(), self._zip.open(name) as member:
            yield member

    def _manifest(self) -> Manifest:
        if MANIFEST not in self._names or self._zip.getinfo(MANIFEST).file_size > MAX_MANIFEST:
            raise Damaged(_("This file has no manifest: it is not a backup of LUX."))
        with _told():
            text = self._zip.read(MANIFEST)
        try:
            found = json.loads(text)
            number = found["format"]
            if type(number) is int and number > FORMAT:
                raise newer(str(found.get("lux", "")))
            return _manifest_of(found)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Damaged(_("The manifest of this backup can't be read.")) from error


def newer(version: str) -> InvalidInput:
    """Return the error for a backup that a newer LUX has made."""
    return InvalidInput(
        _("This backup was made by a newer LUX (%(version)s).", version=version or "?"),
        field="file",
        fix=_("Nothing was changed. Update LUX here to that version, and restore again."),
    )


def _manifest_of(found: dict[str, Any]) -> Manifest:
    tables = [Part(**one) for one in found.pop("tables")]
    listed = Part(**found.pop("list_of_files"))
    return Manifest(tables=tables, list_of_files=listed, **found)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the ZIP reader says of a broken file into words."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Damaged(_("This file is broken, cut off, or no backup of LUX.")) from error
