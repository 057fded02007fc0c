"""A child process that ends when its parent is gone, also when the parent was killed."""

from __future__ import annotations

import os
import threading
import time

LOOK_SECONDS = 0.5


def leave_with_parent(parent_pid: int | None = None) -> None:
    """End this process at once when its parent changes."""
    parent = parent_pid or os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
