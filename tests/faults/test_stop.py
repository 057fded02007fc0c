"""The emergency stop in the middle of a campaign: nothing after two seconds, nothing lost, nothing doubled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from examples.browser import Browser
from lux.cli import control
from lux.gate import reads, stop, submit
from lux.gate.models import Delivery
from lux.gate.reads import DeliveryState
from lux.gate.service import ApprovalService
from lux.gate.stop import scopes, wire
from lux.kit.jobs.models import Job, JobState
from lux.ports.acts import AudienceRef
from tests.factories import PASSWORD, Firm, Installation, installation
from tests.faults.server import RunningServer, RunningWorker
from tests.faults.test_kill import approved_campaign, by_state, ended
from tests.gate.conftest import act
from tests.services import run
from tests.services.smtp_sink import SmtpSink

PACE = 150  # messages per second
COUNT = 900
BOUND = 2.0  # seconds


@pytest.fixture
def paced(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that sends slowly enough to be stopped in the middle."""
    values = {"allow_hosts": ("127.0.0.1",), "mail_pace": PACE, "resume_ramp_minutes": 0}
    made = installation(migrated_url, tmp_path / "home", is_migrated=True, **values)
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
@pytest.mark.parametrize("way", [Button, *(pytest.param(one, marks=pytest.mark.slow) for one in (Command, File))])
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


WORKERS = 4


def campaigns(lux: Installation, count: int, port: int) -> tuple[Firm, list[int]]:
    """Approve as many campaigns of one company as there are workers; returns the firm and the outbounds."""
    firm, first = approved_campaign(lux, count, port)
    with lux.db.read(firm.id) as session:
        account = reads.outbound(session, first).item.body["account"]
    everyone, ids = AudienceRef(source="everyone", key="", label="Everyone"), [first]
    for number in range(2, WORKERS + 1):
        mail = act(firm, account=account, audience=everyone, subject=f"Letter {number}")
        with lux.db.begin(firm.id) as session:
            outbound = submit.submit_for_approval(
                session, mail, author=firm.person, title=f"Letter {number}", subject=("campaign", number)
            )
            ids.append(outbound.id)
            item = reads.outbound(session, outbound.id).item
            ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)
    return firm, ids


def at_work(lux: Installation) -> int:
    """Return how many different workers are sending."""
    with lux.db.read(0) as session:
        query = select(func.count(Job.leased_by.distinct())).where(
            Job.kind == "gate.send", Job.state == JobState.RUNNING
        )
        return session.scalar(query) or 0


@pytest.mark.faults
@pytest.mark.parametrize(("count", "pace"), [(120, 25), pytest.param(3000, 300, marks=pytest.mark.slow)])
def test_four_workers_stop_within_two_seconds(
    migrated_url: str, start_smtp_sink: Callable[..., SmtpSink], tmp_path: Path, count: int, pace: int
) -> None:
    """Four processes, a campaign each: still within the bound, all told, killed and started again, nothing doubled."""
    values = {"allow_hosts": ("127.0.0.1",), "mail_pace": pace, "resume_ramp_minutes": 0}
    lux = installation(migrated_url, tmp_path / "home", is_migrated=True, **values)
    sink = start_smtp_sink()
    firm, ids = campaigns(lux, count, sink.port)
    workers = [RunningWorker(lux.settings, tmp_path / f"worker{number}.log") for number in range(WORKERS)]
    try:
        for worker in workers:
            worker.start()
        assert run.wait(lambda: at_work(lux) == WORKERS and sink.count() >= count // 2, seconds=90)
        scope = scopes.of_company(firm.id)
        with lux.db.begin(firm.id) as session:
            stop.press(session, scope=scope, by=firm.person)
        pressed = time.time()
        time.sleep(BOUND + 1.5)
        at_rest = sink.count()
        assert [moment - pressed for moment in sink.times() if moment > pressed + BOUND] == []
        assert at_rest < WORKERS * count
        with lux.db.read(firm.id) as session:
            query = select(func.count()).where(Delivery.state == DeliveryState.CLAIMED)
            assert session.scalar(query) == 0  # long before the fifteen seconds
            since = stop.active(session, firm.id)[0].since
            assert since is not None
            found, total = wire.on_the_wire(session, scope, since, limit=10_000)
            listed = {(one.title, one.address) for one in found}
            assert total == len(found)
        assert len(listed) >= sum(moment > pressed for moment in sink.times())
        for worker in workers:
            worker.kill()
        workers[0].start()  # one is enough to send what it may not
        time.sleep(BOUND)
        assert sink.count() == at_rest  # a restart ends no stop
        with lux.db.begin(firm.id) as session:
            stop.resume(session, scope=scope, by=firm.person, reason="the test goes on")
        assert run.wait(lambda: all(ended(lux, firm, one) for one in ids), seconds=120)
    finally:
        for worker in workers:
            worker.stop()
        lux.db.close()
    got = Counter((one.recipients[0], str(one.message["Subject"]).partition(" ")[0]) for one in sink.messages())
    assert sum(got.values()) == WORKERS * count
    assert max(Counter(address for one in sink.messages() for address in one.recipients).values()) == WORKERS
