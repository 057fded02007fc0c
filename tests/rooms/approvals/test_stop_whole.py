"""The page of a stop tells all of it: series and webhooks too, every number counted over the whole."""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import select, update

from lux.gate import reads, stop
from lux.gate.models import Outbound, Stop
from lux.gate.reads import ItemState
from lux.gate.stop import scopes, waiting, wire
from lux.gate.webhooks import subscriptions
from lux.kit import clock
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ports.acts import AudienceRef
from lux.rooms.email import repeating
from lux.rooms.email.repeat import Repeat
from tests.factories import Firm, Installation
from tests.gate.conftest import approved, submitted
from tests.rooms.email import campaigns

EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")
LATE = 51


def series(lux: Installation, firm: Firm) -> None:
    """Approve a weekly campaign."""
    public_id = campaigns.draft(lux, firm, name="Every Tuesday")
    until = (clock.now() + dt.timedelta(days=90)).date()
    repeat = Repeat(every="week", weekday="tue", at=dt.time(9), until=until, most=12, most_recipients=100,
                    most_messages=2000, drift_percent=50, drift_least=1)  # fmt: skip
    with lux.db.begin(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        repeating.choose(session, campaign, repeat, editor=firm.person, version=campaign.version)
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)


def words_of(page: str) -> str:
    """Return what a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_more_than_is_shown_is_counted(lux_sqlite: Installation) -> None:
    """51 items past their time, a series, three calls and 60 messages on the wire: all told, all sent back."""
    lux = lux_sqlite
    firm = campaigns.ready(lux, 60)
    sender = f"news{firm.id}@example.com"
    approved(lux, firm, submitted(lux, firm, audience=EVERYONE, from_email=sender, subject="Gone"))
    lux.work()
    for number in range(LATE):
        item = submitted(lux, firm, audience=EVERYONE, from_email=sender, subject=f"Late {number}")
        approved(lux, firm, item)
    series(lux, firm)
    with lux.db.begin(firm.id) as session:
        late = Outbound.is_materialised.is_(False), Outbound.kind == "email_campaign"
        session.execute(update(Outbound).where(*late).values(due_at=clock.now() - dt.timedelta(hours=30)))
        told = {"name": "Shop", "target": "https://shop.example.com/hook", "kinds": ["contact.created"]}
        subscriptions.create(session, firm.person, **told, confirmation="shop.example.com")
        facts.record_many(session, [NewFact(kind="contact.created") for _ in range(3)])
    scope = scopes.of_company(firm.id)
    with lux.db.begin(firm.id) as session:
        stop.press(session, scope=scope, by=firm.person)
        session.execute(update(Stop).values(changed_at=clock.now() - dt.timedelta(minutes=5)))
    with lux.db.read(firm.id) as session:
        assert (waiting.count(session, scope), waiting.count_missed(session, scope)) == (LATE + 1, LATE)
        assert len(waiting.waiting(session, scope)) == 50
        found, total = wire.on_the_wire(session, scope, clock.now() - dt.timedelta(minutes=5))
        assert (len(found), total) == (50, 60)
        email = scopes.of_channel("email", firm.id)
        assert waiting.count(session, email) == LATE + 1
    page = lux.client(firm).get("/approvals/stop").text
    said = words_of(page)
    for words in ("52 items wait:", "and 2 more", "51 of them are past their time", "60 messages", "and 10 more",
                  "3 calls of webhooks wait:", "Shop 3 calls", "Every Tuesday next run"):  # fmt: skip
        assert words in said, words
    data = {"scope": "company", "confirmation": "resume", "reason": "looked"}
    client = lux.client(firm)
    assert client.post("/approvals/stop/resume", data=data).status_code == 303
    assert "51 items are past their time" in client.get("/approvals/stop").text
    with lux.db.read(firm.id) as session:
        assert len(reads.items(session, states=[ItemState.PENDING], limit=100)) == LATE


def test_a_stop_of_mail_holds_no_webhook(lux_sqlite: Installation) -> None:
    """Only what a stop holds is listed under it; whoever may not end it sees what it holds too."""
    from lux.gate.stop import calls
    from lux.identity.access import Role

    firm = lux_sqlite.firm()
    with lux_sqlite.db.begin(firm.id) as session:
        told = {"name": "Shop", "target": "https://shop.example.com/hook", "kinds": ["contact.created"]}
        subscriptions.create(session, firm.person, **told, confirmation="shop.example.com")
        facts.record_many(session, [NewFact(kind="contact.created")])
        assert calls.held(session, scopes.of_channel("email", firm.id)) == ()
        assert calls.held(session, scopes.of_campaign(firm.id, 1)) == ()
        for scope in (scopes.FILE, scopes.INSTALLATION, scopes.of_company(firm.id),
                      scopes.of_channel("webhook", firm.id), scopes.of_channel("webhook", None)):  # fmt: skip
            assert [(one.name, one.calls) for one in calls.held(session, scope)] == [("Shop", 1)], scope
        stop.press(session, scope=scopes.of_channel("webhook", firm.id), by=firm.person)
    viewer = lux_sqlite.client(lux_sqlite.member(firm.id, Role.VIEWER))
    assert "One call of a webhook waits: Shop one call" in words_of(viewer.get("/approvals/stop").text)
    with lux_sqlite.db.read(firm.id) as session:
        assert session.scalar(select(Stop.pressers)) == [firm.user_id]
