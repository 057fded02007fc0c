"""A message in a connector's hand when the stop comes: it waits like all others, and leaves once when the stop ends."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lux.gate import reads, stop
from lux.gate.models import Delivery
from lux.gate.states import CallState, DeliveryState, OutboundState
from lux.gate.stop import scopes, wire
from lux.net import lookup
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation, installation
from tests.gate.conftest import Told, approved, ready, submitted
from tests.gate.test_webhooks import Desk, desk, receiver

__all__ = ["desk", "receiver"]  # fixtures

SOON = 4.0  # seconds until a stop is heard: a second until it is read, the rest for a busy machine
SLOW = 8.0  # seconds that the server takes for an answer


@pytest.fixture
def lux(migrated_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that may reach mail servers on this machine, and comes back at full pace."""
    values: dict[str, Any] = {"allow_hosts": ("127.0.0.1",), "resume_ramp_minutes": 0}
    made = installation(migrated_url, tmp_path / "home", is_migrated=True, **values)
    yield made
    made.db.close()


class Working:
    """The due jobs, in a thread of their own."""

    def __init__(self, lux: Installation) -> None:
        self._thread = threading.Thread(target=lux.work, kwargs={"rounds": 1})
        self._thread.start()

    def ended_after(self, moment: float) -> float:
        """Return the seconds from a moment until nothing runs any more."""
        self._thread.join(60)
        return time.monotonic() - moment


def until(condition: Any, seconds: float = 20.0) -> None:
    """Wait for something that will be so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def rows(lux: Installation, firm: Firm) -> list[Delivery]:
    """Return the deliveries in order."""
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def press(lux: Installation, firm: Firm) -> float:
    """Stop the company; returns when."""
    with lux.db.begin(firm.id) as session:
        stop.press(session, company_id=firm.id, by=firm.person)
    return time.monotonic()


def resume(lux: Installation, firm: Firm) -> None:
    """End the stop, and let what waits be due."""
    with lux.db.begin(firm.id) as session:
        stop.resume(session, company_id=firm.id, by=firm.person, reason="looked")


def test_a_message_in_hand_does_not_leave_after_the_stop(
    lux: Installation, told: Told, smtp_server: SmtpServer
) -> None:
    """Its check had passed and the server is slow: nothing arrives, nothing stays claimed, and then each gets one."""
    firm = ready(lux, 4)
    account = lux.mail_server(firm, smtp_server.port)
    item = submitted(lux, firm, account=account)
    approved(lux, firm, item)
    smtp_server.script.delays = {"RCPT": SLOW}
    working = Working(lux)
    until(lambda: smtp_server.connections and any(row.leaving_at for row in rows(lux, firm)))
    time.sleep(0.2)  # the envelope of the first is on its way
    pressed = press(lux, firm)
    assert working.ended_after(pressed) < SOON
    assert smtp_server.messages == []
    waits = {(row.state, row.attempts, row.leaving_at, row.claimed_by, row.error) for row in rows(lux, firm)}
    assert waits == {(DeliveryState.QUEUED, 0, None, "", "")}
    assert list((lux.settings.home / "journal").iterdir()) == []
    with lux.db.read(firm.id) as session:
        since = stop.active(session, firm.id)[0].since
        assert since is not None
        assert wire.on_the_wire(session, scopes.of_company(firm.id), since, limit=50) == ([], 0)

    smtp_server.script.delays = {}
    resume(lux, firm)
    until(lambda: lux.work() is not None and len(smtp_server.messages) == 4)
    assert Counter(smtp_server.recipients()) == Counter(row.address for row in rows(lux, firm))
    with lux.db.read(firm.id) as session:
        assert reads.item_outbound(session, item.id).state is OutboundState.DONE


def test_what_was_after_its_dot_is_waited_for_and_listed(
    lux: Installation, told: Told, smtp_server: SmtpServer
) -> None:
    """One message had its dot when the stop came: it has an end and is listed; the others wait."""
    firm = ready(lux, 4)
    account = lux.mail_server(firm, smtp_server.port)
    approved(lux, firm, submitted(lux, firm, account=account))
    smtp_server.script.delays = {".": 2.0}
    working = Working(lux)
    until(lambda: any("L " in one.read_text() for one in (lux.settings.home / "journal").glob("*.log")))
    pressed = press(lux, firm)
    assert working.ended_after(pressed) < SOON + 2.0
    assert len(smtp_server.messages) == 1
    assert Counter(row.state for row in rows(lux, firm)) == {DeliveryState.SENT: 1, DeliveryState.QUEUED: 3}
    with lux.db.read(firm.id) as session:
        since = stop.active(session, firm.id)[0].since
        assert since is not None
        (listed,), total = wire.on_the_wire(session, scopes.of_company(firm.id), since, limit=50)
    assert total == 1
    assert [listed.address] == smtp_server.recipients()


def test_a_call_in_hand_does_not_leave_after_the_stop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address was being looked up: no request arrives, no try is counted, and the end of the stop lets it go."""
    is_looking, resolve = threading.Event(), lookup.resolve

    def slowly(*args: Any, **values: Any) -> Any:
        is_looking.set()
        time.sleep(SLOW / 2)
        return resolve(*args, **values)

    monkeypatch.setattr(lookup, "resolve", slowly)
    desk.happen()
    working = threading.Thread(target=desk.work)
    working.start()
    assert is_looking.wait(20)
    pressed = press(desk.lux, desk.firm)
    working.join(30)
    assert time.monotonic() - pressed < SLOW / 2
    assert desk.receiver.requests == []
    (call,) = desk.calls()
    assert (call.state, call.tries, call.status, call.message) == (CallState.QUEUED, 0, None, "")
    assert (desk.hook().streak, desk.hook().failing_since) == (0, None)
    monkeypatch.setattr(lookup, "resolve", resolve)
    resume(desk.lux, desk.firm)
    assert len(desk.work()) == 1
    assert desk.calls()[0].state is CallState.SENT
