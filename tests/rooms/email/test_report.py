"""Every figure of a report equals a recount from raw rows and facts, whatever people did in whatever order."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from lux.gate.models import Delivery
from lux.gate.reads import DeliveryState
from lux.identity.access import Role
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import ApprovalAuditLog, Fact
from lux.render import tokens
from lux.rooms.email import queries, report
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import token

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from tests.factories import Firm, Installation


def recount(session: Session, campaign_id: int) -> dict[str, int]:
    """Count everything anew, one row at a time, without roll-ups or marks on deliveries."""
    facts = session.query(Fact).filter(Fact.subject_type == "campaign", Fact.subject_id == campaign_id).all()
    by_kind: dict[str, list[Fact]] = {}
    for fact in facts:
        by_kind.setdefault(fact.kind, []).append(fact)

    def people(kind: str) -> int:
        return len({fact.unit_id for fact in by_kind.get(kind, [])})

    states = Counter(state for (state,) in session.query(Delivery.state))
    return {
        "sent": states[DeliveryState.SENT] + states[DeliveryState.DELIVERED] + states[DeliveryState.BOUNCED],
        "captured": states[DeliveryState.CAPTURED],
        "failed": states[DeliveryState.FAILED] + states[DeliveryState.BOUNCED],
        "skipped": states[DeliveryState.SKIPPED],
        "unknown": states[DeliveryState.UNKNOWN],
        "unique_opens": people("email.opened"),
        "opens": len(by_kind.get("email.opened", [])),
        "unique_clicks": people("email.clicked"),
        "clicks": len(by_kind.get("email.clicked", [])),
        "click_to_open": people("email.clicked"),
        "unsubscribes": people("email.unsubscribed"),
    }


def of(lux: Installation, firm: Firm, public_id: uuid.UUID) -> tuple[report.Report, dict[str, int]]:
    """Return a report and the recount it has to equal."""
    with lux.db.read(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        outbound = queries.outbound_of(session, campaign, with_counts=True)
        assert outbound is not None
        return report.report_of(session, campaign, outbound), recount(session, campaign.id)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_equals_a_recount(lux: Installation, seed: int) -> None:
    chance = random.Random(seed)
    firm = campaigns.ready(lux, 12)
    lux.contacts(firm, chance.randint(0, 3), with_consent=False)
    public_id = campaigns.sent(lux, firm)
    ids = [one.id for one in campaigns.deliveries(lux, firm, public_id) if one.state is DeliveryState.CAPTURED]
    client = lux.client()
    for _ in range(60):
        number, act = chance.choice(ids), chance.choice(["open", "open", "click", "leave", "back"])
        if act == "open":
            client.get(f"/o/{token(lux, tokens.OPEN, number)}.gif")
        elif act == "click":
            client.get(f"/c/{token(lux, tokens.CLICK, number)}/{chance.choice([1, 2, 7])}")
        elif act == "leave":
            client.post(f"/u/{token(lux, tokens.UNSUBSCRIBE, number)}")
        else:
            client.post(f"/u/{token(lux, tokens.UNSUBSCRIBE, number)}/undo")
    found, counted = of(lux, firm, public_id)
    for one in (*found.outcome, *found.engagement):
        if one.key != "delivered":
            assert one.value == counted[one.key], one.key
    assert found.reached == len(ids)
    assert sum(found.days.total["email.opened"]) == counted["opens"]
    assert sum(found.days.total["email.clicked"]) == counted["clicks"]
    with lux.db.read(firm.id) as session:
        clicks = session.query(Fact).filter(Fact.kind == "email.clicked").all()
        for link in found.links:
            own = [fact for fact in clicks if fact.properties["link"] == link.number]
            assert link.clicks == len(own)
            assert link.recipients == len({fact.properties["delivery"] for fact in own})
    row = page_row(lux, firm)
    assert row.people("email.opened") == counted["unique_opens"]
    assert row.people("email.clicked") == counted["unique_clicks"]


def page_row(lux: Installation, firm: Firm) -> queries.CampaignRow:
    """Return the campaign as the list shows it."""
    with lux.db.read(firm.id) as session:
        return queries.listing(session).rows[0]


def test_delivered_is_unknown_unless_the_provider_says_so(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 2)
    public_id = campaigns.sent(lux_sqlite, firm)
    assert of(lux_sqlite, firm, public_id)[0].figure("delivered").value is None
    shown = lux_sqlite.client(firm).get(f"/campaigns/{public_id}/report").text
    assert "not that it arrived" in shown
    with lux_sqlite.db.begin(firm.id) as session:
        session.query(Delivery).first().state = DeliveryState.DELIVERED
    assert of(lux_sqlite, firm, public_id)[0].figure("delivered").value == 1


def test_what_was_not_counted_is_not_known(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 2)
    public_id = campaigns.sent(lux_sqlite, firm, track_opens=False, track_clicks=False)
    found, _counted = of(lux_sqlite, firm, public_id)
    for key in ("opens", "unique_opens", "clicks", "unique_clicks", "click_to_open"):
        assert found.figure(key).value is None, key
        assert found.figure(key).why


def test_shares_carry_numerator_and_denominator(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 4)
    public_id = campaigns.sent(lux_sqlite, firm)
    one = campaigns.deliveries(lux_sqlite, firm, public_id)[0]
    lux_sqlite.client().get(f"/o/{token(lux_sqlite, tokens.OPEN, one.id)}.gif")
    shown = lux_sqlite.client(firm).get(f"/campaigns/{public_id}/report").text
    assert "25.0" in shown
    assert "1 of 4 recipients reached" in shown


def test_the_file_of_recipients_holds_everyone_and_no_formula(lux: Installation) -> None:
    firm = campaigns.ready(lux, 2)
    lux.contacts(firm, 1, email="=cmd@example.com")
    public_id = campaigns.sent(lux, firm)
    answer = lux.client(firm).get(f"/campaigns/{public_id}/recipients.csv")
    lines = answer.text.split("\r\n")
    assert answer.mimetype == "text/csv"
    assert len(lines) == 5  # head, three recipients, the end
    assert any(line.startswith("'=cmd@example.com,Captured") for line in lines)
    found = lux.client(firm).get(f"/campaigns/{public_id}/recipients.csv?q=%3Dcmd").text
    assert found.count("\r\n") == 2
    with lux.db.read(ALL_COMPANIES) as session:
        query = select(ApprovalAuditLog.detail).where(ApprovalAuditLog.action == "campaign.recipients_exported")
        rows = [json.loads(one) for one in session.scalars(query.order_by(ApprovalAuditLog.seq))]
    assert [(one["rows"], one["is_searched"]) for one in rows] == [(3, False), (1, True)]
    assert "=cmd" not in str(rows)
    reader = lux.client(lux.member(firm.id, Role.VIEWER))
    assert reader.get(f"/campaigns/{public_id}/recipients.csv").status_code == 403
    assert "recipients.csv" not in reader.get(f"/campaigns/{public_id}/recipients").text


def test_recipients_are_found_by_state_and_address(lux: Installation) -> None:
    firm = campaigns.ready(lux, 55)
    lux.contacts(firm, 2, with_consent=False, source="x")
    public_id, client = campaigns.sent(lux, firm), lux.client(firm)
    path = f"/campaigns/{public_id}/recipients"
    assert client.get(path).text.count("data-row") == 50
    assert client.get(f"{path}?state=skipped").text.count("no consent for e-mail") == 2
    assert client.get(f"{path}?state=unknown").text.count("data-row") == 0
    address = campaigns.deliveries(lux, firm, public_id)[7].address
    assert client.get(f"{path}?q={address}").text.count("data-row") == 1
