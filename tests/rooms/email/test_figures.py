"""One campaign over a real server with refusals and an open outcome: report, list, tile and file equal a recount."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from lux.gate import control
from lux.gate.models import Delivery
from lux.gate.reads import DeliveryState
from lux.ledger.audit import Actor
from lux.ledger.models import Fact
from lux.render import tokens
from lux.rooms.email.tiles import Result
from lux.vault import accounts
from tests.rooms.email import campaigns
from tests.rooms.email.test_report import of, page_row
from tests.rooms.email.test_tracking import token

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from tests.emulators.smtp import SmtpServer
    from tests.factories import Firm, Installation

StartServer = Callable[..., "SmtpServer"]
ARRIVED = {DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.CAPTURED}


def sent(lux: Installation, server: SmtpServer, count: int) -> tuple[Firm, uuid.UUID]:
    """Send a campaign of which two addresses are refused and two answers get lost, one of them settled as failed."""
    firm = campaigns.ready(lux, count)
    lux.contacts(firm, 2, with_consent=False)
    lux.mail_server(firm, server.port)
    with lux.db.begin(firm.id) as session:
        accounts.make_default(session, "email", accounts.listing(session)[0], actor=Actor(type="person", id=1))
    server.script.next_recipients.extend(["550 5.1.1 no such user"] * 2)
    server.script.drops.extend(["after dot", "after dot"])
    public_id = campaigns.sent(lux, firm)
    for _ in range(2):  # what was put off when the line broke
        with lux.db.begin(0) as session:
            session.execute(text("UPDATE job SET due_at = created_at"))
            session.execute(text("UPDATE delivery SET due_at = NULL WHERE state = 'queued'"))
        lux.work()
    unknown = [one.id for one in campaigns.deliveries(lux, firm, public_id) if one.state is DeliveryState.UNKNOWN]
    assert len(unknown) == 2
    with lux.db.begin(firm.id) as session:
        control.settle_unknown(session, firm.person, unknown[0], was_sent=False)
    return firm, public_id


def people(lux: Installation, ids: list[int], seed: int) -> None:
    """Let recipients open, click and leave as chance wants it; each does something at least once."""
    chance, client = random.Random(seed), lux.client()
    for number in (*ids, *chance.choices(ids, k=30)):
        act = chance.choice(["open", "click", "leave"])
        if act == "open":
            client.get(f"/o/{token(lux, tokens.OPEN, number)}.gif")
        elif act == "click":
            client.get(f"/c/{token(lux, tokens.CLICK, number)}/{chance.choice([1, 2])}")
        else:
            client.post(f"/u/{token(lux, tokens.UNSUBSCRIBE, number)}")


def reached(session: Session) -> int:
    """Count anew who got it: by the server's word, or by what they did."""
    acted = {
        fact.properties["delivery"]
        for fact in session.query(Fact).filter(Fact.kind.in_(["email.opened", "email.clicked", "email.unsubscribed"]))
    }
    return sum(row.state in ARRIVED or row.id in acted for row in session.query(Delivery))


@pytest.mark.parametrize("seed", [1, 2])
def test_report_list_tile_and_file_equal_a_recount(
    outgoing: Installation, start_smtp_server: StartServer, seed: int
) -> None:
    firm, public_id = sent(outgoing, start_smtp_server(), 10)
    rows = campaigns.deliveries(outgoing, firm, public_id)
    states = Counter(one.state for one in rows)
    assert (states[DeliveryState.SENT], states[DeliveryState.FAILED], states[DeliveryState.UNKNOWN]) == (6, 3, 1)
    taken = [one.id for one in rows if one.state in ARRIVED or one.error == "Ambiguous"]
    people(outgoing, taken, seed)
    report, counted = of(outgoing, firm, public_id)
    with outgoing.db.read(firm.id) as session:
        whole, tile = reached(session), Result().tile(session, firm.id, "owner")
    assert whole == len(taken) == 8
    for one in (*report.outcome, *report.engagement):
        if one.key != "delivered":
            assert one.value == counted[one.key], one.key
        assert one.of is None or one.value is None or one.key == "click_to_open" or one.value <= one.of, one.key
    row = page_row(outgoing, firm)
    assert (report.reached, row.reached) == (whole, whole)
    assert (row.people("email.opened"), row.people("email.clicked")) == (
        counted["unique_opens"],
        counted["unique_clicks"],
    )
    assert tile is not None
    shown = {
        "campaigns": 1,
        "reached": whole,
        "sent": counted["sent"],
        "captured": 0,
        "failed": counted["failed"],
        "openers": counted["unique_opens"],
        "clickers": counted["unique_clicks"],
    }
    assert {key: tile.context[key] for key in shown} == shown
    said = f"{tile.context['human_openers']} of {whole}, all {counted['unique_opens']}"
    assert said in outgoing.client(firm).get("/").text
    assert file_of(outgoing, firm, public_id) == {
        "Sent": counted["sent"],
        "Failed": counted["failed"],
        "Outcome unknown": counted["unknown"],
        "Skipped": counted["skipped"],
        "First opened": counted["unique_opens"],
        "First clicked": counted["unique_clicks"],
        "Unsubscribed": counted["unsubscribes"],
    }


def file_of(lux: Installation, firm: Firm, public_id: uuid.UUID) -> Counter[str]:
    """Count the file of recipients: rows by state, and how often each moment is filled in."""
    answer = lux.client(firm).get(f"/campaigns/{public_id}/recipients.csv").text
    found: Counter[str] = Counter()
    for line in csv.DictReader(io.StringIO(answer)):
        found[line["State"]] += 1
        found.update(name for name in ("First opened", "First clicked", "Unsubscribed") if line[name])
    return found


def test_who_opened_it_is_not_written_to_again(outgoing: Installation, start_smtp_server: StartServer) -> None:
    """Settled as failed, then opened: it had arrived, so a second try leaves that person out."""
    server = start_smtp_server()
    firm, public_id = sent(outgoing, server, 6)
    settled = next(
        one
        for one in campaigns.deliveries(outgoing, firm, public_id)
        if one.state is DeliveryState.FAILED and one.error == "Ambiguous"
    )
    outgoing.client().get(f"/o/{token(outgoing, tokens.OPEN, settled.id)}.gif")
    answer = outgoing.client(firm).post(f"/campaigns/{public_id}/resend")
    assert answer.status_code == 409
    assert Counter(server.recipients())[settled.address] == 1


def test_an_opened_message_of_unknown_outcome_says_that_it_arrived(
    outgoing: Installation, start_smtp_server: StartServer
) -> None:
    firm, public_id = sent(outgoing, start_smtp_server(), 6)
    one = next(o for o in campaigns.deliveries(outgoing, firm, public_id) if o.state is DeliveryState.UNKNOWN)
    outgoing.client().get(f"/o/{token(outgoing, tokens.OPEN, one.id)}.gif")
    shown = outgoing.client(firm).get(f"/campaigns/{public_id}/recipients?state=unknown").text
    assert "so it arrived" in shown
