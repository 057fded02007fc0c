"""Rotates keys in a process of its own and dies by kill -9 at a named step; started by test_killed.py.

Reads one JSON line per attempt from standard input and answers how it ended. Each attempt is a fork, so that Python
and LUX are loaded once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from lux import house
from lux.kit.db import Database
from lux.kit.settings import Settings
from lux.ledger.audit import SYSTEM
from lux.vault import rekeying, rotation

rotation.CHUNK = rekeying.CHUNK = 1  # type: ignore[misc]


def attempt(url: str, home: str, what: str, die_at: str) -> None:
    """Rotate, and die at the step `name` or `name:2` (its second time); "" = live on."""
    settings = Settings(home=Path(home), database_url=url)
    db, seen = Database.of(settings), dict[str, int]()

    def step(name: str) -> None:
        seen[name] = seen.get(name, 0) + 1
        if die_at in {name, f"{name}:{seen[name]}"}:
            os.kill(os.getpid(), signal.SIGKILL)

    if what == "master":
        rotation.rotate_master(settings, db, step=step)
    else:
        rekeying.rotate(settings, db, int(what), actor=SYSTEM, step=step)
    db.close()


def main() -> None:
    """Answer line by line."""
    house.job_kinds()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            attempt(*json.loads(line))
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        print(status, flush=True)


if __name__ == "__main__":
    main()
