"""Facts that leave: under whose yes, in what shape, how often, and what holds them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from standardwebhooks import Webhook, WebhookVerificationError

from lux.gate import jobs, stop
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.states import CallState, HookState, ItemState, Method
from lux.gate.webhooks import calling, reads, schedule, subscriptions
from lux.gate.webhooks.models import WebhookDelivery, WebhookSubscription
from lux.identity.access import Role
from lux.kit import clock
from lux.kit.errors import Forbidden, InvalidInput, NotFound, WrongState
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ledger.models import ApprovalAuditLog, Fact
from tests.emulators.webhook_receiver import Received, Step, WebhookReceiver
from tests.factories import Firm, Installation, installation

KINDS = ["contact.created", "tag.added"]


@dataclass
class Desk:
    """A company with a webhook to a receiver."""

    lux: Installation
    firm: Firm
    receiver: WebhookReceiver
    hook_id: int
    secret: str

    def happen(self, count: int = 1, kind: str = "contact.created", **values: Any) -> None:
        """Record facts."""
        with self.lux.db.begin(self.firm.id) as session:
            facts.record_many(session, [NewFact(kind=kind, **values) for _ in range(count)])

    def work(self) -> list[Received]:
        """Let the clock look once and the jobs run; returns all requests so far."""
        jobs.look_for_calls(self.lux.db)
        self.lux.work()
        return self.receiver.requests

    def hook(self) -> WebhookSubscription:
        """Return the subscription as it stands."""
        with self.lux.db.read(self.firm.id) as session:
            return reads.by_id(session, self.hook_id)

    def calls(self) -> list[WebhookDelivery]:
        """Return all calls."""
        with self.lux.db.read(self.firm.id) as session:
            return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))

    def change(self, verb: Callable[..., Any]) -> Any:
        """Carry out a verb as the person."""
        with self.lux.db.begin(self.firm.id) as session:
            return verb(session, self.firm.person, self.hook().public_id)

    def pass_rest(self) -> None:
        """Let every waiting time be over."""
        with self.lux.db.begin(self.firm.id) as session:
            session.execute(update(WebhookSubscription).values(rest_until=None))
            session.execute(update(WebhookDelivery).values(due_at=clock.now()))


def make(lux: Installation, firm: Firm, target: str, **values: Any) -> tuple[int, str]:
    """Set a webhook up."""
    wanted = {"name": "Shop", "target": target, "kinds": KINDS, "confirmation": "127.0.0.1"} | values
    with lux.db.begin(firm.id) as session:
        hook, secret = subscriptions.create(session, firm.person, **wanted)
        return hook.id, secret


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Return an address that takes everything."""
    started = WebhookReceiver()
    yield started
    started.stop()


@pytest.fixture
def desk(migrated_url: str, tmp_path: Path, receiver: WebhookReceiver) -> Iterator[Desk]:
    """Return a company with a webhook, on SQLite and on PostgreSQL."""
    lux = installation(migrated_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",))
    firm = lux.firm()
    hook_id, secret = make(lux, firm, receiver.url("/hook?key=hidden"))
    yield Desk(lux, firm, receiver, hook_id, secret)
    lux.db.close()


@pytest.fixture
def small(migrated_sqlite_url: str, tmp_path: Path, receiver: WebhookReceiver) -> Iterator[Desk]:
    """Return the same on SQLite alone."""
    lux = installation(migrated_sqlite_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",))
    firm = lux.firm()
    hook_id, secret = make(lux, firm, receiver.url())
    yield Desk(lux, firm, receiver, hook_id, secret)
    lux.db.close()


def test_a_fact_arrives_signed_as_others_verify_it(desk: Desk) -> None:
    (contact_id,) = desk.lux.contacts(desk.firm, email="ada@example.com")
    desk.happen(contact_id=contact_id, properties={"source": "fair", "proof": {"ip": "192.0.2.1"}}, actor="person:7")
    desk.happen(kind="email.sent", channel="email")  # a kind that was not chosen
    (request,) = desk.work()
    said = Webhook(desk.secret).verify(request.body, request.headers)
    assert said["type"] == "contact.created"
    assert said["data"]["contact"]["email"] == "ada@example.com"
    assert said["data"]["properties"] == {"source": "fair"}
    assert said["data"]["actor"] == "person"
    assert request.headers["webhook-id"].startswith("msg_")
    with pytest.raises(WebhookVerificationError):
        Webhook(desk.secret).verify(request.body + b" ", request.headers)
    (call,) = desk.calls()
    assert (call.state, call.status, call.tries) == (CallState.SENT, 200, 1)
    assert desk.work() == [request], "nothing is told twice"


def test_what_happened_before_is_not_told_and_an_erased_person_is_nobody(desk: Desk) -> None:
    (contact_id,) = desk.lux.contacts(desk.firm, email="ada@example.com")
    desk.happen(contact_id=contact_id, properties={"source": "x"})
    with desk.lux.db.begin(desk.firm.id) as session:
        facts.forget_contact(session, contact_id)
    (request,) = desk.work()
    assert json.loads(request.body)["data"]["contact"] is None
    assert json.loads(request.body)["data"]["properties"] == {}


def test_a_fact_whose_transaction_ends_late_is_not_missed(desk: Desk) -> None:
    """A higher id was told already when a lower one is committed: it is told as well."""
    if desk.lux.db.dialect == "sqlite":
        pytest.skip("SQLite has one writer: ids are committed in their order")
    late = desk.lux.db.session(desk.firm.id)
    facts.record(late, NewFact(kind="contact.created", subject=("campaign", 1), properties={"who": "late"}))
    late.flush()
    desk.happen(properties={"who": "early"})
    assert len(desk.work()) == 1
    late.commit()
    late.close()
    assert [json.loads(one.body)["data"]["properties"]["who"] for one in desk.work()] == ["early", "late"]


def test_the_yes_is_the_persons_and_is_written_down(desk: Desk) -> None:
    with desk.lux.db.read(desk.firm.id) as session:
        decision = session.scalars(select(ApprovalDecision)).one()
        assert (decision.method, decision.decided_by) == (Method.SUBSCRIPTION, desk.firm.user_id)
        assert decision.session_id == desk.firm.person.session_id
        rows = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.action == "webhook.created")).all()
    assert len(rows) == 1
    assert "hidden" not in rows[0].detail, "the path of an address may be a secret"


def test_nobody_else_and_no_program_sets_one_up(small: Desk) -> None:
    from dataclasses import replace

    lux, firm, url = small.lux, small.firm, small.receiver.url()
    for person in (replace(firm.person, session_id=None), lux.member(firm.id, Role.MARKETER).person, lux.firm().person):
        with pytest.raises(Forbidden), lux.db.begin(firm.id) as session:
            subscriptions.create(session, person, name="x", target=url, kinds=KINDS, confirmation="127.0.0.1")
    for wrong in ({"confirmation": "localhost"}, {"kinds": []}, {"kinds": ["secret.stored"]}, {"target": "ftp://x"}):
        with pytest.raises(InvalidInput):
            make(lux, firm, **({"target": url} | wrong))  # type: ignore[arg-type]
    for target in ("https://169.254.169.254/", "http://10.0.0.1/", "https://[::1]/"):
        with pytest.raises(InvalidInput):
            subscriptions.check_target(lux.settings, target)


def test_without_a_yes_a_call_can_not_be_stored(desk: Desk) -> None:
    with desk.lux.db.read(desk.firm.id) as session:
        decision = session.scalars(select(ApprovalDecision)).one()
    from lux.gate.states import Verdict

    for approval_id, verdict in ((decision.id, Verdict.NO), (decision.id + 99, Verdict.YES)):
        row = WebhookDelivery(
            subscription_id=desk.hook_id, approval_id=approval_id, approval_verdict=verdict, fact_id=1, kind="x"
        )
        with pytest.raises(IntegrityError), desk.lux.db.begin(desk.firm.id) as session:
            session.add(row)


@pytest.mark.parametrize("column", ["target", "kinds", "body"])
def test_what_is_not_what_was_decided_does_not_leave(small: Desk, column: str) -> None:
    with small.lux.db.begin(small.firm.id) as session:
        if column == "body":
            body = session.scalars(select(ApprovalQueue.body)).one()
            session.execute(update(ApprovalQueue).values(body=body | {"target": "https://elsewhere.example/"}))
        else:
            value: Any = small.receiver.url("/other") if column == "target" else ["contact.created", "email.sent"]
            session.execute(update(WebhookSubscription).values({column: value}))
    small.happen()
    assert small.work() == []
    assert small.hook().state is HookState.ENDED


def test_a_stop_holds_and_its_end_lets_go(desk: Desk) -> None:
    with desk.lux.db.begin(desk.firm.id) as session:
        stop.press(session, company_id=desk.firm.id, by=desk.firm.person)
    desk.happen(3)
    assert desk.work() == []
    with desk.lux.db.begin(desk.firm.id) as session:
        stop.resume(session, company_id=desk.firm.id, by=desk.firm.person, reason="safe")
    assert len(desk.work()) == 3


def test_a_stop_of_the_installation_ends_a_run_in_its_middle(small: Desk) -> None:
    (small.lux.settings.home / stop.STOP_FILE).touch()
    small.happen()
    assert small.work() == []
    (small.lux.settings.home / stop.STOP_FILE).unlink()
    assert len(small.work()) == 1


@pytest.mark.parametrize(
    "step",
    [
        *(Step(status=500), Step(status=404), Step(status=302, headers={"Location": "/x"}), Step(reset=True)),
        Step(raw=b"nonsense\r\n\r\n"),
    ],
)
def test_a_failure_is_tried_again_with_the_same_id(small: Desk, step: Step) -> None:
    small.receiver.script.append(step)
    small.happen()
    assert len(small.work()) == 1
    (call,) = small.calls()
    assert call.state is CallState.QUEUED
    assert timedelta(seconds=50) < call.due_at - clock.now() < timedelta(seconds=70)
    assert len(small.work()) == 1, "it waits"
    small.pass_rest()
    first, second = small.work()
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert small.calls()[0].state is CallState.SENT
    assert small.hook().streak == 0


def test_an_answer_that_was_not_noted_is_asked_for_again_under_the_same_id(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the answer and the note: at least once, and the receiver can tell."""
    real = calling.note

    def die(*_arguments: object) -> bool:
        raise SystemExit

    monkeypatch.setattr(calling, "note", die)
    desk.happen()
    with pytest.raises(SystemExit):
        desk.work()
    assert desk.calls()[0].state is CallState.CALLING
    monkeypatch.setattr(calling, "note", real)
    with desk.lux.db.begin(desk.firm.id) as session:
        cleared = calling.clear(session, desk.hook_id)
        assert cleared is not None
    with desk.lux.db.begin(desk.firm.id) as session:
        (call_id,) = calling.due(session, desk.hook_id)
        again = calling.take(session, cleared, call_id)
    assert again is not None
    assert again.message_id == desk.receiver.requests[0].headers["webhook-id"]


def test_its_own_wish_to_wait_is_obeyed(small: Desk) -> None:
    small.receiver.script.append(Step(status=429, headers={"Retry-After": "7200"}))
    small.happen(2)
    assert len(small.work()) == 1, "the others wait as well"
    assert small.calls()[0].due_at - clock.now() > timedelta(minutes=119)
    rest = small.hook().rest_until
    assert rest is not None
    assert rest - clock.now() > timedelta(minutes=119)


def test_gone_ends_the_subscription(small: Desk) -> None:
    small.receiver.script.append(Step(status=410))
    small.happen(3)
    assert len(small.work()) == 1
    hook = small.hook()
    assert hook.state is HookState.ENDED
    assert [call.state for call in small.calls()] == [CallState.FAILED, CallState.SKIPPED, CallState.SKIPPED]
    with small.lux.db.read(small.firm.id) as session:
        assert reads.item_of(session, hook).state is ItemState.CANCELLED


def test_eight_tries_over_three_days_then_a_dead_letter_that_can_be_sent_again(small: Desk) -> None:
    small.receiver.default = Step(status=500)
    small.happen()
    waited = 0.0
    for _ in range(schedule.TRIES):
        small.work()
        waited += max(0.0, (small.calls()[0].due_at - clock.now()).total_seconds())
        small.pass_rest()
    assert len(small.receiver.requests) == 8
    assert len({one.headers["webhook-id"] for one in small.receiver.requests}) == 1
    assert 2.5 < waited / 86_400 < 3.5
    (call,) = small.calls()
    assert call.state is CallState.FAILED
    assert len(small.work()) == 8
    small.receiver.default = Step()
    with small.lux.db.begin(small.firm.id) as session:
        subscriptions.replay(session, small.firm.person, call.public_id)
    assert len(small.work()) == 9
    assert small.calls()[0].state is CallState.SENT


def test_an_address_that_keeps_failing_gets_a_rest(small: Desk) -> None:
    small.receiver.default = Step(status=500)
    small.happen(20)
    assert len(small.work()) == schedule.STREAK
    assert small.hook().rest_until is not None


def test_after_five_days_of_failure_it_is_switched_off_and_people_are_told(small: Desk) -> None:
    small.receiver.default = Step(status=500)
    small.happen()
    small.work()
    with small.lux.db.begin(small.firm.id) as session:
        session.execute(update(WebhookSubscription).values(failing_since=clock.now() - timedelta(days=5, minutes=1)))
    small.pass_rest()
    small.work()
    assert small.hook().state is HookState.DISABLED
    page = small.lux.client(small.firm).get("/notifications/").get_data(as_text=True)
    assert "Shop" in page
    small.change(subscriptions.resume)
    small.receiver.default = Step()
    small.pass_rest()
    small.work()
    assert small.hook().last_success_at is not None


def test_a_rotated_secret_signs_beside_the_earlier_one_for_a_day(small: Desk) -> None:
    _hook, new = small.change(subscriptions.rotate)
    small.happen()
    (request,) = small.work()
    for secret in (small.secret, new):
        Webhook(secret).verify(request.body, request.headers)
    with time_machine.travel(clock.now() + timedelta(hours=25)), small.lux.db.begin(small.firm.id) as session:
        cleared = calling.clear(session, small.hook_id)
    assert cleared is not None
    assert cleared.secrets == (new,)


def test_pause_collects_nothing_and_removal_forgets_the_secret(small: Desk) -> None:
    small.change(subscriptions.pause)
    small.happen()
    assert small.work() == []
    small.change(subscriptions.resume)
    assert small.work() == []
    small.happen()
    assert len(small.work()) == 1
    small.change(subscriptions.remove)
    small.happen()
    assert len(small.work()) == 1
    with pytest.raises(WrongState):
        small.change(subscriptions.resume)


def test_another_company_sees_and_changes_nothing(desk: Desk) -> None:
    other = desk.lux.firm()
    public_id = desk.hook().public_id
    with desk.lux.db.begin(other.id) as session:
        assert reads.listing(session) == []
        for verb in (subscriptions.pause, subscriptions.remove, subscriptions.rotate):
            with pytest.raises(NotFound):
                verb(session, other.person, public_id)
    with desk.lux.db.begin(other.id) as session:
        facts.record(session, NewFact(kind="contact.created"))
    assert desk.work() == []


def test_old_calls_are_forgotten(small: Desk) -> None:
    small.happen()
    small.work()
    with small.lux.db.begin(small.firm.id) as session:
        session.execute(update(WebhookDelivery).values(created_at=clock.now() - timedelta(days=31)))
        session.execute(update(Fact).values(recorded_at=clock.now() - timedelta(days=31)))
    small.work()  # the cursor passes what is settled
    from lux.kit.db import ALL_COMPANIES

    with small.lux.db.begin(ALL_COMPANIES) as session:
        assert calling.forget(session) == 1
    assert len(small.work()) == 1
