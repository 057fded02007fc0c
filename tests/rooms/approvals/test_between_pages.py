"""Pages that speak of the same thing say the same, and each leads to where the thing is mended."""

from __future__ import annotations

import re

from sqlalchemy import select, update

from lux.gate import reads, stop, submit
from lux.gate.models import FeatureToggle, Stop
from lux.gate.reads import ItemState
from lux.gate.stop import scopes
from lux.identity.access import Role
from lux.kit.db import ALL_COMPANIES
from lux.ports.acts import AudienceRef
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.gate.conftest import act
from tests.rooms.email import campaigns

END = {"scope": "company", "confirmation": "resume", "reason": "It was the right list."}


def waiting(lux: Installation, firm: Firm) -> reads.ItemView:
    """Return the item that waits."""
    with lux.db.read(firm.id) as session:
        return reads.items(session, states=[ItemState.PENDING])[0]


def test_an_approval_tells_of_a_switch_that_is_off_before_and_with_the_yes(lux_sqlite: Installation) -> None:
    """The page of the item leads to the switch; the yes says that nothing leaves; turned on, neither is said."""
    lux = lux_sqlite
    firm = filled(lux)
    item, client = waiting(lux, firm), lux.client(firm)
    page = f"/approvals/{item.public_id}"
    assert "is off." not in client.get(page).text
    with lux.db.begin(firm.id) as session:
        session.execute(update(FeatureToggle).values(is_on=False))
    shown = client.get(page).text
    assert "The switch “E-mail” (channel_email) is off." in shown
    assert 'href="/approvals/toggles/channel_email"' in shown
    data = {"shown_hash": item.content_hash, "confirmation": str(item.audience_count)}
    told = client.post(f"{page}/approve", data=data, follow_redirects=True).text
    assert "Approved, and it does not leave yet. The switch “E-mail”" in told
    assert "It is leaving now." not in told
    assert "It has its yes, and nothing leaves until it is on" in told
    lux.work()
    on = {"key": "channel_email", "is_on": "true", "reason": "We begin slowly"}
    told = client.post("/approvals/toggles", data=on, follow_redirects=True).text
    assert "One item that a switch paused waits for somebody to resume it." in told
    history = client.get("/approvals/toggles/channel_email").text.partition("Turned on by")[2]
    assert "We begin slowly" in history, "the history says why in the words that were typed"
    assert "sha256" not in history


def test_an_approval_under_a_stop_leads_to_it(lux_sqlite: Installation) -> None:
    """Alone and among several: before the yes and with it."""
    firm = filled(lux_sqlite)
    item, client = waiting(lux_sqlite, firm), lux_sqlite.client(firm)
    client.post("/approvals/stop")
    page = f"/approvals/{item.public_id}"
    batch = f"/approvals/batch?ids={item.public_id}"
    assert all("Open the stop" in client.get(path).text for path in (page, batch))
    chosen = f"{item.public_id}:{item.content_hash}:{item.audience_count}"
    data = {"chosen": [chosen], "confirmation": str(item.audience_count)}
    told = client.post("/approvals/batch/approve", data=data).text
    assert "It has its yes, and nothing leaves until the stop ends." in told
    assert "It has its yes, and nothing leaves until the stop ends." in client.get(page).text


def test_a_stop_offers_each_person_what_they_may_do(lux_sqlite: Installation) -> None:
    """A viewer gets no button that would be refused; who can't end it reads who can."""
    lux = lux_sqlite
    firm = lux.firm()
    owner, marketer, viewer = (
        lux.client(one) for one in (firm, lux.member(firm.id, Role.MARKETER), lux.member(firm.id, Role.VIEWER))
    )
    assert ["Stop sending" in one.get("/").text for one in (owner, marketer, viewer)] == [True, True, False]
    marketer.post("/approvals/stop", data={"scope": "company"})
    assert ["Resume…" in one.get("/").text for one in (owner, marketer, viewer)] == [True, False, False]
    assert "An owner or admin of the company ends it." in marketer.get("/approvals/stop").text
    assert "An owner or admin of the company ends it." not in owner.get("/approvals/stop").text


def test_an_end_pressed_twice_ends_once(lux_sqlite: Installation) -> None:
    """The second changes nothing: no row in the chain, no new epoch, no second ramp."""
    lux = lux_sqlite
    firm = lux.firm()
    client = lux.client(firm)
    client.post("/approvals/stop", data={"scope": "company", "reason": "The wrong list"})
    client.post("/approvals/stop", data={"scope": "company"})
    assert "The wrong list" in client.get("/approvals/stop").text, "a second press does not wipe out why"
    assert "The stop is over." in client.post("/approvals/stop/resume", data=END, follow_redirects=True).text
    with lux.db.read(ALL_COMPANIES) as session:
        before = session.execute(select(Stop.epoch, Stop.changed_at, Stop.reason)).all()
    again = client.post("/approvals/stop/resume", data={**END, "reason": "again"}, follow_redirects=True).text
    assert "This stop was over already." in again
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.execute(select(Stop.epoch, Stop.changed_at, Stop.reason)).all() == before
    assert client.get("/approvals/audit").text.count("<code>stop.resumed</code>") == 1


def test_a_campaign_that_is_not_there_is_not_stopped(lux_sqlite: Installation) -> None:
    """By a number neither, be it nobody's or another company's."""
    lux = lux_sqlite
    firm, other = campaigns.ready(lux), campaigns.ready(lux)
    foreign = campaigns.draft(lux, other)
    with lux.db.read(other.id) as session:
        number = campaigns.load(session, foreign).id
    client = lux.client(firm)
    for wanted in (number, 999_999):
        assert client.post("/approvals/stop", data={"scope": f"campaign:{wanted}"}).status_code == 404
    assert "Nothing is stopped" in client.get("/approvals/stop").text


def test_the_audit_log_names_what_was_stopped_bounded_and_budgeted(lux_sqlite: Installation) -> None:
    """A stop of a part is not called one of the company; amounts are amounts, not cents; each row leads to its page."""
    lux = lux_sqlite
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm, name="Spring letter")
    campaigns.submit(lux, firm, public_id)
    with lux.db.read(firm.id) as session:
        number = campaigns.load(session, public_id).id
    client = lux.client(firm)
    client.post("/approvals/stop", data={"scope": f"campaign:{number}"})
    client.post("/approvals/stop", data={"scope": "channel:webhook"})
    trigger = {"key": "complaints", "threshold": "0.2", "minimum": "500", "minutes": "7"}
    client.post("/approvals/stop/triggers", data=trigger)
    client.post("/approvals/budgets", data={"channel": "sms", "currency": "EUR", "day": "25", "month": ""})
    rule = {
        "name": "Comparison",
        "severity": "warn",
        "phrases": "cheapest",
        "unless": "",
        "message": "Compare.",
        "fix": "",
    }
    client.post("/approvals/rules/new", data=rule)
    client.post(
        "/approvals/policy", data={"four_eyes": "1", "expires_days": "7", "offer_hours": "48", "reason": "More"}
    )
    page = client.get("/approvals/audit").text
    name = firm.person.name
    with lux.db.read(firm.id) as session:
        what = stop.naming.of(session, scopes.of_campaign(firm.id, number))
    assert "this company" not in re.findall(r"pressed the emergency stop: ([^<]*)", page)
    for words in (f"{name} pressed the emergency stop: {what}", "stop: Webhooks, of this company",
                  "automatic stop: Called spam", "changed the budget of SMS", "added a review rule: “Comparison”",
                  "0.3 → 0.2", "25.00 EUR", 'href="/approvals/budgets#budget-sms"'):  # fmt: skip
        assert words in page, words
    assert "{'" not in page.replace("&#39;", "'"), "no detail is shown as a program writes it"


def test_a_finding_leads_to_its_rule_for_who_may_read_it(lux_sqlite: Installation) -> None:
    """An owner opens the rule from the item; a marketer gets no link that would be refused."""
    lux = lux_sqlite
    firm = filled(lux)
    everyone = AudienceRef(source="everyone", key="", label="Everyone")
    with lux.db.begin(firm.id) as session:
        mail = act(firm, audience=everyone, from_email=f"news{firm.id}@example.com", subject="Guaranteed results")
        made = submit.submit_for_approval(session, mail, author=firm.person, title="Loud", subject=("campaign", 1))
        item = reads.outbound(session, made.id).item
    client, marketer = lux.client(firm), lux.client(lux.member(firm.id, Role.MARKETER))
    found = re.search(r'href="/approvals/rules#(rule-[\w-]+)"', client.get(f"/approvals/{item.public_id}").text)
    assert found is not None
    assert f'id="{found[1]}"' in client.get("/approvals/rules").text
    assert "/approvals/rules" not in marketer.get(f"/approvals/{item.public_id}").text
    assert "risk" in client.get(f"/approvals/batch?ids={item.public_id}").text.partition("batch-rows")[2]


def test_what_stands_under_approvals_is_one_level_down(lux_sqlite: Installation) -> None:
    """Four entries govern; policy, rules and budgets are reached from the queue and by the palette."""
    client = lux_sqlite.client(lux_sqlite.firm())
    page = client.get("/approvals/").text
    navigation, _end, rest = page.partition("</nav>")
    for path in ("/approvals/policy", "/approvals/rules", "/approvals/budgets"):
        assert f'href="{path}"' not in navigation, path
        assert f'href="{path}"' in rest, path
        assert 'href="/approvals/"' in client.get(path).text.partition("<main")[2], path
