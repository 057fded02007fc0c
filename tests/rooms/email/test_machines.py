"""Machines and people over HTTP: what each leaves behind, also when it turns out only afterwards."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from lux.gate import captured
from lux.gate.models import Delivery
from lux.gate.preview import take_apart
from lux.kit import clock
from lux.ledger import recount, rollups
from lux.ledger.models import Fact
from lux.render import tokens
from tests.rooms.email import campaigns
from tests.rooms.email.campaigns import BROWSER
from tests.rooms.email.test_tracking import token

if TYPE_CHECKING:
    import uuid

    from lux.gate.reads import DeliveryView
    from tests.factories import Firm, Installation

SCANNER = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/100.0 Safari/537.36"}


class Still:
    """The time as these tests see it: it stands still once a message has left, however slow the machine is."""

    at: dt.datetime | None = None


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time stand still where a test asks for it."""
    real = clock.now
    Still.at = None
    monkeypatch.setattr(clock, "now", lambda: Still.at or real())


def one(lux: Installation, **values: object) -> tuple[Firm, uuid.UUID, DeliveryView]:
    """Send a campaign to one person, an hour ago."""
    firm = campaigns.ready(lux, 1)
    public_id = campaigns.sent(lux, firm, **values)
    campaigns.later(lux, firm)
    Still.at = clock.now()
    return firm, public_id, campaigns.deliveries(lux, firm, public_id)[0]


def click(lux: Installation, delivery: int, number: int, headers: dict[str, str] = BROWSER) -> None:
    """Follow a link."""
    lux.client().get(f"/c/{token(lux, tokens.CLICK, delivery)}/{number}", headers=headers)


def look(lux: Installation, delivery: int, headers: dict[str, str] = BROWSER) -> None:
    """Load the picture."""
    lux.client().get(f"/o/{token(lux, tokens.OPEN, delivery)}.gif", headers=headers)


def judged(lux: Installation, firm: Firm) -> list[tuple[str, str, str]]:
    """Return the facts of deliveries as they were recorded: kind, judgement, rule."""
    with lux.db.read(firm.id) as session:
        rows = session.query(Fact).filter(Fact.unit_id.is_not(None)).order_by(Fact.id)
        return [(row.kind.removeprefix("email."), row.human, row.properties["rule"]) for row in rows]


def counts(lux: Installation, firm: Firm, kind: str) -> rollups.Count:
    """Return what the roll-ups hold of the one campaign."""
    with lux.db.read(firm.id) as session:
        found = {key[1]: value for key, value in rollups.counts(session, "campaign").items()}
    assert not [row for row in recount.rebuild(lux.db, firm.id, is_dry=True) if row.differing]
    return found.get(kind, rollups.NOTHING)


def test_a_person_reads_and_clicks(lux: Installation) -> None:
    firm, public_id, row = one(lux)
    look(lux, row.id)
    click(lux, row.id, 1)
    assert judged(lux, firm) == [("opened", "yes", "browser"), ("clicked", "yes", "browser")]
    assert counts(lux, firm, "email.clicked") == (1, 1, 1, 1, 0)
    after = campaigns.deliveries(lux, firm, public_id)[0]
    assert after.human_opened_at == after.first_opened_at is not None
    assert after.human_clicked_at == after.first_clicked_at is not None


def test_apple_loads_pictures_whether_or_not_anybody_reads(lux: Installation) -> None:
    firm, public_id, row = one(lux)
    look(lux, row.id, {"User-Agent": "Mozilla/5.0"})
    assert judged(lux, firm) == [("opened", "machine", "apple_mpp")]
    assert counts(lux, firm, "email.opened") == (1, 1, 0, 0, 1)
    Still.at = clock.now() + dt.timedelta(minutes=1)
    look(lux, row.id)
    assert counts(lux, firm, "email.opened") == (2, 1, 1, 1, 1)
    after = campaigns.deliveries(lux, firm, public_id)[0]
    assert after.first_opened_at < after.human_opened_at


def test_a_click_before_anybody_could_have_read_it_is_a_machine(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    public_id = campaigns.sent(lux, firm)
    row = campaigns.deliveries(lux, firm, public_id)[0]
    Still.at = row.sent_at + dt.timedelta(seconds=3)
    click(lux, row.id, 1)
    assert judged(lux, firm) == [("clicked", "machine", "too_soon")]


def test_a_click_while_the_message_is_on_the_wire_counts_from_then(lux: Installation) -> None:
    firm, _public_id, row = one(lux)
    with lux.db.begin(firm.id) as session:
        held = session.get(Delivery, row.id)
        held.sent_at, held.leaving_at = None, clock.now()
    click(lux, row.id, 1)
    with lux.db.begin(firm.id) as session:
        session.get(Delivery, row.id).leaving_at = None
    click(lux, row.id, 1)
    assert [rule for _kind, _human, rule in judged(lux, firm)] == ["too_soon", "before_sending"]


def test_who_follows_every_link_at_once_is_a_machine_from_the_first_on(lux: Installation) -> None:
    firm, public_id, row = one(lux)
    click(lux, row.id, 1, SCANNER)
    assert counts(lux, firm, "email.clicked") == (1, 1, 1, 1, 0)
    click(lux, row.id, 2, SCANNER)
    assert judged(lux, firm) == [("clicked", "yes", "browser"), ("clicked", "machine", "click_everything")]
    with lux.db.read(firm.id) as session:
        correction = session.query(Fact).filter(Fact.kind == "fact.judged").one()
        first = session.query(Fact).filter(Fact.kind == "email.clicked").order_by(Fact.id).first()
        assert correction.corrects_id == first.id
        assert correction.properties == {"kind": "email.clicked", "was": "yes", "rule": "click_everything"}
    assert counts(lux, firm, "email.clicked") == (2, 1, 0, 0, 2)
    assert campaigns.deliveries(lux, firm, public_id)[0].human_clicked_at is None


def test_two_links_with_time_in_between_are_a_person(lux: Installation) -> None:
    firm, _public_id, row = one(lux)
    click(lux, row.id, 1)
    campaigns.later(lux, firm, seconds=8)
    click(lux, row.id, 2)
    assert {human for _kind, human, _rule in judged(lux, firm)} == {"yes"}


def test_the_trap_judges_the_burst_before_and_after_it(lux: Installation) -> None:
    firm, public_id, row = one(lux)
    look(lux, row.id)
    campaigns.later(lux, firm, seconds=600)  # a person, ten minutes earlier
    look(lux, row.id, SCANNER)
    click(lux, row.id, 1, SCANNER)
    trap = f"/t/{token(lux, tokens.TRAP, row.id)}"
    answer = lux.client().get(trap, headers=SCANNER)
    assert (answer.status_code, "Location" in answer.headers) == (404, False)
    lux.client().head(trap, headers=SCANNER)  # twice within a minute adds nothing
    campaigns.later(lux, firm, seconds=5)
    click(lux, row.id, 1, SCANNER)
    campaigns.later(lux, firm, seconds=60)
    click(lux, row.id, 2)  # a person, a minute later
    assert judged(lux, firm) == [
        ("opened", "yes", "browser"),
        ("opened", "yes", "browser"),
        ("clicked", "yes", "browser"),
        ("trapped", "machine", "trap"),
        ("clicked", "machine", "trap"),
        ("clicked", "yes", "browser"),
    ]
    with lux.db.read(firm.id) as session:
        kinds = [row.properties["kind"] for row in session.query(Fact).filter(Fact.kind == "fact.judged")]
    assert sorted(kinds) == ["email.clicked", "email.opened"]
    assert counted(lux, firm, "email.opened") == (2, 1, 1)
    assert counted(lux, firm, "email.clicked") == (3, 1, 2)
    after = campaigns.deliveries(lux, firm, public_id)[0]
    assert after.human_opened_at is not None
    assert after.human_clicked_at is not None


def counted(lux: Installation, firm: Firm, kind: str) -> tuple[int, int, int]:
    """Return all, people's, machines' (moments were moved by hand here, so days are not compared)."""
    with lux.db.read(firm.id) as session:
        found = next(value for key, value in rollups.counts(session, "campaign").items() if key[1] == kind)
    return found.total, found.human, found.machine


def test_a_scanner_that_walks_every_link_unsubscribes_nobody(lux: Installation) -> None:
    """Every address in a real built message, headers included, is asked for by GET and HEAD."""
    firm, public_id, row = one(lux)
    with lux.db.read(firm.id) as session:
        raw = captured.message(session, firm.person, row.id)
    html, header = take_apart(raw).html, re.search(rb"List-Unsubscribe: <([^>]+)>", raw)
    assert header
    found = [*re.findall(r'(?:href|src)="(https?://[^"]+)"', html), header[1].decode()]
    paths = [urlsplit(url).path for url in found]
    assert {path[:3] for path in paths} == {"/c/", "/o/", "/t/", "/u/"}
    scanner = lux.client()
    for path in (*paths, *reversed(paths)):
        scanner.head(path, headers=SCANNER)
        scanner.get(path, headers=SCANNER)
    after = campaigns.deliveries(lux, firm, public_id)[0]
    assert after.unsubscribed_at is None
    assert after.human_opened_at is None
    assert after.human_clicked_at is None
    assert counts(lux, firm, "email.clicked").human == counts(lux, firm, "email.opened").human == 0
    one_click = next(path for path in paths if path.startswith("/u/"))
    assert scanner.post(one_click, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert campaigns.deliveries(lux, firm, public_id)[0].unsubscribed_at is not None
    assert counts(lux, firm, "email.unsubscribed") == (1, 1, 1, 1, 0)


def test_the_trap_is_no_link_of_the_campaign_and_not_shown_from_inside(lux_sqlite: Installation) -> None:
    firm, public_id, row = one(lux_sqlite)
    client = lux_sqlite.client(firm)
    assert "/t/" not in client.get(f"/mailbox/{row.id}").text
    assert "/t/" not in client.get(f"/mailbox/{row.id}/frame").text
    assert client.get(f"/campaigns/{public_id}/report").text.count("https://shop.example.com") == 2
    view = lux_sqlite.client().get(f"/v/{token(lux_sqlite, tokens.VIEW, row.id)}")
    assert view.status_code == 200
    assert "/t/" not in view.text


def test_a_mail_that_is_not_tracked_has_no_trap(lux_sqlite: Installation) -> None:
    firm, _public_id, row = one(lux_sqlite, track_opens=False, track_clicks=False)
    with lux_sqlite.db.read(firm.id) as session:
        assert b"/t/" not in captured.message(session, firm.person, row.id)
