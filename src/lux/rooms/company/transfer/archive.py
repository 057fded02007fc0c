"""The archive: a ZIP with a manifest, a part of JSON lines per table, and files; read as if a stranger had made it."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, Final, Self

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
PEOPLE, AUDIT = "people.jsonl", "audit.jsonl"
MAX_MANIFEST: Final = 8 * 2**20  # bytes
MAX_LINE: Final = 64 * 2**20  # bytes of one row; a campaign's frozen audience of a million contacts is 11 MiB
MAX_MEMBERS: Final = 500_000
_MAX_RATIO: Final = 400  # JSON of much alike shrinks to a fiftieth at most; a bomb to a thousandth
_SMALL: Final = 2**20  # below this much, how far something shrinks says nothing
_BLOCK: Final = 2**18


@dataclass(frozen=True, kw_only=True)
class Part:
    """One member with rows."""

    name: str
    table: str  # "" = of no table: people, audit
    columns: list[str]
    rows: int
    size: int  # bytes
    sha256: str  # hex


@dataclass(kw_only=True)
class Manifest:
    """What an archive says of itself."""

    format: int = FORMAT
    lux: str = ""  # version
    schema: str = ""  # revision of the database
    made_at: str = ""  # ISO 8601
    company: dict[str, Any] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    files: int = 0
    again: dict[str, list[str]] = field(default_factory=dict)  # what has to be entered anew: kind → names
    audit: dict[str, Any] = field(default_factory=dict)  # rows, head (hex)
    left_out: dict[str, str] = field(default_factory=dict)  # table → why

    @property
    def rows(self) -> int:
        """Return how many rows of tables there are."""
        return sum(part.rows for part in self.parts if part.table)


class Damaged(InvalidInput):
    """This file is not a whole archive of a company."""

    code = "damaged_archive"

    def __init__(self, message: str) -> None:
        """Say what is wrong with it; nothing was imported."""
        fix = _("Nothing was imported. Copy the file again from where it was made, or export again.")
        super().__init__(message, field="file", fix=fix)


class Writer:
    """Writes an archive member by member; the manifest comes last."""

    def __init__(self, target: BinaryIO) -> None:
        """Write into an open file."""
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=6)
        self.manifest = Manifest()

    def part(self, name: str, lines: Iterable[bytes], *, table: str = "", columns: Iterable[str] = ()) -> Part:
        """Write one member with rows and note its sum."""
        digest, rows, size = hashlib.sha256(), 0, 0
        with self._zip.open(name, "w", force_zip64=True) as member:
            for line in lines:
                member.write(line)
                digest.update(line)
                rows, size = rows + 1, size + len(line)
        part = Part(
            name=name, table=table, columns=list(columns), rows=rows, size=size, sha256=digest.hexdigest()
        )  # fmt: skip
        self.manifest.parts.append(part)
        return part

    def file(self, key: str, source: BinaryIO) -> str:
        """Write one file of the store and return its SHA-256 (hex)."""
        digest = hashlib.sha256()
        with self._zip.open(f"files/{key}", "w", force_zip64=True) as member:
            while block := source.read(_BLOCK):
                member.write(block)
                digest.update(block)
        self.manifest.files += 1
        return digest.hexdigest()

    def finish(self) -> None:
        """Write the manifest: without one it is no archive."""
        self._zip.writestr(MANIFEST, json.dumps(asdict(self.manifest), ensure_ascii=False, indent=1))

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of the file, finished or not."""
        self._zip.close()


class Reader:
    """Reads an archive; names in it are looked up, never used as paths."""

    def __init__(self, source: BinaryIO) -> None:
        """Open it and read its manifest; raises Damaged, InvalidInput for one of a newer LUX."""
        with _told():
            self._zip = zipfile.ZipFile(source)
        self._members = self._checked()
        self.manifest = self._manifest()
        named = {part.name for part in self.manifest.parts} | {MANIFEST}
        strange = next((name for name in self._members if name not in named and not name.startswith("files/")), None)
        if strange is not None or not named <= set(self._members):
            raise Damaged(_("What is in this archive is not what its manifest says."))

    def lines(self, part: Part) -> Iterator[bytes]:
        """Yield the rows of a part; raises Damaged where it is not what the manifest says, at its end at the latest."""
        digest, rows, size = hashlib.sha256(), 0, 0
        with _told(), self._zip.open(self._members[part.name]) as member:
            while line := member.readline(MAX_LINE):
                if len(line) == MAX_LINE:
                    raise Damaged(_("A row in %(part)s is larger than any row can be.", part=part.name))
                digest.update(line)
                rows, size = rows + 1, size + len(line)
                yield line
        if (rows, size, digest.hexdigest()) != (part.rows, part.size, part.sha256):
            raise Damaged(_("The part %(part)s was changed or cut: its checksum is another one.", part=part.name))

    def has(self, key: str, size: int) -> bool:
        """Say whether a file of that size is there."""
        found = self._members.get(f"files/{key}")
        return found is not None and found.file_size == size

    def copy(self, key: str, sha256: str, target: BinaryIO) -> None:
        """Copy a file out of the archive; raises Damaged when its sum is another one."""
        digest = hashlib.sha256()
        with _told(), self._zip.open(self._members[f"files/{key}"]) as member:
            while block := member.read(_BLOCK):
                digest.update(block)
                target.write(block)
        if digest.hexdigest() != sha256:
            raise Damaged(_("The file %(name)s was changed or cut: its checksum is another one.", name=key))

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def _checked(self) -> Mapping[str, zipfile.ZipInfo]:
        found: dict[str, zipfile.ZipInfo] = {}
        if len(self._zip.filelist) > MAX_MEMBERS:
            raise Damaged(_("This archive has more members than any company needs."))
        for one in self._zip.filelist:
            is_plain = one.compress_type in {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED} and not one.flag_bits & 1
            if one.filename in found or not is_plain:
                raise Damaged(_("This archive was not made by LUX."))
            if one.file_size > _SMALL and one.file_size > one.compress_size * _MAX_RATIO:
                raise Damaged(_("%(name)s would unpack to far more than it is.", name=one.filename[:100]))
            found[one.filename] = one
        return found

    def _manifest(self) -> Manifest:
        info = self._members.get(MANIFEST)
        if info is None or info.file_size > MAX_MANIFEST:
            raise Damaged(_("This file has no manifest: it is not an archive of a company."))
        with _told():
            text = self._zip.read(info)
        try:
            found = json.loads(text)
            number = found["format"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Damaged(_("The manifest of this archive can't be read.")) from error
        if type(number) is not int or number != FORMAT:
            raise InvalidInput(
                _("This archive has format %(found)s; this LUX reads format %(known)s.", found=number, known=FORMAT),
                field="file",
                fix=_("Update LUX here to the version that made it, %(lux)s, and import again.", lux=found.get("lux")),
            )
        return _manifest_of(found)


def _manifest_of(found: dict[str, Any]) -> Manifest:
    try:
        parts = [Part(**one) for one in found.pop("parts")]
        made = Manifest(parts=parts, **found)
        is_right = all(_is_part(part) for part in parts) and _are((made.company, made.audit, made.again), dict)
        made.again = {str(kind): [str(one)[:300] for one in names] for kind, names in made.again.items()}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Damaged(_("The manifest of this archive can't be read.")) from error
    if not is_right or not _are((made.schema, made.lux, made.made_at), str):
        raise Damaged(_("The manifest of this archive can't be read."))
    return made


def _is_part(part: Part) -> bool:
    return _are((part.name, part.table, part.sha256, *part.columns), str) and _are((part.rows, part.size), int)


def _are(values: Iterable[object], kind: type) -> bool:
    return all(type(one) is kind for one in values)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the ZIP reader says of a broken file into words."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, RuntimeError) and not isinstance(error, NotImplementedError) and not _is_of_zip(error):
            raise
        raise Damaged(_("This file is broken, cut off, or no ZIP archive.")) from error


def _is_of_zip(error: RuntimeError) -> bool:
    return "password" in str(error) or "encrypted" in str(error)
