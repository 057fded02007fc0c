"""A worker in a process of its own that can be killed: python -m tests.rooms.contacts.child <url> <home> <rows>."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lux.kit.db import Database
from lux.kit.jobs.worker import Worker
from lux.kit.settings import Settings
from lux.rooms.contacts import jobs
from lux.rooms.contacts.importing import run


def main(url: str, home: str, rows: str) -> None:
    """Run the contacts' jobs in small chunks until somebody ends this process."""
    run.ROWS.update(dict.fromkeys(run.ROWS, int(rows)))
    settings = Settings(home=Path(home), database_url=url)
    Worker(Database.of(settings), settings, jobs.KINDS).start()
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
