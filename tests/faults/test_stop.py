"""The emergency stop in the middle of a campaign: nothing after two seconds, nothing lost, nothing doubled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples.browser import Browser
from lux.cli import control
from lux.gate import stop
from tests.factories import PASSWORD, Firm, Installation, installation
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


class Command:
    """`lux stop`: the whole installation."""

    def __init__(self, lux: Installation, _firm: Firm, _server: RunningServer) -> None:
        self._settings = lux.settings

    def press(self) -> None:
        control.stop(self._settings, None, includes_system=False, reason="test")

    def resume(self) -> None:
        control.resume(self._settings, None, reason="the test goes on")


class File:
    """The file STOP in the data folder: the whole installation."""

    def __init__(self, lux: Installation, _firm: Firm, _server: RunningServer) -> None:
        self._path = lux.settings.home / stop.STOP_FILE

    def press(self) -> None:
        self._path.touch()

    def resume(self) -> None:
        self._path.unlink()


class Button:
    """The button on the server's own page: the person's company."""

    def __init__(self, _lux: Installation, firm: Firm, server: RunningServer) -> None:
        self._browser = Browser(server.url)
        form = self._browser.open("/sign-in").form(has="password")
        self._browser.submit(form.fill(email=firm.person.email, password=PASSWORD))
        self._form = self._browser.open("/approvals/stop").form("/approvals/stop", has="scope")

    def press(self) -> None:
        self._browser.submit(self._form)

    def resume(self) -> None:
        form = self._browser.open("/approvals/stop").form("/approvals/stop/resume")
        self._browser.submit(form.fill(confirmation="resume", reason="the test goes on"))


@pytest.mark.faults
@pytest.mark.parametrize("way", [Button, Command, pytest.param(File, marks=pytest.mark.slow)])
def test_nothing_leaves_two_seconds_after_a_stop(
    paced: Installation,
    start_smtp_sink: Callable[..., SmtpSink],
    tmp_path: Path,
    way: type[Button | Command | File],
) -> None:
    """Stopped on a real server, by its page, the command or the file; resumed, it finishes with one message each."""
    sink = start_smtp_sink()
    firm, outbound_id = approved_campaign(paced, COUNT, sink.port)
    server = RunningServer(paced.settings, tmp_path / "server.log")
    server.start()
    try:
        hand = way(paced, firm, server)
        run.wait(lambda: sink.count() >= COUNT // 5, seconds=90)
        hand.press()
        pressed = time.time()
        time.sleep(BOUND + 1.5)
        at_rest = sink.count()
        assert [moment - pressed for moment in sink.times() if moment > pressed + BOUND] == []
        assert at_rest < COUNT
        hand.resume()
        run.wait(lambda: ended(paced, firm, outbound_id), seconds=90)
    finally:
        server.stop()
    counts, states = by_state(paced, firm, outbound_id)
    assert counts == Counter(sent=COUNT)
    assert Counter(sink.recipients()) == Counter(dict.fromkeys(states, 1))
