"""The approvals pages: what they show is what leaves, and only who may decide decides."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from lux.gate import reads
from lux.gate.reads import ItemState
from lux.gate.service import ApprovalService
from lux.identity.access import Role
from lux.ledger import audit
from lux.ports.acts import AudienceRef
from lux.rooms.email import queries as email_queries
from lux.rooms.email.states import CampaignState, state_of
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.gate.conftest import act
from tests.rooms.email import campaigns


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


def test_a_time_with_a_zone_of_its_own_is_refused_as_such(lux_sqlite: Installation) -> None:
    """The time is the company's wall time: the form says so, and says nothing false about clocks."""
    firm = filled(lux_sqlite)
    item, client = waiting(lux_sqlite, firm), lux_sqlite.client(firm)
    data = {"shown_hash": item.content_hash, "confirmation": str(item.audience_count)}
    for value in ("2030-01-01T10:00+05:00", "2030-01-01T10:00Z"):
        answer = client.post(f"/approvals/{item.public_id}/approve", data={**data, "send_at": value})
        assert answer.status_code == 422
        assert "without a zone" in answer.text
        assert "does not exist" not in answer.text
        assert waiting(lux_sqlite, firm).state is ItemState.PENDING


def test_a_page_that_begins_nowhere_begins_at_the_start(lux: Installation) -> None:
    """A link with a number that no row can have shows the first page."""
    client = lux.client(filled(lux))
    for before in ("9" * 30, "9223372036854775808", "-1", "1e3", "next", "", "²", "%00"):
        for path in ("/approvals/", "/approvals/audit"):
            answer = client.get(f"{path}?before={before}")
            assert answer.status_code == 200, (path, before)
            assert answer.text.count("data-row") > 0, (path, before)


def test_an_edit_shows_what_changed_since_the_last_yes(lux_sqlite: Installation) -> None:
    """Approved, then edited: the page shows the lines that went and the lines that came, against what was approved."""
    firm = filled(lux_sqlite)
    item, client = waiting(lux_sqlite, firm), lux_sqlite.client(firm)
    decide(client, item)
    with lux_sqlite.db.begin(firm.id) as session:
        everyone = AudienceRef(source="everyone", key="", label="Everyone")
        changed = act(firm, audience=everyone, from_email=f"news{firm.id}@example.com", subject="A better subject")
        ApprovalService(session).edit(firm.person, item.public_id, changed, title="Secret")
    body = client.get(f"/approvals/{item.public_id}").text
    assert "against the version that was approved last" in body
    went = re.findall(r"<del>.*?</span>(.*?)</del>", body)
    came = re.findall(r"<ins>.*?</span>(.*?)</ins>", body)
    assert ("Hello {{ first_name }}" in went, "A better subject" in came) == (True, True)


@pytest.mark.parametrize("has_yes", [False, True])
def test_what_is_taken_back_here_is_a_draft_again(lux: Installation, has_yes: bool) -> None:
    """The same as on the campaign's own page: it can be changed and submitted anew."""
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    item, client = waiting(lux, firm), lux.client(firm)
    assert "a draft again" in client.get(f"/approvals/{item.public_id}").text
    if has_yes:
        campaigns.approve(lux, firm, public_id)
    answer = client.post(f"/approvals/{item.public_id}/cancel", data={"reason": "later"}, follow_redirects=True)
    assert "The campaign is a draft again." in answer.text
    with lux.db.read(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        assert state_of(email_queries.outbound_of(session, campaign)) is CampaignState.DRAFT
        assert reads.item(session, item.public_id).state is ItemState.CANCELLED
    lux.work()
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    lux.work()
    assert len(campaigns.deliveries(lux, firm, public_id)) == 3


def test_what_is_paused_before_it_began_can_be_taken_back_too(lux_sqlite: Installation) -> None:
    """The switch is off, so it waits paused with its yes: taking it back makes it a draft."""
    firm = campaigns.ready(lux_sqlite)
    public_id = campaigns.draft(lux_sqlite, firm)
    campaigns.submit(lux_sqlite, firm, public_id)
    item, client = waiting(lux_sqlite, firm), lux_sqlite.client(firm)
    campaigns.approve(lux_sqlite, firm, public_id)
    client.post("/approvals/toggles", data={"key": "channel_email", "is_on": "false"})
    lux_sqlite.work()
    answer = client.post(f"/approvals/{item.public_id}/cancel", follow_redirects=True)
    assert "The campaign is a draft again." in answer.text


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
