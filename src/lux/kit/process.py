"""A child process that ends when its parent is gone, also when the parent was killed."""

from __future__ import annotations

import os
import threading
import time

LOOK_SECONDS = 0.5


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
