"""What holds back a campaign in its middle: a stop however short, the switch, the sender; asked within a second."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from lux.gate import control, reads, stop, toggles, watch
from lux.gate.jobs import sweep
from lux.gate.models import Delivery
from lux.gate.parties import Consent, Sender
from lux.gate.reads import DeliveryState, OutboundView
from lux.kit.errors import WrongState
from lux.ledger.models import ApprovalAuditLog
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation, installation
from tests.gate.conftest import Told, approved, ready, submitted
from tests.gate.test_smtp import hurry, rows
from tests.gate.test_voided import remove_account

PATIENCE = 20.0  # seconds


@pytest.fixture
def lux(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that may reach mail servers on this machine."""
    values = {"allow_hosts": ("127.0.0.1",), "resume_ramp_minutes": 0}  # the ramp: test_stop_parts.py
    made = installation(migrated_url, tmp_path / "home", is_migrated=True, **values)
    yield made
    made.db.close()


def on_its_way(lux: Installation, server: SmtpServer, *, count: int, pace: str) -> tuple[Firm, int]:
    """Approve a campaign at a pace; returns the firm and the outbound's id."""
    firm = ready(lux, count)
    item = submitted(lux, firm, account=lux.mail_server(firm, server.port, pace=pace))
    approved(lux, firm, item)
    with lux.db.read(firm.id) as session:
        return firm, reads.item_outbound(session, item.id).id


@contextmanager
def working(lux: Installation) -> Iterator[None]:
    """Work through what is due in a thread of its own; ends when nothing is due any more."""
    worker = threading.Thread(target=lux.work)
    worker.start()
    try:
        yield
    finally:
        worker.join(PATIENCE)
        assert not worker.is_alive()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def seen(lux: Installation, firm: Firm, outbound_id: int) -> OutboundView:
    """Return the outbound with its counts."""
    with lux.db.read(firm.id) as session:
        return reads.outbound(session, outbound_id, with_counts=True)


@pytest.mark.parametrize("scope", ["company", "installation"])
def test_a_stop_that_was_over_at_once_still_ends_the_run(
    lux: Installation, told: Told, smtp_server: SmtpServer, scope: str
) -> None:
    """Pressed and resumed between two looks: the epoch has moved on, so the old permit sends nothing more."""
    firm, outbound_id = on_its_way(lux, smtp_server, count=50, pace="20")
    company_id = firm.id if scope == "company" else None
    for _ in range(3):  # the other scope has seen more stops than this one will
        other = None if company_id else firm.id
        press_and_resume(lux, other)
    with working(lux):
        until(lambda: len(smtp_server.messages) >= 3)
        press_and_resume(lux, company_id)
    found = seen(lux, firm, outbound_id)
    assert not found.is_paused
    assert found.counts[DeliveryState.QUEUED] > 10
    assert set(found.counts) == {DeliveryState.QUEUED, DeliveryState.SENT}
    hurry(lux)
    lux.work()
    assert Counter(smtp_server.recipients()) == Counter(row.address for row in rows(lux, firm))


def press_and_resume(lux: Installation, company_id: int | None) -> None:
    """Stop and go on, with no time in between."""
    with lux.db.begin(company_id or 0) as session:
        stop.press(session, company_id=company_id, by=None)
    with lux.db.begin(company_id or 0) as session:
        stop.resume(session, company_id=company_id, by=None, reason="a mistake")


def test_the_switch_turned_off_in_the_middle_holds_the_rest_back(
    lux: Installation, told: Told, smtp_server: SmtpServer
) -> None:
    """Off after three messages: paused with the switch's words; on again and resumed, each gets exactly one."""
    firm, outbound_id = on_its_way(lux, smtp_server, count=60, pace="20")
    with working(lux):
        until(lambda: len(smtp_server.messages) >= 3)
        switch(lux, firm, is_on=False)
    found = seen(lux, firm, outbound_id)
    assert found.is_paused
    assert "channel_email" in found.pause_reason
    assert found.counts[DeliveryState.QUEUED] > 20
    assert told.events[-1] == (("campaign", 1), "paused")
    switch(lux, firm, is_on=True)
    with lux.db.begin(firm.id) as session:
        control.resume(session, firm.person, outbound_id)
    with working(lux):
        until(lambda: len(smtp_server.messages) >= 60)
    assert Counter(smtp_server.recipients()) == Counter(row.address for row in rows(lux, firm))


def switch(lux: Installation, firm: Firm, *, is_on: bool) -> None:
    """Turn the channel on or off as a person does."""
    with lux.db.begin(firm.id) as session:
        toggles.set_toggle(session, firm.person, "channel_email", is_on=is_on, reason="test")


def test_a_sender_revoked_in_the_middle_holds_the_rest_back(
    lux: Installation, told: Told, smtp_server: SmtpServer
) -> None:
    """Messages have left, so the yes stands; the rest waits until the address is proven again."""
    firm, outbound_id = on_its_way(lux, smtp_server, count=60, pace="20")
    with working(lux):
        until(lambda: len(smtp_server.messages) >= 3)
        with lux.db.begin(firm.id) as session:
            session.execute(update(Sender).values(verified_at=None))
    found = seen(lux, firm, outbound_id)
    assert found.is_paused
    assert "news@example.com" in found.pause_reason
    assert found.counts[DeliveryState.QUEUED] > 20


def test_an_account_removed_in_the_middle_holds_the_rest_back(
    lux: Installation, told: Told, smtp_server: SmtpServer
) -> None:
    """What a company has taken away is used no longer, though the run had opened it before."""
    firm, outbound_id = on_its_way(lux, smtp_server, count=60, pace="20")
    with working(lux):
        until(lambda: len(smtp_server.messages) >= 3)
        remove_account(lux, firm)
    found = seen(lux, firm, outbound_id)
    assert (found.is_paused, found.check_failed) == (True, "account")
    assert found.counts[DeliveryState.QUEUED] > 20


def test_pause_and_resume_twenty_times_doubles_nobody(
    lux: Installation, told: Told, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paused and resumed while messages leave, some in between each time: each recipient gets exactly one."""
    monkeypatch.setattr(watch, "FRESH_SECONDS", 0.05)  # so that twenty pauses take seconds
    firm, outbound_id = on_its_way(lux, smtp_server, count=250, pace="150")
    has_ended = threading.Event()

    def work() -> None:
        while not has_ended.is_set():
            lux.work()
            sweep(lux.db)  # as the clock does
            time.sleep(0.01)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        counted = [0]
        for _ in range(20):
            until(lambda: len(smtp_server.messages) > counted[-1])
            with lux.db.begin(firm.id) as session:
                control.pause(session, firm.person, outbound_id)
            until(lambda: DeliveryState.CLAIMED not in seen(lux, firm, outbound_id).counts)
            counted.append(len(smtp_server.messages))
            time.sleep(0.05)
            assert len(smtp_server.messages) == counted[-1]
            with lux.db.begin(firm.id) as session:
                control.resume(session, firm.person, outbound_id)
        assert counted[-1] < 250
        until(lambda: len(smtp_server.messages) >= 250)
    finally:
        has_ended.set()
        worker.join(PATIENCE)
    assert counted == sorted(set(counted))
    assert Counter(smtp_server.recipients()) == Counter(row.address for row in rows(lux, firm))


def test_a_message_that_waits_for_its_turn_is_held_too(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """At a slow pace the next message waits; paused while it does, it does not slip out."""
    firm, outbound_id = on_its_way(lux, smtp_server, count=5, pace="0.25")
    with working(lux):
        until(lambda: len(smtp_server.messages) >= 2)
        with lux.db.begin(firm.id) as session:
            control.pause(session, firm.person, outbound_id)
    assert len(smtp_server.messages) == 2
    assert seen(lux, firm, outbound_id).counts == {DeliveryState.SENT: 2, DeliveryState.QUEUED: 3}


def test_a_cancelled_one_does_not_go_on(lux: Installation, told: Told, smtp_server: SmtpServer) -> None:
    """Resuming what was cancelled while it was paused is refused, and nothing is written down."""
    firm, outbound_id = on_its_way(lux, smtp_server, count=3, pace="")
    with lux.db.begin(firm.id) as session:
        control.pause(session, firm.person, outbound_id)
    with lux.db.begin(firm.id) as session:
        control.cancel(session, firm.person, outbound_id)
    with pytest.raises(WrongState), lux.db.begin(firm.id) as session:
        control.resume(session, firm.person, outbound_id)
    with lux.db.read(firm.id) as session:
        actions = [row.action for row in session.query(ApprovalAuditLog).order_by(ApprovalAuditLog.seq)]
    assert actions[-1] == "approval.cancelled"
    assert not seen(lux, firm, outbound_id).is_paused


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_thousands_without_consent_are_skipped_one_batch_after_the_other(
    lux: Installation, told: Told, smtp_server: SmtpServer
) -> None:
    """At a slow pace a batch is one recipient: skipping many batches in a row ends like skipping one."""
    firm, outbound_id = on_its_way(lux, smtp_server, count=500, pace="0.1")
    smtp_server.pause()
    lux.work()  # writes them down; the server is away
    with lux.db.begin(firm.id) as session:
        session.execute(delete(Consent))
    smtp_server.resume()
    hurry(lux)
    lux.work()
    assert seen(lux, firm, outbound_id).counts == {DeliveryState.SKIPPED: 500}
    with lux.db.read(firm.id) as session:
        assert {row.error for row in session.query(Delivery)} == {"no_consent"}


def test_a_later_stop_does_not_weaken_the_one_that_stands(lux_sqlite: Installation) -> None:
    """`lux stop --all` holds system mails too, also after somebody presses the button once more."""
    with lux_sqlite.db.begin(0) as session:
        stop.press(session, company_id=None, by=None, includes_system=True)
        stop.press(session, company_id=None, by=None)
        assert [one.includes_system for one in stop.active(session, None)] == [True]
        stop.resume(session, company_id=None, by=None, reason="over")
        stop.press(session, company_id=None, by=None)
        assert [one.includes_system for one in stop.active(session, None)] == [False]
