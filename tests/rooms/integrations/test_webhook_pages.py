"""The pages of webhooks: setting one up by typing where data goes, its secret once, pause, again, removal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from lux.gate import jobs
from lux.gate.webhooks.models import WebhookSubscription
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


def test_only_those_who_manage_get_in(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    assert lux_sqlite.client(lux_sqlite.member(firm.id, Role.MARKETER)).get(BASE).status_code == 403


@pytest.mark.parametrize("target", ["https://169.254.169.254/x", "http://10.0.0.1/", "https://a.example:22/", "x"])
def test_an_address_that_may_not_be_reached_is_refused_on_the_form(lux_sqlite: Installation, target: str) -> None:
    client = lux_sqlite.client(lux_sqlite.firm())
    form = {"name": "Shop", "target": target, "kinds": ["contact.created"], "confirmation": "169.254.169.254"}
    if "example" not in target:  # names are looked up by the system's resolver, which tests may not ask
        assert client.post(BASE, data=form).status_code == 422
