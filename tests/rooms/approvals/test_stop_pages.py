"""The page of the stop: parts, what waits and goes back, the triggers' bounds, rehearsals; a campaign's own button."""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import text, update

from lux.gate import reads, stop
from lux.gate.deciding import policies
from lux.gate.models import Outbound
from lux.gate.reads import ItemState
from lux.identity.access import Role
from lux.identity.models import User
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from tests.factories import Installation
from tests.rooms.email import campaigns


def test_a_campaign_is_stopped_from_its_page_and_its_end_shows_what_waits(lux: Installation) -> None:
    """Only it is held; the banner and the dashboard name it; the end is typed, and what is past its time goes back."""
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    client = lux.client(firm)
    campaigns.approve(lux, firm, public_id)
    page = client.get(f"/campaigns/{public_id}").text
    assert "Stop this campaign" in page
    assert client.post("/approvals/stop", data={"scope": f"campaign:{public_id}"}).status_code == 303
    lux.work()
    for path in ("/", "/contacts", "/approvals/stop"):
        shown = client.get(path).text
        assert "Stopped: The campaign “" in shown, path
        assert "Stop sending" in shown, path  # the rest can still be stopped
    with lux.db.begin(firm.id) as session:
        session.execute(update(Outbound).values(due_at=clock.now() - dt.timedelta(hours=30)))
    shown = client.get("/approvals/stop").text
    assert "One of them is past its time" in shown
    assert "0 done, 3 wait" in shown
    token = re.search(r'name="scope" value="(campaign:\d+)"', shown)
    assert token is not None
    data = {"scope": token[1], "confirmation": "resum", "reason": "It was the right list."}
    refused = client.post("/approvals/stop/resume", data=data)
    assert refused.status_code == 422
    assert "It was the right list." in refused.text  # nothing typed is lost
    assert client.post("/approvals/stop/resume", data={**data, "confirmation": "resume"}).status_code == 303
    shown = client.get("/approvals/stop").text
    assert "needs a new yes" in shown
    assert "Nothing is stopped" in shown
    with lux.db.read(firm.id) as session:
        assert [one.state for one in reads.items(session)] == [ItemState.PENDING]


def test_parts_are_offered_and_guarded(lux_sqlite: Installation) -> None:
    """Channels and agents for the company, all companies' channels for operators; nobody else's campaign."""
    lux = lux_sqlite
    firm, other = campaigns.ready(lux), campaigns.ready(lux)
    foreign = campaigns.draft(lux, other)
    client = lux.client(firm)
    page = client.get("/approvals/stop").text
    assert ('value="channel:email"' in page, 'value="agent:content_seo"' in page) == (True, True)
    assert "all/channel" not in page
    for token, status in (("channel:email", 303), ("agent:content_seo", 303), ("all/channel:email", 403),
                          ("installation", 403), (f"campaign:{foreign}", 404), ("channel:smoke", 404),
                          ("drill:1", 422), ("company:8", 422)):  # fmt: skip
        assert client.post("/approvals/stop", data={"scope": token}).status_code == status, token
    with lux.db.read(firm.id) as session:
        assert [one.token for one in stop.active(session, firm.id)] == ["channel:email", "agent:content_seo"]
        assert stop.active(session, other.id) == []
    assert "2" in client.get("/").text
    viewer = lux.client(lux.member(firm.id, Role.VIEWER))
    assert viewer.post("/approvals/stop", data={"scope": "channel:email"}).status_code == 403
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))
    assert client.post("/approvals/stop", data={"scope": "all/channel:email"}).status_code == 303
    assert "E-mail, of all companies" in lux.client(other).get("/approvals/stop").text


def test_bounds_are_shown_and_changed_with_nothing_lost(lux_sqlite: Installation) -> None:
    """Typed in percent and days; outside what is safe the fields say so and keep what was typed."""
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    page = client.get("/approvals/stop").text
    assert "More than 0.3 % within 7 days" in page
    assert "100 or more within 10 minutes" in page
    data = {"key": "complaints", "threshold": "7.5", "minimum": "500", "minutes": "7"}
    refused = client.post("/approvals/stop/triggers", data=data)
    assert refused.status_code == 422
    assert ('value="7.5"' in refused.text, "Enter 0.05 to 1." in refused.text) == (True, True)
    assert client.post("/approvals/stop/triggers", data={**data, "threshold": "0.2"}).status_code == 303
    assert "More than 0.2 % within 7 days; below 500 messages" in client.get("/approvals/stop").text
    assert client.post("/approvals/stop/triggers", data={**data, "key": "moon"}).status_code == 404
    marketer = lux_sqlite.client(lux_sqlite.member(firm.id, Role.MARKETER))
    assert marketer.post("/approvals/stop/triggers", data=data).status_code == 403


def test_a_rehearsal_is_begun_by_owners(lux_sqlite: Installation) -> None:
    """Its job is there; a second one waits for the first; the banner does not cry wolf."""
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    assert "Never rehearsed yet." in client.get("/approvals/stop").text
    admin = lux_sqlite.client(lux_sqlite.member(firm.id, Role.ADMIN))
    assert "Rehearse now" not in admin.get("/approvals/stop").text
    assert admin.post("/approvals/stop/drill").status_code == 403
    assert client.post("/approvals/stop/drill").status_code == 303
    assert client.post("/approvals/stop/drill").status_code == 409
    shown = client.get("/approvals/stop").text
    assert ("Under way" in shown, "Nothing is stopped" in shown) == (True, True)
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        kinds = session.execute(text("SELECT kind FROM job ORDER BY kind")).scalars().all()
    assert kinds == ["gate.drill", "gate.send"]


def test_four_eyes_stand_on_the_page(lux_sqlite: Installation) -> None:
    """Who pressed reads who ends it, instead of a button that would be refused."""
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    with lux_sqlite.db.begin(firm.id) as session:
        policies.choose(session, firm.person, policies.Rules(four_eyes=True), version=0, reason="")
    client.post("/approvals/stop")
    assert "four eyes a person ends it who did not" in client.get("/approvals/stop").text
    data = {"scope": "company", "confirmation": "resume", "reason": "It was me."}
    assert client.post("/approvals/stop/resume", data=data).status_code == 403
    other = lux_sqlite.client(lux_sqlite.member(firm.id, Role.ADMIN))
    assert other.post("/approvals/stop/resume", data=data).status_code == 303
