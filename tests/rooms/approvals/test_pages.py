"""The approvals pages: what they show is what leaves, and only who may decide decides."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from lux.gate import reads
from lux.gate.reads import ItemState
from lux.identity.access import Role
from lux.ledger import audit
from tests.factories import Firm, Installation
from tests.full_company import filled


def waiting(lux: Installation, firm: Firm) -> reads.ItemView:
    """Return the item that waits."""
    with lux.db.read(firm.id) as session:
        return reads.items(session, states=[ItemState.PENDING])[0]


def test_the_page_shows_exactly_what_would_leave(lux: Installation) -> None:
    """Subject, sender, audience, hash and the message itself, for a real recipient."""
    firm = filled(lux)
    item, client = waiting(lux, firm), lux.client(firm)
    body = client.get(f"/approvals/{item.public_id}").get_data(as_text=True)
    assert item.content_hash in body
    assert "news" in body
    frame = client.get(f"/approvals/{item.public_id}/preview")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert re.search(r"Hi\s+First\d+", frame.get_data(as_text=True))


def decide(client: FlaskClient, item: reads.ItemView, **values: str) -> int:
    """Post the approval form; returns the status."""
    data = {"shown_hash": item.content_hash, "confirmation": str(item.audience_count), **values}
    return client.post(f"/approvals/{item.public_id}/approve", data=data).status_code


def test_approving_asks_for_the_number_and_the_hash(lux: Installation) -> None:
    """A wrong number keeps the form; an old hash is refused; both right is a yes."""
    firm = filled(lux)
    item, client = waiting(lux, firm), lux.client(firm)
    assert decide(client, item, confirmation="1") == 422
    assert decide(client, item, shown_hash="0" * 64) == 409
    assert waiting(lux, firm).public_id == item.public_id
    assert decide(client, item) == 303
    with lux.db.read(firm.id) as session:
        assert reads.item(session, item.public_id).state is ItemState.APPROVED


def test_approving_for_a_time_is_in_the_companys_zone(lux: Installation) -> None:
    """Noon in Berlin in summer is ten in UTC; a time that spring skips is refused."""
    firm = filled(lux)
    item, client = waiting(lux, firm), lux.client(firm)
    assert decide(client, item, send_at="2027-03-28T02:30") == 422
    assert decide(client, item, send_at="2027-07-01T12:00") == 303
    with lux.db.read(firm.id) as session:
        found = reads.item(session, item.public_id)
    assert found.state is ItemState.SCHEDULED
    assert found.send_at is not None
    assert found.send_at.hour == 10


@pytest.mark.parametrize("role", [Role.MARKETER, Role.VIEWER])
def test_others_may_look_but_not_decide(lux_sqlite: Installation, role: Role) -> None:
    """The page has no form for them and the address refuses them."""
    firm = filled(lux_sqlite)
    item = waiting(lux_sqlite, firm)
    client = lux_sqlite.client(lux_sqlite.member(firm.id, role))
    assert 'name="shown_hash"' not in client.get(f"/approvals/{item.public_id}").get_data(as_text=True)
    assert decide(client, item) == 403


def test_a_rejection_needs_a_reason_and_keeps_it(lux: Installation) -> None:
    """Without one the form comes back; with one the author can read it."""
    firm = filled(lux)
    item, client = waiting(lux, firm), lux.client(firm)
    path = f"/approvals/{item.public_id}/reject"
    assert client.post(path, data={"shown_hash": item.content_hash, "reason": ""}).status_code == 422
    assert client.post(path, data={"shown_hash": item.content_hash, "reason": "The date is wrong"}).status_code == 303
    body = client.get(f"/approvals/{item.public_id}").get_data(as_text=True)
    assert "The date is wrong" in body


def test_one_press_stops_and_resuming_is_typed(lux: Installation) -> None:
    """A marketer may stop; ending it takes an admin, the word and a reason; both are in the chain."""
    firm = filled(lux)
    marketer = lux.client(lux.member(firm.id, Role.MARKETER))
    assert marketer.post("/approvals/stop").status_code == 303
    assert "This company is stopped" in marketer.get("/approvals/stop").get_data(as_text=True)
    resume = {"scope": "company", "confirmation": "resume", "reason": "looked at it"}
    assert marketer.post("/approvals/stop/resume", data=resume).status_code == 403
    owner = lux.client(firm)
    assert owner.post("/approvals/stop/resume", data={**resume, "confirmation": "no"}).status_code == 422
    assert owner.post("/approvals/stop/resume", data=resume).status_code == 303
    assert "Nothing is stopped" in owner.get("/approvals/stop").get_data(as_text=True)
    log = owner.get("/approvals/audit").get_data(as_text=True)
    assert "stop.pressed" in log
    assert "stop.resumed" in log
    with lux.db.read(firm.id) as session:
        assert audit.verify(session, firm.id)[1] is None


def test_a_switch_needs_an_admin_and_a_reason(lux_sqlite: Installation) -> None:
    """Off at first, on with a reason, refused for what does not exist yet."""
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    on = {"key": "channel_email", "is_on": "true"}
    assert client.post("/approvals/toggles", data=on).status_code == 422
    assert client.post("/approvals/toggles", data={**on, "reason": "We begin"}).status_code == 303
    assert client.post("/approvals/toggles", data={**on, "key": "channel_x", "reason": "We begin"}).status_code == 422
    viewer = lux_sqlite.client(lux_sqlite.member(firm.id, Role.VIEWER))
    assert viewer.post("/approvals/toggles", data={**on, "reason": "x"}).status_code == 403
