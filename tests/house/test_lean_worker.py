"""A worker answers no requests, and carries nothing that only pages need: what it holds, every installation pays."""

from __future__ import annotations

import subprocess
import sys

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
