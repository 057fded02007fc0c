"""The file store on a local folder or an S3-compatible bucket, through fsspec; a file appears whole or not at all."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import fsspec

from lux.kit.crypto import random_token

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from lux.kit.settings import Settings
    from lux.ports.storage import FileStore

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
        unfinished = f"{path}.{random_token(6)}.part"
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
            if not key.endswith(".part"):
                yield key

    def _path(self, key: str) -> str:
        parts = key.split("/")
        # fsspec takes *, ? and [ for patterns when it moves a file.
        if _NOT_IN_KEYS.search(key) or any(part in {"", ".", ".."} for part in parts):
            raise ValueError(f"not a key of the file store: {key!r}")
        return f"{self._root}/{key}"


def store_of(settings: Settings) -> FileStore:
    """Return the installation's file store: LUX_FILE_STORE, else the folder `files` of the data folder."""
    if settings.file_store:
        options = {"endpoint_url": settings.file_store_endpoint} if settings.file_store_endpoint else {}
        system, root = fsspec.core.url_to_fs(settings.file_store, **options)
        return FsspecStore(system, root)
    root = str(settings.home / "files")
    return FsspecStore(fsspec.filesystem("file", auto_mkdir=True), root)
