"""A series is looked at like the mail that it sends: every duty, rule, brand, risk and budget, at both doors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from lux.gate import reads, submit
from lux.gate.models import ApprovalQueue
from lux.gate.reads import ItemView
from lux.gate.review import budgets, costs, own_rules
from lux.gate.review.own_rules import Draft
from lux.gate.review.rules import built_in
from lux.gate.series import starting
from lux.gate.series.models import SeriesRun
from lux.gate.service import ApprovalService
from lux.gate.states import RunState
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.money import Money
from lux.net.storage import store_of
from lux.ports import contributions
from lux.ports.acts import ActKind, RunSeries, SendEmail
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, ready
from tests.gate.review.test_items import Priced, codes, item_now, picture
from tests.gate.test_sending import states

MISSING = {
    "unsubscribe in the HTML": ({"html": "<p>Hello {{ first_name }}</p>"}, "content"),
    "unsubscribe in the text": ({"text": "Hello {{ first_name }}"}, "content"),
    "postal address": ({"postal_address": " "}, "postal_address"),
}


def series(firm: Firm, **values: Any) -> RunSeries:
    """Return a daily series of a mail that passes, with what a test changes of either."""
    until = (clock.now() + dt.timedelta(days=30)).isoformat()
    bounds = {"rule": "0 9 * * *", "zone": "Europe/Berlin", "until": until, "most": 5, "most_recipients": 50}
    bounds |= {"most_messages": 500, "drift_percent": 500, "drift_least": 50}
    mail = act(firm)
    plain = {one.name: getattr(mail, one.name) for one in fields(SendEmail)}
    return RunSeries(**{**plain, **bounds, **values, "kind": ActKind.SERIES})


def submitted(lux: Installation, firm: Firm, **values: Any) -> ItemView:
    """Submit a series and return its item."""
    with lux.db.begin(firm.id) as session:
        made = submit.submit_for_approval(
            session, series(firm, **values), author=firm.person, title="Daily", subject=("campaign", 1)
        )
        return reads.outbound(session, made.id).item


def edit(lux: Installation, firm: Firm, item: ItemView, **values: Any) -> None:
    """Change what a series says."""
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).edit(firm.person, item.public_id, series(firm, **values), title="Daily")


@pytest.fixture
def firm(lux_sqlite: Installation, told_sqlite: Told) -> Firm:
    """Make a company that may let a campaign repeat."""
    assert told_sqlite.events == []
    made = ready(lux_sqlite, 3)
    lux_sqlite.switch_on(made, "automation_scheduled_publishing")
    return made


def refused(lux: Installation, firm: Firm, item: ItemView, **values: Any) -> set[str]:
    """Try it as a new series and as a change of one; returns the fields that both doors named, each with a fix."""
    named = []
    for door in (lambda: submitted(lux, firm, **values), lambda: edit(lux, firm, item, **values)):
        with pytest.raises(InvalidInput) as caught:
            door()
        assert all(one.message and one.fix for one in caught.value.problems)
        named.append({one.field for one in caught.value.problems})
    assert named[0] == named[1]
    return named[0]


def test_every_rule_about_a_mail_is_about_a_series() -> None:
    """Rules of the file, present and future: what holds one holds the other; texts of other kinds stay theirs."""
    for rule in built_in():
        as_mail = rule.applies(kind="email_campaign", channel="email")
        assert rule.applies(kind="series", channel="email") is as_mail, rule.code
    limited = replace(built_in()[0], kinds=("sms_campaign",))
    assert not limited.applies(kind="series", channel="email")


def test_a_series_without_address_or_way_out_is_refused(lux_sqlite: Installation, firm: Firm) -> None:
    """At submission and at a revision, with the field and what to do; the yes that stood stands."""
    item = submitted(lux_sqlite, firm)
    for what, (values, field) in MISSING.items():
        assert refused(lux_sqlite, firm, item, **values) == {field}, what
    assert item_now(lux_sqlite, firm, item) == item


def test_rules_brand_and_risk_are_told_of_a_series(lux_sqlite: Installation, firm: Firm) -> None:
    """Warnings do not hold it, a company's own rule that blocks does; the risk is that of its mail."""
    lux = lux_sqlite
    with lux.db.begin(0) as session:
        company = session.get_one(Company, firm.id)
        company.brand = {**company.brand, "banned_words": ["cheap*"], "link_domains": ["firm.example"]}
    item = submitted(lux, firm, subject="Last chance: cheaper, and it cures cancer")
    assert {one["code"] for one in item.findings} == {"banned_word", "link_domain", "health_claim", "urgency"}
    assert (item.risk_level, codes(item)) == ("high", {"first_send", "new_link_domain", "urgency", "claims"})
    with lux.db.begin(firm.id) as session:
        rule = Draft(name="Rival", severity="block", phrases=["lumina*"], message="Names a rival.", fix="Leave it out.")
        own_rules.add(session, firm.person, rule)
    assert refused(lux, firm, item, preview_text="Better than Luminara") == {"preview_text"}


@pytest.fixture
def price(firm: Firm) -> Iterator[Priced]:
    """Let each message cost five cents."""
    assert firm.id
    before, source = contributions.installed(), Priced()
    contributions.install(replace(before, prices=(source,)))
    yield source
    contributions.install(before)


def test_each_run_of_a_series_costs_what_its_own_recipients_cost(
    lux_sqlite: Installation, firm: Firm, price: Priced
) -> None:
    """The budget is asked of a series too, and what it takes is what its runs take: each by itself, none twice."""
    lux = lux_sqlite
    assert price.channel == "email"
    with lux.db.begin(firm.id) as session:
        budgets.set_budget(session, firm.person, channel="email", period="month", amount="0.10", currency="EUR")
    with pytest.raises(InvalidInput, match="budget"):
        submitted(lux, firm)
    with lux.db.begin(firm.id) as session:
        budgets.set_budget(session, firm.person, channel="email", period="month", amount="9.00", currency="EUR")
    item = submitted(lux, firm)
    assert item.cost == Money(minor=15, currency="EUR")
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)
        outbound = reads.item_outbound(session, item.id)
        assert costs.rooms(session)["email", "month"].taken.minor == 0, "nothing of it ran yet"
    lux.contacts(firm, 2)
    assert outbound.due_at is not None
    with time_machine.travel(outbound.due_at + dt.timedelta(minutes=1), tick=True):
        starting.run_due(lux.db, outbound.id)
        with lux.db.read(firm.id) as session:
            run = session.scalars(select(ApprovalQueue).where(ApprovalQueue.kind == ActKind.EMAIL_CAMPAIGN)).one()
            assert (run.audience_count, run.cost_minor, run.cost_currency) == (5, 25, "EUR")
            assert costs.rooms(session)["email", "month"].taken.minor == 25


def test_a_picture_that_is_another_one_by_now_stops_a_series(lux_sqlite: Installation, firm: Firm) -> None:
    """Byte for byte what was approved, at every run: else nothing leaves and a new yes is asked for."""
    lux = lux_sqlite
    shown = picture(lux, firm, b"one")
    item = submitted(lux, firm, media=(shown,))
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)
        outbound = reads.item_outbound(session, item.id)
    assert outbound.due_at is not None
    with time_machine.travel(outbound.due_at + dt.timedelta(minutes=1), tick=True):
        starting.run_due(lux.db, outbound.id)
        lux.work()
        assert states(lux, firm.id) == {"captured": 3}
    with store_of(lux.settings).open_write(shown.key) as file:
        file.write(b"two")
    with time_machine.travel(outbound.due_at + dt.timedelta(days=1, minutes=1), tick=True):
        starting.run_due(lux.db, outbound.id)
        lux.work()
    assert states(lux, firm.id) == {"captured": 3}
    again = item_now(lux, firm, item)
    assert again.state is reads.ItemState.PENDING
    assert "picture" in again.reason
    with lux.db.read(firm.id) as session:
        runs = session.scalars(select(SeriesRun).order_by(SeriesRun.slot_at)).all()
        assert [(run.state, run.check_failed) for run in runs] == [(RunState.STARTED, ""), (RunState.REFUSED, "media")]
