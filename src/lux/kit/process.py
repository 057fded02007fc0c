"""What every process of LUX keeps to: it ends when its parent is gone, and gives memory back."""

from __future__ import annotations

import ctypes
import os
import threading
import time

LOOK_SECONDS = 0.5
# mallopt(3): parameters of glibc's allocator.
_ARENA_MAX, _TRIM_THRESHOLD = -8, -1


def has_parent(parent_pid: int | None) -> bool:
    """Say whether this process still belongs to that parent; None = it has none to lose."""
    return parent_pid is None or os.getppid() == parent_pid


def leave() -> None:
    """End this process now, without waiting for threads."""
    os._exit(0)


def leave_with_parent(parent_pid: int | None = None) -> None:
    """End this process at once when its parent changes."""
    parent = parent_pid or os.getppid()

    def watch() -> None:
        while has_parent(parent):
            time.sleep(LOOK_SECONDS)
        leave()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def keep_small() -> None:
    """Make the C library share two heaps among all threads and give freed memory back.

    By itself glibc gives every thread a heap of its own, which stays as large as it ever was. Other libraries have no
    such switch, and need none.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(_ARENA_MAX, 2)
    mallopt(_TRIM_THRESHOLD, 128 * 1024)
