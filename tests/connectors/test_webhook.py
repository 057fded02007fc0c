"""Calling an address: what is signed, what each answer becomes, and that a permit is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook

from lux.connectors.webhook import WebhookConnector
from lux.kit import clock
from lux.net.safe_fetch import Reach
from lux.net.smtp_wire import always
from lux.ports.connector import Account
from lux.ports.permits import Permit
from lux.ports.provider_errors import Invalid
from lux.ports.receipts import Outcome, OutgoingCall
from tests.connectors.conftest import permit
from tests.emulators.webhook_receiver import Step, WebhookReceiver

__all__ = ["permit"]  # a fixture

SECRETS = ("whsec_" + "QUJD" * 10, "whsec_" + "WFla" * 10)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Return an address."""
    started = WebhookReceiver()
    yield started
    started.stop()


@pytest.fixture
def caller() -> WebhookConnector:
    """Return what calls addresses on this machine."""
    return WebhookConnector(Reach(allow_hosts=("127.0.0.1",), seconds=1.0))


def call(target: str) -> OutgoingCall:
    """Return a call."""
    return OutgoingCall(target=target, message_id="msg_1", body='{"a": "ü"}'.encode(), secrets=SECRETS)


def test_each_secret_signs_as_an_independent_library_verifies(
    receiver: WebhookReceiver, caller: WebhookConnector, permit: Permit
) -> None:
    receipt = caller.perform(permit, call(receiver.url()), may_leave=always)
    assert (receipt.outcome, receipt.status) == (Outcome.SENT, 200)
    (request,) = receiver.requests
    for secret in SECRETS:
        assert Webhook(secret).verify(request.body, request.headers) == json.loads(request.body)
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Step(status=204), (204, None)),
        (Step(status=500), (500, None)),
        (Step(status=302, headers={"Location": "http://169.254.169.254/"}), (302, None)),
        (Step(status=429, headers={"Retry-After": "30"}), (429, 30.0)),
        (Step(status=503, headers={"Retry-After": "99999999"}), (503, 86_400.0)),
        (Step(status=503, headers={"Retry-After": "soon"}), (503, None)),
        (Step(delay=2.0), (None, None)),
        (Step(reset=True), (None, None)),
        (Step(endless=True), (200, None)),
    ],
)
def test_what_each_answer_becomes(
    receiver: WebhookReceiver,
    caller: WebhookConnector,
    permit: Permit,
    step: Step,
    said: tuple[int | None, float | None],
) -> None:
    receiver.script.append(step)
    receipt = caller.perform(permit, call(receiver.url()), may_leave=always)
    assert (receipt.status, receipt.retry_after) == said
    assert receipt.outcome is (Outcome.SENT if said[0] in {200, 204} else Outcome.RETRY)
    assert receiver.connections == 1


def test_a_wish_may_be_a_date(receiver: WebhookReceiver, caller: WebhookConnector, permit: Permit) -> None:
    moment = format_datetime(clock.now() + timedelta(minutes=10), usegmt=True)
    receiver.script.append(Step(status=503, headers={"Retry-After": moment}))
    found = caller.perform(permit, call(receiver.url()), may_leave=always).retry_after
    assert found is not None
    assert 590 < found <= 600


def test_gone_is_told_apart(receiver: WebhookReceiver, caller: WebhookConnector, permit: Permit) -> None:
    receiver.script.append(Step(status=410))
    assert caller.perform(permit, call(receiver.url()), may_leave=always).is_gone


def test_a_probe_looks_and_connects_nowhere(receiver: WebhookReceiver, caller: WebhookConnector) -> None:
    def probe(target: str) -> bool:
        return caller.probe(Account(provider="webhook", public_id="", config={"target": target})).is_ok

    assert probe(receiver.url())
    assert not probe("https://169.254.169.254/")
    assert not probe("")
    assert receiver.connections == 0


def test_a_permit_for_nothing_is_refused(receiver: WebhookReceiver, caller: WebhookConnector, permit: Permit) -> None:
    with pytest.raises(Invalid):
        caller.perform(replace(permit, outbound_id=0), call(receiver.url()), may_leave=always)
    assert receiver.connections == 0


@pytest.mark.parametrize("asked", [0, 1, 2, 3])
def test_what_is_stopped_on_its_way_is_no_call(
    receiver: WebhookReceiver, caller: WebhookConnector, permit: Permit, asked: int
) -> None:
    """Before it connects, before its head and before its body: wherever the no comes, nobody gets a whole call."""
    answers = iter([True] * asked + [False] * 9)
    receipt = caller.perform(permit, call(receiver.url()), may_leave=lambda: next(answers))
    if asked < 3:
        assert (receipt.outcome, receipt.status, receipt.message) == (Outcome.HELD, None, "")
        assert receiver.requests == []
        assert receiver.connections <= asked
    else:
        assert receipt.outcome is Outcome.SENT  # after its last byte nobody is asked: the answer is waited for
