"""All drills: a kill at every point, other ways to fail at some, and faults of what surrounds LUX."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import paths, surroundings
from tests.faults.judge import Row
from tests.faults.points import BY_NAME, POINTS, Point
from tests.faults.stage import Stage, Step
from tests.services.tls import Authority

BOTH = ("sqlite", "postgres")
REQUESTS = 8  # of each kind, where people open and click
KILLED = 15.0  # seconds until work goes on after kill -9
Run = Callable[[Stage, Row, random.Random], None]


@dataclass(frozen=True)
class Setting:
    """What a stage has that another has not."""

    name: str = "plain"

    def values(self, folder: Path) -> dict[str, Any]:
        """Return it as arguments of a stage."""
        if self.name == "clock":
            return {"has_clock": True}
        if self.name == "tls":
            authority = Authority(folder)
            return {"tls": "starttls", "context": authority.context(), "ca_file": str(authority.ca_file)}
        return {}


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
        if point.path == "long":
            steps.insert(0, Step(point="smtp.read:return", nth=chance.randint(20, 60), action="delay"))
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

REFUSED_LATER, REFUSED = "451 4.3.0 try again later", "554 5.7.1 no"
SURROUNDINGS = (
    Case(name="mail.4xx", fault="4xx", run=surroundings.replies(REFUSED_LATER, times=5), recovery=None),
    Case(name="mail.5xx", fault="5xx", run=surroundings.replies(REFUSED, times=2, may_fail=2), recovery=None),
    Case(
        name="mail.silent", fault="timeout", recovery=None,
        run=surroundings.mail_server("silent", times=2, unknown=2),
    ),
    Case(
        name="mail.taken-then-silent", fault="timeout", recovery=None,
        run=surroundings.mail_server("taken then silent", times=2, unknown=2),
    ),
    Case(
        name="mail.taken-then-reset", fault="reset", recovery=None,
        run=surroundings.mail_server("taken then reset", times=3, unknown=3),
    ),
    Case(name="mail.drip", fault="drip", run=surroundings.mail_server("drip", times=5, unknown=0), recovery=None),
    Case(name="mail.tls", fault="TLS", run=surroundings.broken_tls, recovery=None, setting=Setting("tls")),
    Case(name="mail.gone", fault="stopped", run=surroundings.gone, recovery=30.0),
    *(
        Case(
            name=f"{'frozen' if alone else 'fenced'}.{point}", fault="SIGSTOP", recovery=40.0,
            run=surroundings.frozen(point, with_another=not alone),
        )
        for alone, points in (
            (True, ("smtp.write:return",)),
            (False, (
                "send.claim:committed", "send.leave:committed", "journal.leaving:call", "journal.leaving:return",
                "smtp.read:return", "send.outcomes:commit",
            )),
        )
        for point in points
    ),
    *(
        Case(name=f"database.{name}", fault=name, run=drill, databases=("postgres",), recovery=30.0)
        for name, drill in (
            ("restart", surroundings.database_restarts),
            ("read-only", surroundings.database_setting("default_transaction_read_only", "on")),
            ("locked", surroundings.lock_timeouts),
            ("deadlock", surroundings.deadlocks),
        )
    ),
    Case(
        name="database.locked", fault="locked", recovery=30.0, databases=("sqlite",),
        run=surroundings.sqlite_is_locked,
    ),
    Case(name="disk.full", fault="full", run=surroundings.disk_is_full, databases=("sqlite",), recovery=30.0),
    Case(
        name="clock.forward", fault="+1 h", run=surroundings.clock_jumps(3600), recovery=30.0, setting=Setting("clock")
    ),
    Case(name="clock.back", fault="-1 h", run=surroundings.clock_jumps(-3600), recovery=30.0, setting=Setting("clock")),
    Case(name="pages.killed-again", fault="kill -9", run=surroundings.pages_are_killed_again, recovery=KILLED),
    Case(name="stop.killed", fault="stop", run=surroundings.stopped_and_killed, recovery=KILLED),
)  # fmt: skip
CASES: tuple[Case, ...] = (*KILLS, *FAILURES, *SURROUNDINGS)
