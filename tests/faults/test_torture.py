"""LUX fails at named points and loses nothing: a handful a day in CI, every point and every fault on demand."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.faults import torture
from tests.faults.judge import Row

# Each day has its group, so that all of them come round and a day's run can be repeated.
GROUPS = (
    ("kill.send.claim:committed", "kill.send.recover:commit", "mail.drip"),
    ("kill.journal.leaving:return", "kill.import.chunk:commit", "mail.taken-then-reset"),
    ("kill.smtp.read:return", "kill.track.click:committed", "database.send.outcomes:committed"),
    ("kill.journal.answered:call", "kill.import.end:call", "disk.journal.leaving:call"),
    ("kill.send.write-down:committed", "kill.job.end:commit", "mail.taken-then-silent"),
    ("kill.send.outcomes:commit", "kill.track.open:commit", "disk.full"),
    ("kill.smtp.write:return", "kill.import.chunk:committed", "stop.killed"),
)
PATIENCE = 3.0  # other tests run beside
SMALL = 80  # messages of a campaign, rows of a file


def broken(rows: list[Row]) -> list[tuple[str, list[str]]]:
    """Return what was promised and not kept."""
    return [(row.point, row.violations) for row in rows if row.violations]


@pytest.mark.faults
def test_the_drills_of_the_day():
    group = GROUPS[dt.datetime.now(dt.UTC).toordinal() % len(GROUPS)]
    rows = list(torture.drills(group, SMALL, "sqlite", seed=1, patience=PATIENCE, tell=torture.print_row))
    assert [row.point for row in rows] == [case.name for case in torture.CASES if case.name in group]
    assert broken(rows) == []


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_every_drill(database):
    assert broken(list(torture.drills(["all"], 300, database, seed=1, patience=PATIENCE, tell=torture.print_row))) == []
