"""The pages of webhooks: setting one up by typing where data goes, its secret once, pause, again, removal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from lux.gate import jobs
from lux.gate.states import CallState, Verdict
from lux.gate.webhooks import reads, subscriptions
from lux.gate.webhooks.models import WebhookDelivery, WebhookSubscription
from lux.identity.access import Role
from lux.ledger import facts
from lux.ledger.facts import NewFact
from tests.emulators.webhook_receiver import WebhookReceiver
from tests.factories import Installation

BASE = "/settings/integrations/webhooks/"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Return an address that takes everything."""
    started = WebhookReceiver()
    yield started
    started.stop()


def test_a_webhook_from_the_form_to_its_end(outgoing: Installation, receiver: WebhookReceiver) -> None:
    firm = outgoing.firm()
    client = outgoing.client(firm)
    form = {"name": "Shop", "target": receiver.url(), "kinds": ["contact.created"], "confirmation": "elsewhere"}
    refused = client.post(BASE, data=form)
    assert refused.status_code == 422
    assert receiver.url() in refused.get_data(as_text=True)
    made = client.post(BASE, data=form | {"confirmation": "127.0.0.1"})
    secret = re.search(r'value="(whsec_[^"]+)"', made.get_data(as_text=True))
    assert secret is not None
    with outgoing.db.begin(firm.id) as session:
        hook = session.scalars(select(WebhookSubscription)).one()
        facts.record(session, NewFact(kind="contact.created"))
    jobs.look_for_calls(outgoing.db)
    outgoing.work()
    page = client.get(f"{BASE}{hook.public_id}").get_data(as_text=True)
    assert secret[1] not in page
    assert "Taken" in page
    again = re.search(rf'action="({BASE}calls/[^"]+/again)"', page)
    assert again is not None
    assert client.post(again[1]).status_code == 303
    outgoing.work()
    jobs.look_for_calls(outgoing.db)
    outgoing.work()
    assert len(receiver.requests) == 2
    for verb in ("pause", "resume", "remove"):
        assert client.post(f"{BASE}{hook.public_id}/{verb}").status_code == 303
    assert "Shop" not in client.get(BASE).get_data(as_text=True).split("New webhook")[0].split("<tbody>")[-1]


def test_the_page_of_a_webhook_shows_the_last_twenty_calls(lux_sqlite: Installation) -> None:
    """Each with its outcome; a dead letter stands in a list of its own as well, and both can be sent again."""
    firm = lux_sqlite.firm()
    with lux_sqlite.db.begin(firm.id) as session:
        hook, _secret = subscriptions.create(
            session, firm.person, name="Shop", target="https://shop.example/x", kinds=["tag.added"],
            confirmation="shop.example",
        )  # fmt: skip
        decision = reads.decision_of(session, hook)
        assert decision is not None
        session.add_all(
            WebhookDelivery(
                subscription_id=hook.id, approval_id=decision.id, approval_verdict=Verdict.YES, fact_id=number,
                kind=f"tag.n{number}", state=CallState.SENT if number else CallState.FAILED, tries=1,
            )
            for number in range(22)
        )  # fmt: skip
    page = lux_sqlite.client(firm).get(f"{BASE}{hook.public_id}").get_data(as_text=True)
    calls, dead = page.split("Dead letters", 1)
    assert re.findall(r"tag\.n(\d+)", calls) == [str(number) for number in range(21, 1, -1)]
    assert "tag.n0" in dead
    assert calls.count("Taken") == page.count("/again") - 1 == 20


def test_only_those_who_manage_get_in(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    assert lux_sqlite.client(lux_sqlite.member(firm.id, Role.MARKETER)).get(BASE).status_code == 403


@pytest.mark.parametrize("target", ["https://169.254.169.254/x", "http://10.0.0.1/", "https://a.example:22/", "x"])
def test_an_address_that_may_not_be_reached_is_refused_on_the_form(lux_sqlite: Installation, target: str) -> None:
    client = lux_sqlite.client(lux_sqlite.firm())
    form = {"name": "Shop", "target": target, "kinds": ["contact.created"], "confirmation": "169.254.169.254"}
    if "example" not in target:  # names are looked up by the system's resolver, which tests may not ask
        assert client.post(BASE, data=form).status_code == 422
