"""All drills: a kill at every point, other ways to fail at some, and faults of mail server, database, disk and clock."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import paths
from tests.faults.judge import Row
from tests.faults.points import BY_NAME, POINTS, Point
from tests.faults.stage import Stage, Step

BOTH = ("sqlite", "postgres")
REQUESTS = 8  # of each kind, where people open and click
KILLED = 15.0  # seconds until work goes on after kill -9
Run = Callable[[Stage, Row, random.Random], None]


@dataclass(frozen=True)
class Setting:
    """What a stage has that another has not."""

    name: str = "plain"

    def values(self, _folder: Path) -> dict[str, Any]:
        """Return it as arguments of a stage."""
        return {"clock": {"has_clock": True}}.get(self.name, {})


PLAIN = Setting()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One drill."""

    name: str
    fault: str
    run: Run
    databases: tuple[str, ...] = BOTH
    recovery: float | None = KILLED
    setting: Setting = PLAIN
    is_tracking: bool = False

    def size(self, messages: int) -> int:
        """Return how many messages, rows or requests it is about."""
        return REQUESTS if self.is_tracking else messages


def at(point: Point, action: str, *, may_be_unknown: int = 1, before: str = "") -> Run:
    """Return what fails in one way at one point."""

    def drill(stage: Stage, row: Row, chance: random.Random) -> None:
        nth = {"message": chance.randint(2, max(2, row.n // 2)), "window": chance.randint(1, 3), "once": 1}[point.often]
        steps = [Step(point=point.name, nth=nth, action=action)]
        if point.path == "recover":
            steps.insert(0, Step(point="smtp.read:return", nth=chance.randint(20, 60)))
        if point.path == "import":
            paths.bring_in(stage, row, *steps)
        elif point.path == "track":
            paths.track(stage, row, *steps)
        elif point.path == "cron":
            paths.cron(stage, row, *steps)
        else:
            paths.send(stage, row, *steps, may_be_unknown=may_be_unknown)

    return drill


KILLS = tuple(
    Case(name=f"kill.{point.name}", fault="kill -9", run=at(point, "kill"), is_tracking=point.path == "track")
    for point in POINTS
)

# Other ways to fail, where they could do harm of their own.
_OTHERS = (
    ("send.claim:commit", ("raise", "database", "delay")),
    ("send.leave:committed", ("raise",)),
    ("send.outcomes:commit", ("raise", "database", "disk")),
    ("send.outcomes:committed", ("raise", "database")),
    ("send.close:commit", ("database",)),
    ("smtp.connect:call", ("raise", "disk")),
    ("smtp.write:call", ("raise", "disk")),
    ("smtp.write:return", ("raise",)),
    ("smtp.read:return", ("raise", "delay")),
    ("journal.leaving:call", ("disk", "raise")),
    ("journal.leaving:return", ("raise",)),
    ("journal.answered:call", ("disk", "raise")),
    ("journal.answered:return", ("raise",)),
    ("journal.close:call", ("disk",)),
    ("job.claim:commit", ("database",)),
    ("job.renew:commit", ("database",)),
    ("job.end:commit", ("database",)),
    ("job.lead:commit", ("database",)),
    ("import.chunk:commit", ("database", "disk", "raise")),
    ("import.chunk:committed", ("database",)),
    ("import.end:return", ("raise",)),
    ("track.open:commit", ("database",)),
    ("track.click:commit", ("database",)),
)
FAILURES = tuple(
    Case(
        name=f"{action}.{name}", fault=action, run=at(BY_NAME[name], action), recovery=60.0,
        is_tracking=BY_NAME[name].path == "track",
    )
    for name, actions in _OTHERS
    for action in actions
)  # fmt: skip
CASES: tuple[Case, ...] = (*KILLS, *FAILURES)
