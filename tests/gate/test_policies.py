"""How a company decides: four eyes, two people above a number, until when; and who chose that."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from lux.gate.deciding import deciders, policies
from lux.gate.deciding.policies import Rules
from lux.identity.access import Role
from lux.kit.errors import Conflict, Forbidden, InvalidInput
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Installation

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("two_above", "recipients", "needed"),
    [(None, 10**7, 1), (100, 100, 1), (100, 101, 2), (0, 1, 2), (0, 0, 1)],
)
def test_two_people_are_needed_above_a_number(two_above: int | None, recipients: int, needed: int) -> None:
    """Above it, not at it."""
    assert Rules(two_above=two_above).yeses_for(recipients) == needed


@pytest.mark.parametrize(
    ("send_at", "offer_ends_at", "expires_at"),
    [
        (None, None, NOW + 14 * DAY),
        (NOW + HOUR, None, NOW + 72 * HOUR),  # it may be decided a little late, and leaves at once then
        (NOW + 20 * DAY, None, NOW + 20 * DAY),  # it is not given up before the time it asks for
        (None, NOW + 30 * DAY, NOW + 72 * HOUR),
        (None, NOW + 2 * HOUR, NOW + 2 * HOUR),  # an offer that is over is never decided on
        (NOW + 20 * DAY, NOW + 10 * DAY, NOW + 10 * DAY),
    ],
)
def test_what_carries_a_date_expires_sooner(
    send_at: dt.datetime | None, offer_ends_at: dt.datetime | None, expires_at: dt.datetime
) -> None:
    """72 hours beside 14 days."""
    assert Rules().expires_at(NOW, send_at=send_at, offer_ends_at=offer_ends_at) == expires_at


def test_looser_is_what_lets_more_pass() -> None:
    """Other people's eyes and the number above which two look; not the days until it expires."""
    strict = Rules(four_eyes=True, two_above=100)
    looser = [Rules(two_above=100), Rules(four_eyes=True), Rules(four_eyes=True, two_above=101)]
    assert all(one.loosens(strict) for one in looser)
    assert not any(strict.loosens(one) for one in [*looser, strict, replace(strict, expires_days=90)])


def test_own_is_what_somebody_had_a_hand_in() -> None:
    """Author, last editor, and who asked the agent; nobody in particular is never the same."""
    hands = {"author_id": 1, "editor_id": 2, "prompted_by": 3}
    assert [set(deciders.own_parts(n, **hands)) for n in (1, 2, 3, 4, None)] == [
        {"author"}, {"editor"}, {"prompter"}, set(), set(),
    ]  # fmt: skip


def test_choosing_is_for_those_who_manage_and_stands_in_the_chain(lux_sqlite: Installation) -> None:
    """Before and after, with who and why; a stale page, a marketer and what can't work are refused."""
    firm = lux_sqlite.firm()
    with lux_sqlite.db.read(firm.id) as session:
        assert policies.policy_of(session) == policies.Policy(rules=Rules())  # nobody chose: the defaults
    refused = [
        (firm, Rules(two_above=10), 0, InvalidInput, "two_above"),  # there is one person who may say yes
        (firm, Rules(expires_days=0), 0, InvalidInput, "expires_days"),
        (firm, Rules(offer_hours=10_000), 0, InvalidInput, "offer_hours"),
        (firm, Rules(), 7, Conflict, None),
        (lux_sqlite.member(firm.id, Role.MARKETER), Rules(), 0, Forbidden, None),
    ]
    for who, rules, version, error, field in refused:
        with pytest.raises(error) as said, lux_sqlite.db.begin(firm.id) as session:
            policies.choose(session, who.person, rules, version=version)
        assert said.value.field == field
    lux_sqlite.member(firm.id, Role.ADMIN)
    wanted = Rules(four_eyes=True, two_above=10, expires_days=5, offer_hours=24)
    with lux_sqlite.db.begin(firm.id) as session:
        assert policies.choose(session, firm.person, wanted, version=0) is False
    with pytest.raises(InvalidInput, match="reason"), lux_sqlite.db.begin(firm.id) as session:
        policies.choose(session, firm.person, Rules(), version=1)
    with lux_sqlite.db.begin(firm.id) as session:
        assert policies.choose(session, firm.person, Rules(), version=1, reason="We are two again") is True
    with lux_sqlite.db.read(firm.id) as session:
        query = select(ApprovalAuditLog).where(
            ApprovalAuditLog.company_id == firm.id, ApprovalAuditLog.action == "policy.changed"
        )
        rows = session.scalars(query.order_by(ApprovalAuditLog.seq)).all()
        told = [json.loads(row.detail) for row in rows]
    assert [(one["before"]["four_eyes"], one["after"]["four_eyes"]) for one in told] == [(False, True), (True, False)]
    assert told[0]["after"] == policies.plain(wanted)
    assert {row.actor_id for row in rows} == {firm.user_id}
