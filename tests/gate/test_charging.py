"""A channel with a price is charged where its messages leave, and its limit of cost holds the next ones back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lux.gate import submit
from lux.gate.reads import OutboundState
from lux.gate.toggles import quota
from lux.gate.toggles.limits import Cost
from lux.kit import clock
from lux.kit.money import Money
from lux.ports import contributions
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted
from tests.gate.test_halts import lux
from tests.gate.test_smtp import hurry
from tests.gate.test_toggle_holding import bound, of_item

__all__ = ["lux"]  # a fixture: it may reach mail servers on this machine


class PerMessage:
    """0.8 cent a message, in whole cents, rounded half up: what a relay with a price list would say."""

    channel = "email"

    def estimate(self, _session: Any, _act: Any, recipients: int) -> Money | None:
        return Money(minor=(recipients * 8 + 5) // 10, currency="EUR")


@pytest.fixture
def priced(told: Told) -> Iterator[None]:
    """Say that mail costs something."""
    assert told is not None
    before = contributions.installed()
    contributions.install(replace(before, prices=(PerMessage(),)))
    yield
    contributions.install(before)


def spent(lux: Installation, firm: Firm) -> Mapping[str, int]:
    """Return what was charged under the channel today."""
    with lux.db.read(firm.id) as session:
        return quota.spent(session, firm.id, "channel_email", since=clock.now().date() - dt.timedelta(days=1))


def test_what_leaves_is_charged_once_in_all_and_what_does_not_is_not(
    lux: Installation, priced: None, smtp_server: SmtpServer
) -> None:
    """61 messages: one address is refused, one answer is lost, some are tried again; 60 may have arrived: 48 cents."""
    firm = ready(lux, 61)
    account = lux.mail_server(firm, smtp_server.port)
    smtp_server.script.next_recipients.extend(["550 5.1.1 nobody", *["451 4.3.0 later"] * 3])
    smtp_server.script.drops.append("after dot")
    item = submitted(lux, firm, account=account)
    approved(lux, firm, item)
    lux.work()
    assert spent(lux, firm) == {"EUR": 46}, "57 have left, 3 wait for their next try"
    hurry(lux)
    lux.work()
    assert spent(lux, firm) == {"EUR": 48}
    assert of_item(lux, firm, item).state is OutboundState.UNKNOWN

    bound(lux, firm, cost_day=Cost(minor=48, currency="EUR"))
    held = submitted(lux, firm, account=account)
    approved(lux, firm, held)
    lux.work()
    waits = of_item(lux, firm, held)
    assert waits.check_failed == "limit"
    assert "0.48" in waits.reason
    assert len(smtp_server.messages) == 60


def test_test_copies_cost_and_the_built_in_mailbox_does_not(
    lux: Installation, priced: None, smtp_server: SmtpServer
) -> None:
    firm = ready(lux, 3)
    approved(lux, firm, submitted(lux, firm))
    lux.work()
    assert spent(lux, firm) == {}
    account = lux.mail_server(firm, smtp_server.port)
    with lux.db.begin(firm.id) as session:
        tested = submit.as_test(act(firm, account=account), [firm.person.email])
        submit.submit_test_email(session, tested, author=firm.person, subject=("campaign", 1))
    lux.work()
    assert len(smtp_server.messages) == 1
    assert spent(lux, firm) == {"EUR": 1}
