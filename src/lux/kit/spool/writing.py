"""The writing side: one open segment per process, closed after a second or a size, never a fault for who writes."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import threading
from pathlib import Path
from typing import Final

from lux.kit import clock

FOLDER: Final = "spool"  # in the home folder
SEGMENT_BYTES: Final = 256 * 1024  # some two thousand lines: what one transaction takes well under a second to load
SEGMENT_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 1.0  # between two tries to open a segment where none could be opened
DROPPED: Final = b"!dropped"
SUFFIX: Final = ".lines"
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Spool:
    """Appends lines. What can't be written is dropped and counted, and told in the spool once it can be again.

    A segment belongs to the process that holds its file lock. The lock ends with the process, however it ends, so
    that what a killed one has written is loaded like everything else.
    """

    def __init__(
        self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, segment_seconds: float = SEGMENT_SECONDS
    ) -> None:
        """Open nothing yet."""
        self.folder = folder
        self._largest = segment_bytes
        self._longest = segment_seconds
        self._lock = threading.Lock()  # a segment is never closed while another thread is about to write to it
        self._file: int | None = None
        self._path = Path()
        self._size = 0
        self._until = 0.0
        self._shut_until = 0.0
        self._dropped = 0
        self._dropped_since = 0
        self._errno = 0

    @property
    def dropped(self) -> int:
        """Return how many lines could not be written and are not told in the spool yet."""
        return self._dropped

    @property
    def trouble(self) -> str:
        """Return why the latest line was not written; empty while nothing is held back."""
        return os.strerror(self._errno) if self._dropped else ""

    def append(self, line: bytes) -> bool:
        """Write one line, which ends with a line feed and has no other; False when it was dropped."""
        with self._lock:
            if self._write(line):
                return True
            if not self._dropped:
                self._dropped_since = _microseconds()
            self._dropped += 1
            return False

    def turn(self) -> None:
        """Close a segment that has been open long enough, and tell of dropped lines; called about every second."""
        with self._lock:
            if self._file is not None and clock.monotonic() >= self._until:
                self._close()
            if self._dropped:
                self._ready()

    def close(self) -> None:
        """Close the segment, so that it can be loaded."""
        with self._lock:
            self._close()

    def _write(self, line: bytes) -> bool:
        for _try in range(2):  # a full file is no full disk: the second goes into a fresh one
            if not self._ready():
                return False
            if self._put(line):
                return True
            self._close()
        self._shut_until = clock.monotonic() + RETRY_SECONDS
        return False

    def _ready(self) -> bool:
        """See to an open segment with room in it."""
        if self._file is not None:
            if self._size < self._largest and clock.monotonic() < self._until:
                return True
            self._close()
        if clock.monotonic() < self._shut_until:
            return False
        try:
            self._open()
        except OSError as error:
            self._errno = error.errno or errno.EIO
            self._shut_until = clock.monotonic() + RETRY_SECONDS
            return False
        return self._tell()

    def _open(self) -> None:
        """Make a segment and lock it, before anybody who loads takes it for one that was left behind."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            name = f"{_microseconds():020d}-{os.getpid()}-{secrets.token_hex(8)}{SUFFIX}"
            path = self.folder / name
            file = os.open(path, _FLAGS, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_mine = os.fstat(file).st_nlink > 0
            except BlockingIOError:
                is_mine = False
            except OSError:
                os.close(file)
                raise
            if is_mine:
                self._file, self._path, self._size = file, path, 0
                self._until = clock.monotonic() + self._longest
                return
            os.close(file)

    def _tell(self) -> bool:
        """Begin the segment with what was dropped before it; say whether it can be written to."""
        if not self._dropped:
            return True
        if self._put(b"%s %d %d %d\n" % (DROPPED, self._dropped, self._dropped_since, self._errno)):
            self._dropped = self._dropped_since = self._errno = 0
            return True
        self._close()
        self._shut_until = clock.monotonic() + RETRY_SECONDS
        return False

    def _put(self, line: bytes) -> bool:
        """Append by one system call; what went in half is taken out again."""
        if self._file is None:
            return False
        try:
            written = os.write(self._file, line)
        except OSError as error:
            self._errno = error.errno or errno.EIO
            return False
        if written == len(line):
            self._size += written
            return True
        self._errno = errno.ENOSPC
        try:
            os.ftruncate(self._file, self._size)
        except OSError as error:  # the half line stays, is the last of its segment, and is seen as such when loaded
            self._errno = error.errno or errno.EIO
        return False

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if not self._size:
                self._path.unlink(missing_ok=True)
            os.close(file)
        except OSError as error:  # what was written stays written; a segment that can't be unlinked is empty
            self._errno = error.errno or errno.EIO


def _microseconds() -> int:
    return round(clock.now().timestamp() * 1_000_000)
