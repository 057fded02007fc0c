"""kill -9 in the middle of a campaign: nobody is missing, nobody is doubled beyond what was in flight, all listed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lux.gate.models import Delivery, Outbound
from lux.gate.reads import OutboundState
from tests.factories import Firm, Installation, installation
from tests.faults.server import RunningServer
from tests.gate.conftest import act
from tests.services import run
from tests.services.smtp_sink import SmtpSink

PACE = 400  # messages per second, so that kills fall into the middle


@pytest.fixture
def fast(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that may reach a mail server on this machine."""
    made = installation(migrated_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",), mail_pace=PACE)
    yield made
    made.db.close()


def approved_campaign(lux: Installation, count: int, port: int) -> tuple[Firm, int]:
    """Make a campaign to everyone of a company with a yes; returns the firm and the outbound's id."""
    from lux.gate import reads, submit
    from lux.gate.service import ApprovalService
    from lux.ports.acts import AudienceRef

    firm = lux.firm()
    lux.contacts(firm, count)
    lux.sender(firm)
    lux.switch_on(firm)
    account = lux.mail_server(firm, port)
    everyone = AudienceRef(source="everyone", key="", label="Everyone")
    with lux.db.begin(firm.id) as session:
        outbound = submit.submit_for_approval(
            session, act(firm, account=account, audience=everyone), author=firm.person, title="Hello",
            subject=("campaign", 1),
        )  # fmt: skip
        outbound_id = outbound.id
    with lux.db.begin(firm.id) as session:
        item = reads.outbound(session, outbound_id).item
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)
    return firm, outbound_id


def ended(lux: Installation, firm: Firm, outbound_id: int) -> bool:
    """Say whether the outbound has ended."""
    with lux.db.read(firm.id) as session:
        state = session.scalar(select(Outbound.state).where(Outbound.id == outbound_id))
    return state in {OutboundState.DONE, OutboundState.UNKNOWN, OutboundState.FAILED}


def by_state(lux: Installation, firm: Firm, outbound_id: int) -> tuple[Counter[str], dict[str, str]]:
    """Return how many deliveries are in which state, and the state of each address."""
    with lux.db.read(firm.id) as session:
        rows = session.execute(
            select(Delivery.address, Delivery.state).where(Delivery.outbound_id == outbound_id)
        ).all()
        doubles = session.scalar(
            select(func.count()).select_from(
                select(Delivery.address_key).group_by(Delivery.address_key).having(func.count() > 1).subquery()
            )
        )
    assert doubles == 0
    return Counter(state.value for _, state in rows), {address: state.value for address, state in rows}


def killed_again_and_again(
    lux: Installation, sink: SmtpSink, tmp_path: Path, *, count: int, kills: int, seed: int
) -> None:
    """Kill the whole server at random moments of one campaign, start it again, compare both records."""
    chance = random.Random(seed)
    firm, outbound_id = approved_campaign(lux, count, sink.port)
    server = RunningServer(lux.settings, tmp_path / "server.log")
    step = count // (kills + 1)
    try:
        for number in range(1, kills + 1):
            server.start(wait=False)
            target = step * number + chance.randrange(max(1, step // 2))
            run.wait(lambda target=target: sink.count() >= target or ended(lux, firm, outbound_id), seconds=90)
            time.sleep(chance.random() * 0.2)
            server.kill()
        server.start()
        run.wait(lambda: ended(lux, firm, outbound_id), seconds=120)
    finally:
        server.stop()
    counts, states = by_state(lux, firm, outbound_id)
    got = Counter(sink.recipients())
    unknown = {address for address, state in states.items() if state == "unknown"}
    doubled = {address for address, times in got.items() if times > 1}
    missing = {address for address, state in states.items() if state == "sent" and address not in got}
    assert len(states) == count
    assert set(counts) <= {"sent", "unknown"}
    assert missing == set()
    assert doubled == set()
    assert len(unknown) <= kills  # one connection: at most one message in flight at each kill
    assert {a for a in states if a not in got} <= unknown


@pytest.mark.faults
def test_kill_in_the_middle(fast: Installation, start_smtp_sink: Callable[..., SmtpSink], tmp_path: Path) -> None:
    """Two kills of a campaign of 600, on each database."""
    killed_again_and_again(fast, start_smtp_sink(), tmp_path, count=600, kills=2, seed=7)


@pytest.mark.faults
@pytest.mark.slow
def test_ten_kills_of_five_thousand(
    fast: Installation, start_smtp_sink: Callable[..., SmtpSink], tmp_path: Path
) -> None:
    """Ten kills at random moments of a campaign of 5,000, on each database."""
    killed_again_and_again(fast, start_smtp_sink(), tmp_path, count=5_000, kills=10, seed=11)


@pytest.mark.faults
def test_children_end_with_a_killed_parent(
    fast: Installation, start_smtp_sink: Callable[..., SmtpSink], tmp_path: Path
) -> None:
    """When only the supervising process is killed, pages and worker end too, and the port is free again."""
    server = RunningServer(fast.settings, tmp_path / "server.log")
    server.start()
    server.kill_only_the_parent()
    run.wait(lambda: not run.answers(server.port), seconds=15)
    assert start_smtp_sink is not None
