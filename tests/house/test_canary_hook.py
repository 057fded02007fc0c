"""A test that lets a secret token into the log fails, whatever else it shows: the hook of tests/conftest.py."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from tests import canaries, conftest


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
