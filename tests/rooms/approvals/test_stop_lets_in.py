"""What goes on while everything is stopped: whatever comes in, people's own word, the way in, and system mails."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from lux.gate import consent, stop
from lux.gate.consent import SuppressionReason
from lux.gate.models import Outbound
from lux.gate.stop import noticing
from lux.ledger.models import Fact
from lux.render import tokens
from lux.rooms.contacts.models import Contact
from tests.factories import PASSWORD, Firm, Installation
from tests.rooms.contacts.test_zapier import ADA, URL, key_for
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import LINKS, token
from tests.rooms.newsletter.conftest import mails
from tests.rooms.newsletter.test_unsubscribe import ONE_CLICK


@pytest.mark.parametrize("way", ["installation", "file"])
def test_while_everything_is_stopped_whatever_comes_in_goes_on(lux_sqlite: Installation, way: str) -> None:
    """By real addresses, as strangers reach them; and all the while the campaign with a yes does not leave."""
    lux = lux_sqlite
    firm = campaigns.ready(lux, 4)
    opened, left, clicked, told = campaigns.deliveries(lux, firm, campaigns.sent(lux, firm))
    campaigns.later(lux, firm)
    held = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, held)
    press(lux, way)
    campaigns.approve(lux, firm, held)  # a yes is recorded
    stranger = lux.client()

    assert stranger.get(f"/o/{token(lux, tokens.OPEN, opened.id)}.gif", headers=campaigns.BROWSER).status_code == 200
    to = stranger.get(f"/c/{token(lux, tokens.CLICK, clicked.id)}/1", headers=campaigns.BROWSER)
    assert to.headers.get("Location") == LINKS[1], to.status

    page = stranger.post(f"/u/{token(lux, tokens.UNSUBSCRIBE, left.id)}")
    assert "You are unsubscribed" in page.text
    assert stranger.post(f"/u/{token(lux, tokens.UNSUBSCRIBE, told.id)}", data=ONE_CLICK).status_code == 200
    with lux.db.read(firm.id) as session:
        for address in (left.address, told.address):
            assert consent.status(session, "email", [address])[address].suppressed is SuppressionReason.UNSUBSCRIBED
        kinds = set(session.scalars(select(Fact.kind)))
    assert {"email.opened", "email.clicked", "email.unsubscribed"} <= kinds

    answer = stranger.post(URL, json=ADA, headers={"X-API-Key": key_for(lux, firm)})
    assert answer.status_code == 201, answer.text
    with lux.db.read(firm.id) as session:
        assert session.scalar(select(Contact.id).where(Contact.email_key == "ada@example.com"))

    door = {"email": firm.person.email, "password": PASSWORD}
    assert lux.client().post("/sign-in", data=door).status_code == 303
    assert "If there is an account" in lux.client().post("/forgot", data={"email": firm.person.email}).text
    (reset,) = [text for to_whom, text in mails(lux) if firm.person.email in to_whom]
    path = re.search(r"https?://[^/\s]+(/reset/\S+)", reset)
    assert path is not None
    assert lux.client().get(path[1]).status_code == 200
    assert left_of(lux, firm) == {True}, "the campaign with a yes is still held"


def press(lux: Installation, way: str) -> None:
    """Stop the whole installation."""
    if way == "file":
        (lux.settings.home / stop.STOP_FILE).touch()
        noticing.tick(lux.db)
        return
    with lux.db.begin(0) as session:
        stop.press(session, by=None)


def left_of(lux: Installation, firm: Firm) -> set[bool]:
    """Return whether the last campaign has not begun."""
    with lux.db.read(firm.id) as session:
        query = select(Outbound).where(Outbound.kind == "email_campaign").order_by(Outbound.id.desc()).limit(1)
        return {one.started_at is None for one in session.scalars(query)}
