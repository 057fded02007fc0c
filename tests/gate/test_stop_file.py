"""The file STOP leaves its traces: pressed and resumed stand in the installation's chain, and its end is an end."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lux.cli import control
from lux.gate import reads, stop
from lux.gate.models import Outbound
from lux.gate.reads import DeliveryState, ItemState
from lux.gate.stop import noticing, ramp
from lux.gate.stop.file import is_stop_file_there, reason_of
from lux.gate.stop.watching import StopWatch
from lux.kit import clock
from lux.ledger import audit
from lux.ledger.audit import checks
from lux.ledger.models import ApprovalAuditLog
from tests.emulators.smtp import SmtpServer
from tests.factories import Installation, installation
from tests.gate.conftest import Told, approved, listening, ready, submitted
from tests.gate.test_halts import on_its_way, seen, until, working
from tests.gate.test_sending import states
from tests.gate.test_smtp import hurry, rows


def noted(lux: Installation) -> list[str]:
    """Return what the installation's chain holds of the file, in its order."""
    with lux.db.read(0) as session:
        query = select(ApprovalAuditLog).where(
            ApprovalAuditLog.company_id == audit.INSTALLATION, ApprovalAuditLog.object_id == "file"
        )
        rows = session.scalars(query.order_by(ApprovalAuditLog.seq)).all()
        assert {(row.actor_type, row.actor_id, row.object_type) for row in rows} <= {("operator", None, "stop")}
        return [row.action for row in rows]


def test_each_coming_and_going_stands_once_in_the_chain(lux: Installation) -> None:
    """Several clocks look at the same moment, and again: one row each time, and the chain holds."""
    file = lux.settings.home / stop.STOP_FILE
    expected: list[str] = []
    for is_there in (True, False, True, False):
        if is_there:
            file.write_text("by hand")
        else:
            file.unlink()
        clocks = [threading.Thread(target=noticing.tick, args=(lux.db,)) for _ in range(4)]
        for one in clocks:
            one.start()
        for one in clocks:
            one.join()
        noticing.tick(lux.db)
        expected.append("stop.pressed" if is_there else "stop.resumed")
        assert noted(lux) == expected
    assert checks.verify_all(lux.db, lux.settings, audit.INSTALLATION).holds


def test_its_end_is_an_end_like_any_other(lux: Installation, told: Told) -> None:
    """Until it is noticed nothing leaves; what missed its window goes back; the pace grows from a tenth."""
    firm = ready(lux, 2)
    late, timely = submitted(lux, firm), submitted(lux, firm, subject="Another")
    file = lux.settings.home / stop.STOP_FILE
    file.touch()
    noticing.tick(lux.db)
    for item in (late, timely):
        approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        past = clock.now() - dt.timedelta(hours=25)
        session.execute(update(Outbound).where(Outbound.item_id == late.id).values(due_at=past))
    with lux.db.read(firm.id) as session:
        found = stop.active(session, firm.id)
        assert [(one.scope, one.since is None, one.reason) for one in found] == [
            ("file", False, "The file STOP is in the data folder.")
        ]
    file.unlink()
    assert StopWatch(lux.db, firm.id).is_stopped(), "gone, and nobody has noticed it"
    lux.work()
    assert states(lux, firm.id) == Counter()
    with lux.db.read(firm.id) as session:
        assert stop.active(session, firm.id)[0].reason == "The file STOP is gone: the stop ends within seconds."
    noticing.tick(lux.db)
    with lux.db.read(firm.id) as session:
        assert stop.active(session, firm.id) == []
        assert reads.item(session, late.public_id).state is ItemState.PENDING
        assert reads.item(session, timely.public_id).state is ItemState.APPROVED
    watch = StopWatch(lux.db, firm.id)
    assert not watch.is_stopped()
    assert 0 < ramp.limit(watch.resumed, clock.now(), pace=50, minutes=10) <= 6
    system = StopWatch(lux.db, firm.id, is_system=True)
    assert (system.is_stopped(), system.resumed) == (False, None)


def test_a_folder_that_can_not_be_looked_into_counts_as_stopped(tmp_path: Path) -> None:
    """No folder, a file in its place, a link that leads nowhere; an empty folder does not stop."""
    home = tmp_path / "home"
    assert is_stop_file_there(home)
    assert "can't be read" in reason_of(home)
    home.write_text("a file")
    assert is_stop_file_there(home)
    assert "can't be read" in reason_of(home)
    home.unlink()
    home.mkdir()
    assert not is_stop_file_there(home)
    (home / stop.STOP_FILE).symlink_to("nowhere")
    assert is_stop_file_there(home)
    assert "in the data folder" in reason_of(home)


@pytest.fixture
def near(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that may reach a mail server on this machine, on SQLite; it is at its pace at once."""
    values = {"allow_hosts": ("127.0.0.1",), "resume_ramp_minutes": 0}
    made = installation(migrated_sqlite_url, tmp_path / "home", is_migrated=True, **values)
    yield made
    made.db.close()


@pytest.fixture
def told_near(near: Installation) -> Iterator[Told]:
    """Install the tested audience beside it."""
    assert near is not None
    yield from listening()


@pytest.mark.parametrize("way", ["command", "file"])
def test_a_run_is_ended_in_its_middle_by_command_and_by_file(
    near: Installation, told_near: Told, smtp_server: SmtpServer, way: str
) -> None:
    """`lux stop` and the file: nothing new after two seconds, and after the end one message for each.

    Over processes of their own, with a real mail server: tests/faults/test_stop.py.
    """
    firm, outbound_id = on_its_way(near, smtp_server, count=60, pace="30")
    file = near.settings.home / stop.STOP_FILE
    with working(near):
        until(lambda: len(smtp_server.messages) >= 3)
        if way == "file":
            file.touch()
        else:
            control.stop(near.settings, None, includes_system=False, reason="test")
        pressed = time.monotonic()
    assert time.monotonic() - pressed < 2.0
    noticing.tick(near.db)
    at_rest = len(smtp_server.messages)
    assert at_rest < 60
    assert set(seen(near, firm, outbound_id).counts) == {DeliveryState.SENT, DeliveryState.QUEUED}
    hurry(near)
    near.work()
    assert len(smtp_server.messages) == at_rest
    if way == "file":
        file.unlink()
        noticing.tick(near.db)
    else:
        control.resume(near.settings, None, reason="the test goes on")
    hurry(near)
    near.work()
    assert Counter(smtp_server.recipients()) == Counter(row.address for row in rows(near, firm))
    assert seen(near, firm, outbound_id).counts == {DeliveryState.SENT: 60}
