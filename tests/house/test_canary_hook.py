"""A test that lets a secret token into the log fails, whatever else it shows: the hook of tests/conftest.py."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from sqlalchemy import text

from lux.kit import jobs
from tests import canaries, conftest
from tests.factories import Installation


class Report:
    """What pytest would report of a test that passed."""

    passed = True
    outcome = "passed"
    longrepr = ""

    def __init__(self, said: str) -> None:
        """Keep what the test has said."""
        self.sections = [("Captured stderr call", said)]


def reported(said: str) -> str:
    """Return the outcome after the hook has looked."""
    call: Any = type("Call", (), {"when": "call"})()
    hook, report = conftest.pytest_runtest_makereport(call), Report(said)
    next(hook)
    with contextlib.suppress(StopIteration):
        hook.send(report)  # type: ignore[arg-type]
    return report.outcome


def test_a_token_in_what_was_said_fails_the_test() -> None:
    """Long tokens are secrets; short ones name files."""
    long, short = secrets.token_urlsafe(32), secrets.token_urlsafe(12)
    assert long in canaries.made()
    assert short not in canaries.made()
    assert reported(f"GET /reset/{long}") == "failed"
    assert reported(f"made {short}") == "passed"


def test_a_secret_that_stands_where_somebody_reads_it_later_is_found(lux_sqlite: Installation) -> None:
    """What the fixtures look at when a test is over: clean by itself, and not with a token in a job."""
    assert canaries.left_in(lux_sqlite) == []
    token = secrets.token_urlsafe(32)
    with lux_sqlite.db.begin(0) as session:
        jobs.enqueue(session, "gate.expire", {"link": f"/reset/{token}"})
    assert canaries.left_in(lux_sqlite) == [f"job: …{token[-4:]}"]
    with lux_sqlite.db.begin(0) as session:
        session.execute(text("DELETE FROM job"))
