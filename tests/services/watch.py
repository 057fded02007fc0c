"""The parent of one test server: ends it when the run ends or its owner is gone.

Usage: watch.py FOLDER OWNER_PID NAME USER COMMAND…
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def alive(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(folder: Path, owner: int, name: str, user: str, command: list[str]) -> int:
    """Run the server until it is time to end it; SIGINT is the fast, clean end for all of them."""
    mark = folder / f"{name}.watcher"
    mark.write_text(str(os.getpid()))
    server = subprocess.Popen(command, user=user or None, group=None, cwd="/", umask=0o077)
    try:
        while server.poll() is None:
            if (folder / "stop").exists() or not folder.exists() or not alive(owner):
                server.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
                try:
                    server.wait(10)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()
            time.sleep(0.2)
    finally:
        mark.unlink(missing_ok=True)
        if not alive(owner):  # a run that was killed leaves nothing behind either
            shutil.rmtree(folder, ignore_errors=True)
    return server.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]))
