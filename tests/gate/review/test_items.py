"""What stands with an item at submission, at a revision and when it comes back: findings, risk, cost; every kind."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import consent, control, reads, submit
from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.reads import ItemState, ItemView, OutboundState
from lux.gate.review import budgets, costs
from lux.gate.service import ApprovalService
from lux.gate.states import ConsentState
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.jobs import enqueue
from lux.kit.money import Money
from lux.net.storage import store_of
from lux.ports import contributions
from lux.ports.acts import (
    Act,
    ActKind,
    AudienceRef,
    AutomationStep,
    MediaFile,
    PublishComment,
    PublishPage,
    PublishPost,
    QueuedAct,
    RunAutomation,
    RunSeries,
    SendDirectMessage,
    SendSms,
    UseTemplate,
    act_from,
)
from lux.rooms.approvals import fields, queries
from lux.rooms.contacts.models import Contact
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted
from tests.gate.test_sending import states
from tests.gate.test_voided import later

EVERYONE = AudienceRef(source="tested", key="", label="Everyone")
KINDS: dict[ActKind, dict[str, Any]] = {
    ActKind.SMS_CAMPAIGN: {"sender": "Shop", "text": "New lamps. Reply STOP to end", "audience": EVERYONE},
    ActKind.SOCIAL_POST: {"target": "@shop", "text": "New lamps", "first_comment": "More at https://shop.example.com/"},
    ActKind.SOCIAL_COMMENT: {"target": "@shop", "in_reply_to": "https://x.example/1", "quoted": "So", "text": "Thanks"},
    ActKind.DIRECT_MESSAGE: {"target": "@shop", "recipient": "@ada", "quoted": "Open?", "text": "Until six"},
    ActKind.AUTOMATION: {
        "name": "Welcome",
        "trigger": "Somebody subscribes",
        "steps": (AutomationStep(name="First", action="send_email", text="Hello"),),
    },
    ActKind.LANDING_PAGE: {"name": "Lamps", "address": "/lamps", "html": "<p>Lamps</p>"},
    ActKind.TRANSACTIONAL_TEMPLATE: {
        "name": "Receipt", "subject": "Your receipt", "html": "<p>Thanks</p>", "text": "Thanks", "from_name": "Shop",
        "from_email": "news@example.com",
    },
    ActKind.SERIES: {"name": "Weekly", "template": "Letter", "rule": "Mondays", "most": 12, "until": "2030-01-01"},
}  # fmt: skip
CLASSES: dict[ActKind, type[QueuedAct]] = {
    ActKind.SMS_CAMPAIGN: SendSms,
    ActKind.SOCIAL_POST: PublishPost,
    ActKind.SOCIAL_COMMENT: PublishComment,
    ActKind.DIRECT_MESSAGE: SendDirectMessage,
    ActKind.AUTOMATION: RunAutomation,
    ActKind.LANDING_PAGE: PublishPage,
    ActKind.TRANSACTIONAL_TEMPLATE: UseTemplate,
    ActKind.SERIES: RunSeries,
}
CHANNELS = {ActKind.SMS_CAMPAIGN: "sms", ActKind.TRANSACTIONAL_TEMPLATE: "email", ActKind.AUTOMATION: "automation"}


def made(firm: Firm, kind: ActKind, **values: Any) -> QueuedAct:
    """Return an act of a kind that has no connector yet."""
    plain = {"kind": kind, "company_id": firm.id, "channel": CHANNELS.get(kind, "instagram"), "account": ""}
    return CLASSES[kind](**{**plain, **KINDS[kind], **values})


def queued(lux: Installation, firm: Firm, asked: QueuedAct, number: int = 1) -> ItemView:
    """Submit an act and return its item."""
    with lux.db.begin(firm.id) as session:
        outbound = submit.submit_for_approval(
            session, asked, author=firm.person, title="Some", subject=("thing", number)
        )
        return reads.outbound(session, outbound.id).item


def item_now(lux: Installation, firm: Firm, item: ItemView) -> ItemView:
    """Return an item as it stands."""
    with lux.db.read(firm.id) as session:
        return reads.item(session, item.public_id)


def test_every_kind_is_submitted_edited_decided_and_refused_without_a_connector(lux: Installation, told: Told) -> None:
    """Each keeps its yes and waits, paused with clear words; nothing leaves, nothing pretends; all can be ended."""
    firm = ready(lux, 3)
    with lux.db.begin(firm.id) as session:
        keys = session.execute(select(Contact.id, Contact.email_key)).all()
        consent.record_many(
            session,
            [
                consent.ConsentEntry(channel="sms", address_key=row[1], contact_id=row[0], state=ConsentState.GIVEN,
                                     basis="declared", source="test")
                for row in keys
            ],
        )  # fmt: skip
    assert set(KINDS) == {kind for kind in ActKind if kind.value not in {
        "email_campaign", "test_email", "system_email", "webhook", "hooks", "drill"}}  # fmt: skip
    for number, kind in enumerate(KINDS, 1):
        asked = made(firm, kind)
        assert act_from(asked.canonical()) == asked, "what is stored is what was asked for"
        assert act_from(asked.canonical()).digest() == asked.digest()
        item = queued(lux, firm, asked, number)
        assert (item.kind, item.state, item.cost) == (kind.value, ItemState.PENDING, None)
        assert item.risk_level in {"low", "medium"}, kind
        assert fields.without_label(item.body) == set()
        assert {value for _label, value in fields.shown(item.body)} >= {
            str(value) for value in KINDS[kind].values() if isinstance(value, str)
        }
        approved(lux, firm, item)
        later_words = replace(asked, send_at=clock.now().replace(microsecond=0).isoformat())
        with lux.db.begin(firm.id) as session:
            ApprovalService(session).edit(firm.person, item.public_id, later_words, title="Some")
        edited = item_now(lux, firm, item)
        assert (edited.state, edited.version) == (ItemState.PENDING, 2)
        approved(lux, firm, edited)
    lux.work()
    with lux.db.read(firm.id) as session:
        rows = session.scalars(select(Outbound)).all()
        assert {(row.state, row.is_paused, row.check_failed) for row in rows} == {
            (OutboundState.READY, True, "connector")
        }
        assert all("Nothing in LUX can send or publish this kind yet" in row.pause_reason for row in rows)
    assert states(lux, firm.id) == {}
    with lux.db.begin(firm.id) as session:
        for one in reads.items(session):
            ApprovalService(session).cancel(firm.person, one.public_id)
    with lux.db.read(firm.id) as session:
        assert {one.state for one in reads.items(session)} == {ItemState.CANCELLED}


def test_every_kind_says_what_it_can_not_do_without_and_expires(lux_sqlite: Installation, told: Told) -> None:
    """Emptied, each names its fields; undecided, each expires."""
    firm = ready(lux_sqlite, 2)
    kinds = [kind for kind in KINDS if kind is not ActKind.SMS_CAMPAIGN]
    for number, kind in enumerate(kinds, 1):
        texts = {name: "" for name, value in KINDS[kind].items() if isinstance(value, str)}
        with pytest.raises(InvalidInput) as caught:
            queued(lux_sqlite, firm, made(firm, kind, **texts))
        assert caught.value.problems, kind
        assert all(one.message and one.fix for one in caught.value.problems)
        queued(lux_sqlite, firm, made(firm, kind), number)
    with later(days=15):
        with lux_sqlite.db.begin(0) as session:
            enqueue(session, "gate.expire", {})
        lux_sqlite.work()
    with lux_sqlite.db.read(firm.id) as session:
        assert [one.state for one in reads.items(session)] == [ItemState.EXPIRED] * len(kinds)


def picture(lux: Installation, firm: Firm, words: bytes) -> MediaFile:
    """Keep a file and return it pinned to its bytes."""
    key = f"media/{firm.id}/{hashlib.sha256(words).hexdigest()[:8]}.png"
    store = store_of(lux.settings)
    with store.open_write(key) as file:
        file.write(BytesIO(words).read())
    return MediaFile(key=key, sha256=hashlib.sha256(words).hexdigest())


def test_any_edit_of_the_six_voids_the_yes_and_shows_the_difference(lux_sqlite: Installation, told: Told) -> None:
    """Content, media, audience, sender, link, time: each waits anew, and the page names what changed."""
    lux, firm = lux_sqlite, ready(lux_sqlite, 3)
    lux.sender(firm, email=f"other{firm.id}@example.com")
    lux.switch_on(firm, "automation_scheduled_publishing")
    changes = {
        "HTML": {"html": act(firm).html.replace("Hi", "Dear")},
        "Pictures and files": {"media": (picture(lux, firm, b"two"),)},
        "Audience": {"audience": replace(EVERYONE, label="Some", rule={"field": "city"})},
        "Sender address": {"from_email": f"other{firm.id}@example.com"},
        "Tracked links": {"links": ("https://shop.example.com/b",)},
        "Time asked for": {"send_at": "2035-05-05T10:00:00+00:00"},
    }
    before = {"media": (picture(lux, firm, b"one"),)}
    item = submitted(lux, firm, **before)
    for label, values in changes.items():
        approved(lux, firm, item)
        with lux.db.begin(firm.id) as session:
            ApprovalService(session).edit(firm.person, item.public_id, act(firm, **{**before, **values}), title="Hello")
        with lux.db.read(firm.id) as session:
            now = reads.item(session, item.public_id)
            outbound = reads.item_outbound(session, item.id)
            _basis, changed = queries.changes(session, now)
        assert (now.state, outbound.state) == (ItemState.PENDING, OutboundState.HELD), label
        assert now.content_hash != item.content_hash
        assert label in {one.label for one in changed}, label
        item, before = now, {**before, **values}


def codes(item: ItemView) -> set[str]:
    """Return why a risk was set."""
    return {one["code"] for one in item.risk_reasons}


def test_risk_is_of_real_rows_and_looked_at_again(lux: Installation, told: Told) -> None:
    """A first send to a new domain is one; the second time neither is; an edit that presses for time is told."""
    firm = ready(lux, 3)
    first = submitted(lux, firm)
    assert (first.risk_level, codes(first)) == ("medium", {"first_send", "new_link_domain"})
    assert "shop.example.com" in str(first.risk_reasons)
    approved(lux, firm, first)
    lux.work()
    second = submitted(lux, firm)
    assert (second.risk_level, codes(second)) == ("low", set())
    assert "new_link_domain" in codes(submitted(lux, firm, links=("https://shop.example.com.evil.example/a",)))
    assert codes(submitted(lux, firm, links=("https://SHOP.example.com?x=1",))) == set()
    assert submitted(lux, firm, links=("http://10.0.0.1/a",)).risk_level == "high"
    with lux.db.begin(firm.id) as session:
        words = act(firm, subject="Last chance: cures cancer", links=("https://new.example/a",))
        ApprovalService(session).edit(firm.person, second.public_id, words, title="Hello")
    again = item_now(lux, firm, second)
    assert (again.risk_level, codes(again)) == ("high", {"urgency", "claims", "new_link_domain"})
    places = {one["code"]: one.get("place", "") for one in again.findings}
    assert places["urgency"] == "Subject: “Last chance: cures cancer”"
    assert [one["severity"] for one in again.findings] == ["warn", "info"]
    other = ready(lux, 2)
    assert "new_link_domain" in codes(submitted(lux, other)), "another company's sends say nothing here"


def test_what_comes_back_by_itself_is_looked_at_again(lux_sqlite: Installation, told: Told) -> None:
    """After a drift the risk is that of now, and what the room found is still told, once."""
    firm = ready(lux_sqlite, 20)
    with lux_sqlite.db.begin(firm.id) as session:
        found = [submit.Finding(code="room_said", severity="warn", message="The room said so.")]
        outbound = submit.submit_for_approval(
            session,
            act(firm, subject="Hurry"),
            author=firm.person,
            title="Hello",
            subject=("campaign", 1),
            findings=found,
        )
        item = reads.outbound(session, outbound.id).item
    approved(lux_sqlite, firm, item)
    lux_sqlite.contacts(firm, 5)
    lux_sqlite.work()
    again = item_now(lux_sqlite, firm, item)
    assert (again.state, again.version) == (ItemState.PENDING, 2)
    assert sorted(one["code"] for one in again.findings) == ["room_said", "urgency"]
    assert codes(again) == codes(item)


def test_the_brand_names_words_and_places_and_strange_links(lux_sqlite: Installation, told: Told) -> None:
    """Always on: words to avoid in any part that people read, links beside the brand's domains."""
    firm = ready(lux_sqlite, 2)
    with lux_sqlite.db.begin(0) as session:
        company = session.get(Company, firm.id)
        assert company is not None
        company.brand = {**company.brand, "banned_words": ["cheap*", "C++"], "link_domains": ["example.com"]}
        company.website = "https://www.firm.example"
    item = submitted(
        lux_sqlite,
        firm,
        preview_text="Cheaper lamps",
        links=("https://shop.example.com/a", "https://firm.example/b", "https://notexample.com/c"),
    )
    told_of = {one["code"]: one for one in item.findings}
    assert set(told_of) == {"banned_word", "link_domain"}
    assert told_of["banned_word"]["place"] == "Preview text: “Cheaper lamps”"
    assert "notexample.com" in told_of["link_domain"]["message"]
    assert "cheap" not in str(
        submitted(lux_sqlite, firm, html=act(firm).html.replace("<p>", '<p class="cheap">')).findings
    )


class Priced:
    """A channel whose provider asks five cents a recipient."""

    channel = "email"
    currency = "EUR"

    def estimate(self, session: Session, act: Act, recipients: int) -> Money | None:
        """Return the price."""
        return Money(minor=5 * recipients, currency=self.currency)


@pytest.fixture
def price(told: Told) -> Iterator[Priced]:
    """Install the price beside the tested audience."""
    before, source = contributions.installed(), Priced()
    contributions.install(replace(before, prices=(source,)))
    yield source
    contributions.install(before)


def test_a_budget_is_asked_at_submission_and_when_it_begins(lux: Installation, price: Priced) -> None:
    """Three fit by themselves and two together do not: the later waits with the amounts, and goes on with more room."""
    firm = ready(lux, 10)
    assert submitted(lux, firm).cost == Money(minor=50, currency="EUR")
    with lux.db.begin(firm.id) as session:
        budgets.set_budget(session, firm.person, channel="email", period="day", amount="0.40", currency="EUR")
    with pytest.raises(InvalidInput, match="budget") as caught:
        submitted(lux, firm)
    assert [one.field for one in caught.value.problems] == ["cost"]
    with lux.db.begin(firm.id) as session:
        budgets.set_budget(session, firm.person, channel="email", period="day", amount="0.80", currency="EUR")
    first, second = submitted(lux, firm), submitted(lux, firm)
    approved(lux, firm, first)
    with pytest.raises(InvalidInput, match="taken"):
        submitted(lux, firm)  # a yes takes its room
    approved(lux, firm, second)
    lux.work()
    assert states(lux, firm.id) == {"captured": 10}
    with lux.db.begin(firm.id) as session:
        waits = reads.item_outbound(session, second.id)
        assert (waits.is_paused, waits.check_failed) == (True, "budget")
        assert "€0.80" in waits.pause_reason
        budgets.set_budget(session, firm.person, channel="email", period="day", amount="", currency="EUR")
        control.resume(session, firm.person, waits.id)
    lux.work()
    assert states(lux, firm.id) == {"captured": 20}


def test_unknown_and_foreign_money_is_never_guessed(lux_sqlite: Installation, price: Priced) -> None:
    """Without a price: no cost, no block, said so. In other money: blocked, for LUX converts nothing."""
    firm = ready(lux_sqlite, 4)
    with lux_sqlite.db.begin(firm.id) as session:
        budgets.set_budget(session, firm.person, channel="email", period="month", amount="100", currency="USD")
    with pytest.raises(InvalidInput, match="converts no money"):
        submitted(lux_sqlite, firm)
    contributions.install(replace(contributions.installed(), prices=()))
    item = submitted(lux_sqlite, firm)
    assert item.cost is None
    assert [one["code"] for one in item.findings] == ["cost_unknown"]
    with lux_sqlite.db.read(firm.id) as session:
        assert session.scalars(select(ApprovalQueue.cost_minor)).one() is None


@pytest.mark.parametrize(
    ("moment", "period", "start", "end"),
    [
        ("2027-03-28T12:00:00+00:00", "day", "2027-03-27T23:00", "2027-03-28T22:00"),  # a day of 23 hours
        ("2027-10-31T12:00:00+00:00", "day", "2027-10-30T22:00", "2027-10-31T23:00"),  # of 25
        ("2027-12-31T23:30:00+00:00", "month", "2027-12-31T23:00", "2028-01-31T23:00"),  # January there already
    ],
)
def test_a_day_is_a_day_of_the_companys_zone(moment: str, period: str, start: str, end: str) -> None:
    """Both clock changes, and the turn of the year."""
    found = costs.span(period, dt.datetime.fromisoformat(moment), "Europe/Berlin")
    assert [one.strftime("%Y-%m-%dT%H:%M") for one in found] == [start, end]
