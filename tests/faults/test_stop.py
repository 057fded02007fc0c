"""The emergency stop in the middle of a campaign: nothing after two seconds, nothing lost, nothing doubled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lux.cli import control
from lux.gate import stop
from tests.factories import Installation, installation
from tests.faults.server import RunningServer
from tests.faults.test_kill import approved_campaign, by_state, ended
from tests.services import run
from tests.services.smtp_sink import SmtpSink

PACE = 150  # messages per second
COUNT = 900
BOUND = 2.0  # seconds


@pytest.fixture
def paced(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that sends slowly enough to be stopped in the middle."""
    made = installation(migrated_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",), mail_pace=PACE)
    yield made
    made.db.close()


@pytest.mark.faults
@pytest.mark.parametrize("way", ["command", pytest.param("file", marks=pytest.mark.slow)])
def test_nothing_leaves_two_seconds_after_a_stop(
    paced: Installation, start_smtp_sink: Callable[..., SmtpSink], tmp_path: Path, way: str
) -> None:
    """Stopped by the command or by the file STOP, on a real server; resumed, it finishes with one message each."""
    sink = start_smtp_sink()
    firm, outbound_id = approved_campaign(paced, COUNT, sink.port)
    server = RunningServer(paced.settings, tmp_path / "server.log")
    server.start(wait=False)
    try:
        run.wait(lambda: sink.count() >= COUNT // 5, seconds=90)
        press(paced, way)
        pressed = time.time()
        time.sleep(BOUND + 2.0)
        late = [moment - pressed for moment in sink.times() if moment > pressed + BOUND]
        at_rest = sink.count()
        time.sleep(1.0)
        assert late == []
        assert sink.count() == at_rest < COUNT
        resume(paced, way)
        run.wait(lambda: ended(paced, firm, outbound_id), seconds=90)
    finally:
        server.stop()
    counts, states = by_state(paced, firm, outbound_id)
    assert counts == Counter(sent=COUNT)
    assert Counter(sink.recipients()) == Counter(dict.fromkeys(states, 1))


def press(lux: Installation, way: str) -> None:
    """Stop the installation."""
    if way == "file":
        (lux.settings.home / stop.STOP_FILE).touch()
    else:
        control.stop(lux.settings, None, includes_system=False, reason="test")


def resume(lux: Installation, way: str) -> None:
    """End the stop."""
    if way == "file":
        (lux.settings.home / stop.STOP_FILE).unlink()
    else:
        control.resume(lux.settings, None, reason="the test goes on")
