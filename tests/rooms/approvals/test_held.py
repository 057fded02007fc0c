"""What keeps a yes from taking effect is said before it is given: a stop over one of several, a switch for later."""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import update

from lux.gate import reads, stop
from lux.gate.models import ApprovalQueue, FeatureToggle
from lux.gate.reads import ItemView
from lux.gate.stop import scopes
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.kit import clock
from lux.rooms.approvals import held
from tests.factories import Firm, Installation
from tests.rooms.approvals.test_stop_whole import words_of
from tests.rooms.email import campaigns


def waiting(lux: Installation, firm: Firm) -> list[ItemView]:
    """Return what waits, the oldest first."""
    with lux.db.read(firm.id) as session:
        return sorted(reads.items(session), key=lambda item: item.id)


def two(lux: Installation) -> Firm:
    """Submit two campaigns, the first of which a stop will hold."""
    firm = campaigns.ready(lux)
    for name in ("Spring", "Autumn"):
        public_id = campaigns.draft(lux, firm, name=name)
        campaigns.submit(lux, firm, public_id)
    return firm


def test_a_stop_over_one_of_several_is_named_with_it(lux_sqlite: Installation) -> None:
    """Before and after deciding; a stop of the whole names none, and one of something else is not told."""
    lux = lux_sqlite
    firm = two(lux)
    first, second = waiting(lux, firm)
    client = lux.client(firm)
    address = f"/approvals/batch?ids={first.public_id}&ids={second.public_id}"
    assert "Stopped:" not in words_of(client.get(address).text)
    with lux.db.begin(firm.id) as session:
        number = first.subject[1]
        assert number is not None
        stop.press(session, scope=scopes.of_campaign(firm.id, number + 1000), by=firm.person)
        assert held.over(session, [first, second]) == []
        stop.press(session, scope=scopes.of_campaign(firm.id, number), by=firm.person)
    page = client.get(address).text
    said = words_of(page[page.index("<main") :])
    assert "Stopped: The campaign “Spring”" in said
    assert "Of these it holds: “Spring”." in said
    assert "Open the stop" in said
    whole = sum(item.audience_count for item in (first, second))
    data = {"chosen": re.findall(r'name="chosen" value="([^"]+)"', page)[:2], "confirmation": str(whole)}
    done = words_of(client.post("/approvals/batch/approve", data=data).text)
    assert "All 2 are decided" in done
    assert "Of these it holds: “Spring”." in done
    lux.work()
    with lux.db.begin(firm.id) as session:
        assert reads.item_outbound(session, first.id).started_at is None
        assert reads.item_outbound(session, second.id).started_at is not None
        stop.press(session, company_id=firm.id, by=firm.person)
        found = held.over(session, waiting(lux, firm)[:1])
        assert [one.title for one in found] == ["An emergency stop is active"], "told once, by the widest"


def test_a_stop_of_an_agent_is_told_on_what_it_submitted(lux_sqlite: Installation) -> None:
    """And on nothing else."""
    firm = two(lux_sqlite)
    first, second = waiting(lux_sqlite, firm)
    by_agent = {"author_type": "agent", "author_name": "content_seo"}
    with lux_sqlite.db.begin(firm.id) as session:
        session.execute(update(ApprovalQueue).where(ApprovalQueue.id == second.id).values(**by_agent))
        scope = Scope(kind=ScopeKind.AGENT, company_id=firm.id, value="content_seo")
        stop.press(session, scope=scope, by=firm.person)
    client = lux_sqlite.client(firm)
    assert "Stopped: What the agent" in client.get(f"/approvals/{second.public_id}").text.partition("<main")[2]
    assert "Stopped: What the agent" not in client.get(f"/approvals/{first.public_id}").text.partition("<main")[2]


def test_the_dialog_says_before_that_a_later_time_is_refused(lux_sqlite: Installation) -> None:
    """With the way to the switch; on, it says nothing; at once stays possible while it is off."""
    lux = lux_sqlite
    firm = two(lux)
    first, second = waiting(lux, firm)
    client = lux.client(firm)

    def dialog(item: ItemView) -> str:
        found = re.search(
            r'<dialog[^>]*id="approve".*?</dialog>', client.get(f"/approvals/{item.public_id}").text, re.DOTALL
        )
        assert found is not None
        return found[0]

    warned = "a yes for a later time is refused until it is on"
    assert warned not in dialog(first)
    with lux.db.begin(firm.id) as session:
        session.execute(
            update(FeatureToggle).where(FeatureToggle.key == "automation_scheduled_publishing").values(is_on=False)
        )
        tomorrow = clock.now() + dt.timedelta(days=1)
        session.execute(update(ApprovalQueue).where(ApprovalQueue.id == second.id).values(send_at=tomorrow))
    shown = dialog(first)
    assert warned in shown
    assert 'href="/approvals/toggles/automation_scheduled_publishing"' in shown
    assert "nobody can say yes to it until it is on" in dialog(second)
    data = {"shown_hash": first.content_hash, "confirmation": str(first.audience_count)}
    later = client.post(f"/approvals/{first.public_id}/approve", data={**data, "send_at": "2090-01-01T09:00"})
    assert later.status_code in {409, 422}
    assert client.post(f"/approvals/{first.public_id}/approve", data=data).status_code == 303


def test_risk_and_findings_stand_before_the_message(lux_sqlite: Installation) -> None:
    """In the order of the text: who decides on a phone, or hears the page, has them first."""
    firm = two(lux_sqlite)
    (first, _second) = waiting(lux_sqlite, firm)
    with lux_sqlite.db.begin(firm.id) as session:
        finding = {"code": "x", "severity": "warn", "message": "Looks odd", "fix": "", "place": ""}
        session.execute(update(ApprovalQueue).where(ApprovalQueue.id == first.id).values(findings=[finding]))
    page = lux_sqlite.client(firm).get(f"/approvals/{first.public_id}").text
    order = [page.index(f'id="{name}"') for name in ("findings", "risk")]
    assert order == sorted(order)
    assert order[-1] < page.index("<iframe")
