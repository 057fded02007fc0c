"""A worker answers no requests, and carries nothing that only pages need: what it holds, every installation pays."""

from __future__ import annotations

import subprocess
import sys

OTHER_ENGINES = ("celery", "kombu", "redis", "amqp")
PAGES_ONLY = ("flask", "werkzeug", "wtforms", "granian", "PIL", "openpyxl", "alembic", "yaml")
LOAD = """
import sys
from lux import house, worker
house.install()
house.schedules()
house.ticks()
print("\\n".join(sys.modules))
"""


def test_a_worker_loads_nothing_that_only_pages_or_single_jobs_need():
    told = subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True)
    loaded = set(told.stdout.split())
    assert "lux.worker" in loaded
    assert loaded.isdisjoint(PAGES_ONLY)
    assert loaded.isdisjoint(OTHER_ENGINES)


def test_neither_do_pages_load_an_engine_that_does_not_work_here():
    code = "import sys, lux.app; print('\\n'.join(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert set(told.stdout.split()).isdisjoint(OTHER_ENGINES)
