"""The file store port: named bytes somewhere that outlives the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol


class FileStore(Protocol):
    """Files by relative key (`imports/<id>.csv`), on a local folder or an S3-compatible bucket."""

    def open_read(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading; raises FileNotFoundError."""

    def open_write(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for writing; it appears whole when the context ends without an error, or not at all."""

    def size(self, key: str) -> int:
        """Return the size in bytes; raises FileNotFoundError."""

    def exists(self, key: str) -> bool:
        """Say whether the file is there."""

    def delete(self, key: str) -> None:
        """Remove the file; a missing one is fine."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix."""

    def drop_unfinished(self, prefix: str, before: datetime) -> int:
        """Remove what writers that died left below a prefix before a moment; returns how many files that were."""
