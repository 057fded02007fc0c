"""The file store on a local folder or an S3-compatible bucket, through fsspec; a file appears whole or not at all."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import fsspec

from lux.kit.crypto import random_token
from lux.kit.errors import SettingsProblem
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from datetime import datetime

    from fsspec import AbstractFileSystem

    from lux.kit.settings import Settings
    from lux.ports.storage import FileStore

_BLOCK_BYTES: Final = 8 * 2**20  # one part of a multipart upload; S3 takes 10,000 of them: 80 GB
_UNFINISHED: Final = ".part"
_NOT_IN_KEYS = re.compile(r"[\x00-\x1f\\*?\[\]]")


class FsspecStore:
    """Files by relative key below one root of a file system."""

    def __init__(self, system: AbstractFileSystem, root: str) -> None:
        """Keep everything below `root`."""
        self._system = system
        self._root = root.rstrip("/")

    @contextmanager
    def open_read(self, key: str) -> Iterator[BinaryIO]:
        """Open a file for reading; raises FileNotFoundError."""
        with self._system.open(self._path(key), "rb") as file:
            yield cast("BinaryIO", file)

    @contextmanager
    def open_write(self, key: str) -> Iterator[BinaryIO]:
        """Open a file for writing; it takes its name when the context ends without an error."""
        path = self._path(key)
        self._system.makedirs(posixpath.dirname(path), exist_ok=True)
        unfinished = f"{path}.{random_token(6)}{_UNFINISHED}"
        try:
            with self._system.open(unfinished, "wb") as file:
                yield cast("BinaryIO", file)
            self._system.mv(unfinished, path)
        except BaseException:
            if self._system.exists(unfinished):
                self._system.rm_file(unfinished)
            raise

    def size(self, key: str) -> int:
        """Return the size in bytes; raises FileNotFoundError."""
        return int(self._system.size(self._path(key)))

    def exists(self, key: str) -> bool:
        """Say whether the file is there."""
        return bool(self._system.exists(self._path(key)))

    def delete(self, key: str) -> None:
        """Remove the file; a missing one is fine."""
        path = self._path(key)
        if self._system.exists(path):
            self._system.rm_file(path)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix, in order."""
        folder = self._path(prefix) if prefix else self._root
        if not self._system.exists(folder):
            return
        for path in sorted(self._system.find(folder)):
            key = str(path)[len(self._root) :].lstrip("/")
            if not key.endswith(_UNFINISHED):
                yield key

    def drop_unfinished(self, prefix: str, before: datetime) -> int:
        """Remove what writers that died left below a prefix before a moment; returns how many files that were."""
        folder, removed = self._path(prefix), 0
        if not self._system.exists(folder):
            return 0
        for path in self._system.find(folder):
            if not str(path).endswith(_UNFINISHED):
                continue
            try:
                changed = self._system.modified(path)
                if changed.replace(tzinfo=changed.tzinfo or UTC) < before:
                    self._system.rm_file(path)
                    removed += 1
            except FileNotFoundError:
                continue  # it was finished, or removed, meanwhile
        return removed

    def _path(self, key: str) -> str:
        parts = key.split("/")
        # fsspec takes *, ? and [ for patterns when it moves a file.
        if _NOT_IN_KEYS.search(key) or any(part in {"", ".", ".."} for part in parts):
            raise ValueError(f"not a key of the file store: {key!r}")
        return f"{self._root}/{key}"


def store_of(settings: Settings) -> FileStore:
    """Return the installation's file store: LUX_FILE_STORE, else the folder `files` of the data folder.

    Nothing is connected yet. Raises SettingsProblem for an address that no installed package knows.
    """
    if not settings.file_store:
        return FsspecStore(fsspec.filesystem("file", auto_mkdir=True), str(settings.home / "files"))
    is_s3 = settings.file_store.startswith(("s3://", "s3a://"))
    try:
        system, root = fsspec.core.url_to_fs(settings.file_store, **(_s3_options(settings) if is_s3 else {}))
    except ImportError as error:
        raise SettingsProblem(
            _("LUX_FILE_STORE needs a package that is not installed: %(reason)s.", reason=str(error).rstrip(".")),
            fix=_("Start with make run, which installs what s3:// needs, or see docs/howto/file-store.md."),
        ) from error
    except ValueError as error:
        raise SettingsProblem(
            _("LUX_FILE_STORE can't be used: %(reason)s.", reason=str(error).rstrip(".")),
            fix=_("Write s3://bucket/folder, or leave it empty for the data folder."),
        ) from error
    if is_s3 and not settings.file_store.partition("://")[2].partition("/")[0]:
        raise SettingsProblem(
            _("LUX_FILE_STORE names no bucket."), fix=_("Write s3://bucket/folder, with a bucket that exists.")
        )
    return FsspecStore(system, root)


def _s3_options(settings: Settings) -> dict[str, Any]:
    """Return how s3fs is set up; keys come from the AWS variables or the machine's role, as its SDK finds them."""
    options: dict[str, Any] = {
        "use_listings_cache": False,  # another process writes too
        "default_block_size": _BLOCK_BYTES,  # 50 MiB by itself, of which each upload holds one in memory
        "config_kwargs": {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}},
    }
    if settings.file_store_endpoint:
        options["endpoint_url"] = settings.file_store_endpoint
    return options
