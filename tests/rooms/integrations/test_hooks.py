"""REST hooks: a person says yes once to what a key's program may subscribe; all else does not leave."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from lux.gate import jobs, stop
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.service import ApprovalService
from lux.gate.states import CallState, HookState, ItemState, Method
from lux.gate.webhooks import allowances, by_program, examples, reads
from lux.gate.webhooks.models import HookAllowance, WebhookDelivery, WebhookSubscription
from lux.gate.webhooks.payloads import OFFERED
from lux.identity import api_keys
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.kit.errors import Forbidden, InvalidInput, LuxError, NotFound, WrongState
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.integrations.api import ToldFact
from tests.callers import API, Caller
from tests.emulators.webhook_receiver import Received, Step, WebhookReceiver
from tests.factories import Firm, Installation, installation

PAGES = "/settings/integrations/webhooks/programs/"
KIND = "contact.created"


@dataclass
class Zap:
    """A program with a key, an address that it subscribes, and the company that allows it to."""

    lux: Installation
    firm: Firm
    caller: Caller
    receiver: WebhookReceiver

    def allow(self, **values: Any) -> HookAllowance:
        """Say yes as a person."""
        wanted: dict[str, Any] = {
            "key_id": self.caller.key.public_id, "hosts": "127.0.0.1\nhooks.zapier.com", "kinds": [KIND, "tag.added"],
            "most": 2, "until": clock.now() + timedelta(days=30), "reason": "our Zaps",
            "confirmation": self.caller.key.name,
        }  # fmt: skip
        with self.lux.db.begin(self.firm.id) as session:
            return allowances.allow(session, self.firm.person, **(wanted | values))

    def subscribe(self, path: str = "/hook", event: str = KIND, **more: str) -> TestResponse:
        """Subscribe the address."""
        target = {"target_url": self.receiver.url(path)} if "target_url" not in more and "hookUrl" not in more else {}
        return ask(self.caller, "POST", "/hooks", {"event": event, **target, **more})

    def happen(self, count: int = 1, **values: Any) -> list[Received]:
        """Record facts and let them leave; returns all requests so far."""
        with self.lux.db.begin(self.firm.id) as session:
            facts.record_many(session, [NewFact(kind=KIND, **values) for _ in range(count)])
        return self.work()

    def work(self) -> list[Received]:
        """Let the clock look once and the jobs run."""
        jobs.look_for_calls(self.lux.db)
        self.lux.work()
        return self.receiver.requests

    def end(self, one: HookAllowance) -> None:
        """Take the yes back."""
        with self.lux.db.begin(self.firm.id) as session:
            allowances.end(session, self.firm.person, one.public_id)

    def states(self) -> list[HookState]:
        """Return the states of all subscriptions."""
        with self.lux.db.read(self.firm.id) as session:
            return list(session.scalars(select(WebhookSubscription.state).order_by(WebhookSubscription.id)))


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Return an address that takes everything."""
    started = WebhookReceiver()
    yield started
    started.stop()


@pytest.fixture
def zap(outgoing: Installation, receiver: WebhookReceiver) -> Zap:
    """Return a program that nobody has allowed anything yet, on SQLite and on PostgreSQL."""
    firm = outgoing.firm()
    return Zap(outgoing, firm, Caller(outgoing, firm, Scope.HOOKS_WRITE), receiver)


@pytest.fixture
def small(migrated_sqlite_url: str, tmp_path: Path, receiver: WebhookReceiver) -> Iterator[Zap]:
    """Return the same on SQLite alone."""
    lux = installation(migrated_sqlite_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",))
    firm = lux.firm()
    yield Zap(lux, firm, Caller(lux, firm, Scope.HOOKS_WRITE), receiver)
    lux.db.close()


def ask(caller: Caller, method: str, path: str, body: dict[str, Any] | None = None) -> TestResponse:
    """Call the API; every status is an answer."""
    headers = {"Authorization": f"Bearer {caller.shown}"}
    return caller.client.open(API + path, method=method, headers=headers, json=body)


def code(answer: TestResponse) -> str:
    """Return why a call was refused."""
    assert answer.mimetype == "application/problem+json"
    found: str = answer.get_json()["code"]
    return found


def test_subscribed_told_in_the_shape_of_the_samples_and_unsubscribed(zap: Zap) -> None:
    """The whole life, as a REST hook trigger of Zapier leads it."""
    zap.allow()
    made = zap.subscribe()
    assert made.status_code == 201, made.text
    hook = made.get_json()
    assert (hook["event"], hook["state"], hook["target_url"]) == (KIND, "active", zap.receiver.url())
    assert "secret" not in hook
    (contact_id,) = zap.lux.contacts(zap.firm, email="ada@example.com")
    (request,) = zap.happen(contact_id=contact_id, properties={"source": "fair", "ip": "192.0.2.1"})
    told = json.loads(request.body)
    assert told["data"]["contact"]["email"] == "ada@example.com"
    assert request.headers["webhook-signature"].startswith("v1,")
    samples = ask(zap.caller, "GET", f"/hooks/samples/{KIND}").get_json()
    assert samples[0] == told, "a sample is exactly what is delivered"
    assert [one["id"] for one in ask(zap.caller, "GET", "/hooks").get_json()["data"]] == [hook["id"]]
    for _twice in range(2):
        assert ask(zap.caller, "DELETE", f"/hooks/{hook['id']}").get_json()["state"] == "ended"
    assert ask(zap.caller, "GET", "/hooks").get_json()["data"] == []
    assert len(zap.happen()) == 1


def test_its_calls_run_under_the_decision_of_the_person(zap: Zap) -> None:
    zap.allow()
    zap.subscribe()
    zap.happen()
    with zap.lux.db.read(zap.firm.id) as session:
        decision = session.scalars(select(ApprovalDecision)).one()
        assert (decision.method, decision.decided_by) == (Method.STANDING, zap.firm.user_id)
        assert decision.session_id == zap.firm.person.session_id
        assert session.scalars(select(WebhookDelivery)).one().approval_id == decision.id
        rows = session.execute(select(ApprovalAuditLog.action, ApprovalAuditLog.actor_type)).all()
    said = [tuple(row) for row in rows if row[0].startswith("hooks.")]
    assert said == [("hooks.allowed", "person"), ("hooks.subscribed", "api_key")]


def test_what_nobody_allowed_is_refused_with_the_way_out(small: Zap) -> None:
    nothing = small.subscribe()
    assert (nothing.status_code, code(nothing)) == (403, "hook_not_allowed")
    assert PAGES in nothing.text
    small.allow()
    for answer in (
        small.subscribe(event="email.sent"),
        small.subscribe(target_url="https://evil.example/hooks"),
        small.subscribe(target_url="https://hooks.zapier.com.evil.example/"),
        small.subscribe(target_url="https://sub.hooks.zapier.com/"),
    ):
        assert (answer.status_code, code(answer)) == (403, "hook_not_allowed")
    for answer, field in (
        (small.subscribe(event="secret.stored"), "event"),
        (small.subscribe(target_url="ftp://hooks.zapier.com/"), "target_url"),
        (small.subscribe(target_url="https://hooks.zapier.com@127.0.0.1/"), "target_url"),
        (small.subscribe(secret="whsec_short"), "secret"),
    ):
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, field)
    assert small.states() == []


def test_an_allowed_host_passes_the_guard_of_addresses_all_the_same(small: Zap) -> None:
    hosts = ("169.254.169.254", "10.0.0.1", "[::1]", "2130706433", "0x7f.1")
    small.allow(hosts="\n".join(hosts[:3]))
    for host in hosts:
        answer = small.subscribe(target_url=f"https://{host}/")
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "target_url"), host


def test_as_many_as_allowed_and_the_same_one_again_is_the_same(small: Zap) -> None:
    small.allow(most=2)
    first = small.subscribe("/one").get_json()
    assert small.subscribe("/two", hookUrl=small.receiver.url("/two")).status_code == 201
    full = small.subscribe("/three")
    assert (full.status_code, code(full)) == (409, "wrong_state")
    again = small.subscribe("/one")
    assert (again.status_code, again.get_json()["id"]) == (201, first["id"])
    ask(small.caller, "DELETE", f"/hooks/{first['id']}")
    assert small.subscribe("/three").status_code == 201
    assert len(small.happen()) == 2


def test_what_is_subscribed_again_after_a_yes_has_ended_stands_under_the_next_one(small: Zap) -> None:
    """Also before the clock has written the end of the first one, which takes its subscriptions with it."""
    small.allow()
    first = small.subscribe().get_json()
    with time_machine.travel(clock.now() + timedelta(days=31)):
        small.allow()
        again = small.subscribe().get_json()
        assert again["id"] != first["id"]
        allowances.end_overdue(small.lux.db)
        assert small.states() == [HookState.ENDED, HookState.ACTIVE]
        assert len(small.happen()) == 1


def test_a_program_may_bring_its_own_secret(small: Zap) -> None:
    small.allow()
    secret = "whsec_" + base64.b64encode(b"x" * 32).decode()
    answer = small.subscribe(secret=secret)
    assert secret not in answer.text
    (request,) = small.happen()
    Webhook(secret).verify(request.body, request.headers)


def test_taking_the_yes_back_ends_all_of_it_at_once(zap: Zap) -> None:
    one = zap.allow()
    zap.subscribe("/one")
    zap.subscribe("/two")
    zap.receiver.default = Step(status=500)
    zap.happen()
    before = len(zap.receiver.requests)
    zap.end(one)
    assert zap.states() == [HookState.ENDED] * 2
    assert len(zap.happen()) == before
    with zap.lux.db.read(zap.firm.id) as session:
        assert set(session.scalars(select(WebhookDelivery.state))) == {CallState.SKIPPED}
        assert session.scalars(select(ApprovalQueue.state)).one() is ItemState.CANCELLED
    assert code(zap.subscribe("/one")) == "hook_not_allowed"


@pytest.mark.parametrize("how", ["its time is over", "its key is revoked"])
def test_a_yes_that_is_over_lets_nothing_leave(small: Zap, how: str) -> None:
    """Also before the clock has looked: the run itself asks."""
    small.allow()
    small.subscribe()
    later = clock.now()
    if how == "its time is over":
        later += timedelta(days=31)
    else:
        with small.lux.db.begin(small.firm.id) as session:
            api_keys.revoke(session, api_keys.get(session, small.caller.key.public_id), by=small.firm.person)
    with time_machine.travel(later):
        assert small.happen() == []
        assert small.states() == [HookState.ENDED]
        allowances.end_overdue(small.lux.db)
    with small.lux.db.read(small.firm.id) as session:
        assert session.scalars(select(HookAllowance.state)).one() is HookState.ENDED


@pytest.mark.parametrize("what", ["hosts", "facts", "most", "until", "row", "target", "kinds", "allowance"])
def test_bounds_that_were_changed_behind_the_gate_let_nothing_leave(small: Zap, what: str) -> None:
    small.allow()
    small.subscribe()
    changes: dict[str, Any] = {
        "hosts": ["evil.example"], "facts": ["email.sent"], "most": 99, "until": "2999-01-01T00:00:00+00:00",
    }  # fmt: skip
    with small.lux.db.begin(small.firm.id) as session:
        if what in changes:
            body = session.scalars(select(ApprovalQueue.body)).one()
            session.execute(update(ApprovalQueue).values(body=body | {what: changes[what]}))
        elif what == "row":
            session.execute(update(HookAllowance).values(hosts=["evil.example"], kinds=["email.sent"], most=99))
        elif what == "allowance":
            session.execute(update(WebhookSubscription).values(allowance_id=None))
        else:
            value: Any = "https://evil.example/" if what == "target" else ["email.sent", KIND]
            session.execute(update(WebhookSubscription).values({what: value}))
    if what == "row":
        assert len(small.happen()) == 1, "what counts is what was decided"
        assert small.subscribe("/x", event="email.sent").status_code == 403
    else:
        assert small.happen() == []
        assert small.states() == [HookState.ENDED]


def test_gone_unsubscribes_and_people_are_told(small: Zap) -> None:
    one = small.allow()
    small.subscribe("/gone")
    small.receiver.script.append(Step(status=410))
    small.happen()
    assert small.states() == [HookState.ENDED]
    assert small.subscribe("/there").status_code == 201, "the yes goes on for the others"
    assert len(small.happen()) == 2
    client = small.lux.client(small.firm)
    assert f"{small.caller.key.name}: {KIND}" in client.get("/notifications/").get_data(as_text=True)
    assert "/gone" in client.get(f"{PAGES}{one.public_id}").get_data(as_text=True)


def test_an_emergency_stop_holds_them(small: Zap) -> None:
    small.allow()
    small.subscribe()
    with small.lux.db.begin(small.firm.id) as session:
        stop.press(session, company_id=small.firm.id, by=small.firm.person)
    assert small.happen() == []
    with small.lux.db.begin(small.firm.id) as session:
        stop.resume(session, company_id=small.firm.id, by=small.firm.person, reason="safe")
    assert len(small.work()) == 1


def test_no_program_allows_itself_anything(small: Zap) -> None:
    """Only a signed-in person who manages the company says yes; a key with every scope does not."""
    everything = Caller(small.lux, small.firm, *Scope)
    with small.lux.db.read(small.firm.id) as session:
        program = api_keys.program_of(session, everything.key)
    values: dict[str, Any] = {
        "key_id": everything.key.public_id, "hosts": "evil.example", "kinds": [KIND], "most": 1,
        "until": clock.now() + timedelta(days=1), "reason": "mine", "confirmation": everything.key.name,
    }  # fmt: skip
    for person in (program, small.lux.member(small.firm.id, Role.MARKETER).person, small.lux.firm().person):
        with pytest.raises(Forbidden), small.lux.db.begin(small.firm.id) as session:
            allowances.allow(session, person, **values)
    one = small.allow()
    with small.lux.db.read(small.firm.id) as session:
        item = session.scalars(select(ApprovalQueue).where(ApprovalQueue.id == one.item_id)).one()
    with pytest.raises(Forbidden), small.lux.db.begin(small.firm.id) as session:
        allowances.end(session, program, one.public_id)
    with pytest.raises(LuxError), small.lux.db.begin(small.firm.id) as session:
        ApprovalService(session).approve(program, item.public_id, shown_hash=item.content_hash)
    for method in (
        small.subscribe,
        lambda: ask(everything, "POST", "/hooks", {"event": KIND, "target_url": small.receiver.url()}),
    ):
        assert method().status_code in {201, 403}
    assert small.states() == [HookState.ACTIVE], "the other key was allowed nothing"


def test_a_yes_without_bounds_is_none(small: Zap) -> None:
    now = clock.now()
    for name, value in (
        *(("hosts", one) for one in ("https://hooks.zapier.com", "*.zapier.com", "zapier.com:8443", "x.com/y", " ")),
        *(("kinds", one) for one in ([], ["secret.stored"])),
        *(("most", one) for one in (0, 9999)),
        *(("until", one) for one in (now - timedelta(days=1), now + timedelta(days=400))),
        ("confirmation", "something else"),
    ):
        with pytest.raises(InvalidInput) as caught:
            small.allow(**{name: value})
        assert [one.field for one in caught.value.problems] == [name], value


def test_a_key_that_can_not_subscribe_is_refused(small: Zap) -> None:
    other = Caller(small.lux, small.firm, Scope.CONTACTS_READ)
    with pytest.raises(InvalidInput) as caught:
        small.allow(key_id=other.key.public_id, confirmation=other.key.name)
    assert caught.value.problems[0].field == "key_id"
    wanted = {"event": KIND, "target_url": "https://hooks.zapier.com/"}
    assert code(ask(other, "POST", "/hooks", wanted)) == "scope_missing"


def test_keys_and_companies_see_their_own_only(zap: Zap) -> None:
    one = zap.allow()
    hook = zap.subscribe().get_json()
    for firm in (zap.firm, zap.lux.firm()):
        other = Caller(zap.lux, firm, Scope.HOOKS_WRITE)
        assert ask(other, "GET", "/hooks").get_json()["data"] == []
        assert ask(other, "DELETE", f"/hooks/{hook['id']}").status_code == 404
        (sample,) = ask(other, "GET", f"/hooks/samples/{KIND}").get_json()
        assert sample["id"] == f"sample-{KIND}", "nobody allowed it more"
    stranger = zap.lux.firm()
    with pytest.raises(NotFound), zap.lux.db.begin(stranger.id) as session:
        allowances.end(session, stranger.person, one.public_id)
    assert zap.lux.client(stranger).get(f"{PAGES}{one.public_id}").status_code == 404
    assert zap.states() == [HookState.ACTIVE]


def test_a_list_of_many_comes_in_pages(zap: Zap) -> None:
    zap.allow(most=5)
    made = [zap.subscribe(f"/{number}").get_json()["id"] for number in range(5)]
    first = ask(zap.caller, "GET", "/hooks?limit=3").get_json()
    rest = ask(zap.caller, "GET", first["next"].removeprefix(API)).get_json()
    assert [one["id"] for one in first["data"] + rest["data"]] == made
    assert rest["next"] is None


def test_samples_are_the_newest_first_and_an_example_before_anything_happened(small: Zap) -> None:
    small.allow()
    assert ask(small.caller, "GET", f"/hooks/samples/{KIND}").get_json() == [examples.of(KIND)]
    small.happen(4)
    found = ask(small.caller, "GET", f"/hooks/samples/{KIND}").get_json()
    assert len(found) == 3
    assert [one["id"] for one in found] == sorted((one["id"] for one in found), key=int, reverse=True)
    assert ask(small.caller, "GET", "/hooks/samples/secret.stored").status_code == 404


def test_every_event_has_an_example_in_the_shape_of_a_delivery() -> None:
    for kind in OFFERED:
        assert ToldFact.model_validate(examples.of(kind)).model_dump() == examples.of(kind)


def test_a_yes_from_the_form_to_its_end(small: Zap) -> None:
    client = small.lux.client(small.firm)
    until = (clock.now() + timedelta(days=30)).date().isoformat()
    form = {
        "key_id": str(small.caller.key.public_id), "hosts": "127.0.0.1", "kinds": [KIND], "most": "2", "until": until,
        "reason": "our Zaps", "confirmation": "wrong",
    }  # fmt: skip
    refused = client.post(PAGES, data=form)
    assert refused.status_code == 422
    assert "our Zaps" in refused.get_data(as_text=True)
    made = client.post(PAGES, data=form | {"confirmation": small.caller.key.name})
    assert made.status_code == 303
    small.subscribe("/from-the-form")
    page = client.get(made.headers["Location"]).get_data(as_text=True)
    assert "/from-the-form" in page
    assert small.caller.key.name in client.get(PAGES).get_data(as_text=True)
    with small.lux.db.read(small.firm.id) as session:
        hook = session.scalars(select(WebhookSubscription)).one()
    shown = client.get(f"/settings/integrations/webhooks/{hook.public_id}").get_data(as_text=True)
    assert small.firm.person.name in shown
    assert made.headers["Location"] in shown
    assert client.post(f"{made.headers['Location']}/end").status_code == 303
    assert small.states() == [HookState.ENDED]
    assert small.lux.client(small.lux.member(small.firm.id, Role.MARKETER)).get(PAGES).status_code == 403


def test_two_at_once_do_not_take_the_last_place_both(small: Zap) -> None:
    """The second sees what the first took: the yes is locked while it is counted."""
    small.allow(most=1)
    program = _program(small)
    with small.lux.db.begin(small.firm.id) as session:
        by_program.subscribe(session, program, target=small.receiver.url("/one"), event=KIND)
        with pytest.raises(WrongState):
            by_program.subscribe(session, program, target=small.receiver.url("/two"), event=KIND)
    with small.lux.db.read(small.firm.id) as session:
        assert reads.open_counts(session) != {}


def _program(zap: Zap) -> api_keys.Program:
    with zap.lux.db.read(zap.firm.id) as session:
        return api_keys.program_of(session, zap.caller.key)
