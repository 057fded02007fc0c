"""Stops that LUX presses by itself: never for chance, always the narrowest that fits, never twice for the same."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from lux.gate import stop
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState, OutboundState
from lux.gate.stop import looking, rates, scopes, signals, triggers, watching
from lux.gate.stop.triggers import Cause
from lux.identity import members
from lux.identity.models import User
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Forbidden, InvalidInput
from lux.ledger import audit, facts
from lux.ledger.audit import checks
from lux.ledger.facts import NewFact
from lux.ports.acts import AudienceRef
from lux.ports.receipts import Outcome, Receipt
from lux.rooms.notifications.models import Notification
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation, installation
from tests.gate.conftest import approved, ready, submitted

COMPLAINTS, BOUNCES = triggers.SPECS[0], triggers.SPECS[1]


@given(
    total=st.integers(0, 3000), count=st.integers(0, 400), spec=st.sampled_from((COMPLAINTS, BOUNCES)),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_a_small_sample_never_triggers_by_chance(total: int, count: int, spec: triggers.TriggerSpec) -> None:
    """Too few messages or cases, or a rate within the bound: no. Below the minimum only what chance can't explain."""
    count = min(count, total)
    is_high = rates.is_too_high(count, total, threshold=spec.threshold, minimum=spec.minimum)
    if total < rates.FEWEST or count < rates.FEW or count * rates.PER <= spec.threshold * total:
        assert not is_high
    elif total >= spec.minimum:
        assert is_high
    else:
        assert is_high == (rates.tail(count, total, spec.threshold / rates.PER) < rates.CHANCE)
    if is_high:  # more of them can't be better
        assert rates.is_too_high(min(total, count + 1), total, threshold=spec.threshold, minimum=spec.minimum)


def test_the_chance_is_the_binomial_one() -> None:
    """Against figures worked out by hand: ten coins, and three complaints of a hundred at 0.3 %."""
    assert rates.tail(8, 10, 0.5) == pytest.approx(56 / 1024)
    assert rates.tail(1, 100, 0.003) == pytest.approx(1 - 0.997**100)
    assert (rates.tail(0, 10, 0.1), rates.tail(10, 10, 0.5)) == (1.0, pytest.approx(2**-10))
    high = {"threshold": 300, "minimum": 1000}
    assert not rates.is_too_high(2, 100, **high)
    assert rates.is_too_high(10, 300, **high)
    assert (rates.is_too_high(3, 1000, **high), rates.is_too_high(4, 1000, **high)) == (False, True)


def running(lux: Installation, firm: Firm, number: int) -> None:
    """Let campaign `number` be under way."""
    approved(lux, firm, submitted(lux, firm, audience=AudienceRef(source="everyone", key="", label="Everyone")))
    with lux.db.begin(firm.id) as session:
        newest = session.query(Outbound).order_by(Outbound.id.desc()).first()
        assert newest is not None
        values = {"subject_id": number, "state": OutboundState.WORKING, "started_at": clock.now()}
        session.execute(update(Outbound).where(Outbound.id == newest.id).values(**values))


def happened(lux: Installation, firm: Firm, number: int, **counts: int) -> None:
    """Record facts of a campaign: sent, bounced, complained."""
    with lux.db.begin(firm.id) as session:
        for kind, count in counts.items():
            fact = NewFact(kind=f"email.{kind}", subject=("campaign", number), channel="email")
            facts.record_many(session, [fact] * count)


def stopped(lux: Installation, firm: Firm) -> dict[str, str]:
    """Let the clock look; returns what is stopped and the reason."""
    looking.tick(lux.db)
    with lux.db.read(firm.id) as session:
        return {one.token: one.reason for one in stop.active(session, firm.id)}


def resume(lux: Installation, firm: Firm, scope: stop.Scope) -> None:
    """End a stop as the owner."""
    with lux.db.begin(firm.id) as session:
        stop.resume(session, scope=scope, by=firm.person, reason="looked")


def test_complaints_stop_the_campaign_and_tell_it(lux: Installation) -> None:
    """The numbers stand in the reason and in the chain; ended by a person, the same figures do not press it again."""
    firm = ready(lux, 2)
    running(lux, firm, 1)
    happened(lux, firm, 1, sent=1000, complained=3)
    assert stopped(lux, firm) == {}
    happened(lux, firm, 1, complained=1)
    found = stopped(lux, firm)
    assert found == {"campaign:1": "4 of 1000 called it spam: 0.4 %, the bound is 0.3 %."}
    assert stopped(lux, firm) == found
    with lux.db.read(firm.id) as session:
        notice = session.query(Notification).filter_by(kind="stop.automatic").one()
        assert (notice.title, notice.level) == ("LUX stopped by itself: The campaign “Hello”", "bad")
        assert "4 of 1000" in notice.body
        mails = session.scalars(select(ApprovalQueue.title).where(ApprovalQueue.author_type == "system")).all()
        assert mails == ["alert"]  # a system mail: no stop holds it
    scope = scopes.of_campaign(firm.id, 1)
    resume(lux, firm, scope)
    assert stopped(lux, firm) == {}
    happened(lux, firm, 1, sent=100, complained=9)
    assert list(stopped(lux, firm)) == ["campaign:1"]
    with lux.db.read(firm.id) as session:
        rows = session.execute(text("SELECT actor_type, detail FROM approval_audit_log WHERE action = 'stop.pressed'"))
        found_rows = [(row[0], json.loads(row[1])) for row in rows]
        said = audit.words_of(session, firm.id, [detail for _who, detail in found_rows])
        assert [who for who, _detail in found_rows] == ["system"] * 2
        assert len(said) == 2
        assert all("called it spam" in one for one in said.values())
        assert audit.verify(session, firm.id)[1] is None


def test_several_that_are_harmless_alone_stop_the_channel(lux: Installation) -> None:
    """What a stopped campaign did is not held against the others; what all did together is."""
    firm, other = ready(lux, 2), ready(lux, 1)
    for number in (1, 2):
        running(lux, firm, number)
        happened(lux, firm, number, sent=92, bounced=8)  # 8 % of 100: chance might explain each alone
    assert list(stopped(lux, firm)) == ["channel:email"]
    assert stopped(lux, other) == {}
    resume(lux, firm, scopes.of_channel("email", firm.id))
    running(lux, firm, 3)
    happened(lux, firm, 3, sent=400, bounced=100)
    assert list(stopped(lux, firm)) == ["campaign:3"]


def test_a_storm_of_errors_stops_where_it_blows(lux: Installation) -> None:
    """One campaign alone when it is the one; the channel when several add up; what is long past does not count."""
    firm = ready(lux, 2)
    for number in (1, 2):
        running(lux, firm, number)
    with lux.db.begin(firm.id) as session:
        first, second = session.query(Outbound).order_by(Outbound.id)
        signals.note(session, first, failed=60)
        signals.note(session, first, failed=39)
    assert stopped(lux, firm) == {}
    with lux.db.begin(firm.id) as session:
        signals.note(session, second, failed=1)
    found = stopped(lux, firm)
    assert found == {"channel:email": "100 messages failed within 10 minutes; the bound is 100."}
    resume(lux, firm, scopes.of_channel("email", firm.id))
    assert stopped(lux, firm) == {}
    with lux.db.begin(firm.id) as session:
        session.execute(text("UPDATE stop SET changed_at = :at"), {"at": dt.datetime(2020, 1, 1)})  # noqa: DTZ001 - as it is stored
        signals.note(session, first, failed=1)
        session.execute(text("UPDATE stop_signal SET minute = minute - 60"))
        signals.note(session, second, denied=5)
    assert list(stopped(lux, firm)) == ["campaign:2"]


def test_failures_are_looked_at_while_the_campaign_runs(lux_sqlite: Installation) -> None:
    """A batch with refused recipients makes the run look by itself; one without costs nothing."""
    firm = ready(lux_sqlite, 2)
    running(lux_sqlite, firm, 1)
    happened(lux_sqlite, firm, 1, sent=50, bounced=50)

    def receipt(outcome: Outcome) -> Receipt:
        return Receipt(delivery_id=1, outcome=outcome, code=550, message="", provider_id=None, at=clock.now())

    for outcome, expected in ((Outcome.SENT, []), (Outcome.REFUSED, ["campaign:1"])):
        with lux_sqlite.db.begin(firm.id) as session:
            looking.Eye().after_outcomes(session, session.query(Outbound).one(), [receipt(outcome)])
            assert [one.token for one in stop.active(session, firm.id)] == expected


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_campaign_to_dead_addresses_stops_in_its_middle(
    migrated_url: str, tmp_path: Path, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On real sending: the server knows nobody, and most of the list is never tried."""
    monkeypatch.setattr(watching, "FRESH_SECONDS", 0.0)
    lux = installation(migrated_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",))
    firm = ready(lux, 300)
    smtp_server.script.next_recipients.extend(["550 5.1.1 no such user"] * 300)
    account = lux.mail_server(firm, smtp_server.port)
    everyone = AudienceRef(source="everyone", key="", label="Everyone")
    approved(lux, firm, submitted(lux, firm, account=account, audience=everyone))
    lux.work()
    with lux.db.read(firm.id) as session:
        found = stop.active(session, firm.id)
        assert [(one.token, one.cause) for one in found] == [("campaign:1", "bounces")]
        assert "addresses do not exist" in found[0].reason
        counts = Counter(row.state for row in session.query(Delivery))
    assert counts[DeliveryState.QUEUED] >= 200
    assert counts[DeliveryState.FAILED] + counts[DeliveryState.QUEUED] == 300
    lux.db.close()


def test_a_broken_audit_chain_stops_the_company_once(lux: Installation) -> None:
    """Found at night; a person who has looked and ends the stop is not overruled the next night."""
    firm, other = lux.firm(), lux.firm()
    fault = audit.ChainFault(company_id=firm.id, seq=3, reason="its content was changed")
    with lux.db.begin(firm.id) as session:
        assert looking.after_verification(session, firm.id, fault) is not None
    with lux.db.read(firm.id) as session:
        assert "row 3" in stop.active(session, firm.id)[0].reason
        assert stop.active(session, other.id) == []
    resume(lux, firm, scopes.of_company(firm.id))
    with lux.db.begin(firm.id) as session:
        assert looking.after_verification(session, firm.id, fault) is None
    looking.stop_broken_chains(lux.db)  # the real ones hold
    with lux.db.begin(ALL_COMPANIES) as session:
        assert stop.active(session, firm.id) == []
        checks.keep(session, checks.Check(company_id=other.id, state=checks.BROKEN, at=clock.now(), rows=1, seq=2,
                                          reason="a row is missing"))  # fmt: skip
    looking.tick(lux.db)  # what a verification has found stops its company within a minute
    with lux.db.read(other.id) as session:
        assert [(one.scope, one.cause) for one in stop.active(session, other.id)] == [("company", "audit")]


def test_a_stop_of_the_installation_is_told_to_those_who_run_it(lux: Installation) -> None:
    """Each once, in the bell and by mail, where they may most; nobody else, and nobody again at the next look."""
    from lux.identity.access import Role

    firm, other = ready(lux, 1), ready(lux, 1)
    runs_it, too = firm, lux.member(other.id, Role.VIEWER)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id.in_([runs_it.user_id, too.user_id])).values(is_operator=True))
        members.add(session, other.id, runs_it.user_id, Role.MARKETER)
        checks.keep(session, checks.Check(company_id=audit.INSTALLATION, state=checks.BROKEN, at=clock.now(), rows=1,
                                          seq=1, reason="a row is missing"))  # fmt: skip
    for _look in range(2):
        looking.tick(lux.db)
    lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        assert [one.scope for one in stop.active(session, None)] == ["installation"]
        told = session.scalars(select(Notification).where(Notification.kind == "stop.automatic")).all()
        assert {(one.company_id, one.user_id, one.times) for one in told} == {
            (firm.id, runs_it.user_id, 1), (other.id, too.user_id, 1),
        }  # fmt: skip
        assert {one.title for one in told} == {"LUX stopped by itself: The whole installation"}
        mails = session.scalars(select(ApprovalQueue).where(ApprovalQueue.kind == "system_email")).all()
        assert Counter(one.body["recipient"] for one in mails) == Counter([runs_it.person.email, too.person.email])
        left = session.scalars(select(Delivery.state).where(Delivery.outbound_id.in_(select(Outbound.id)))).all()
        assert set(left) == {DeliveryState.CAPTURED}, "a stop holds no system mail"


def test_a_company_moves_the_bounds_within_what_is_safe(lux: Installation) -> None:
    """Typed in percent and days; outside is refused naming each field; it needs the right, and stands in the chain."""
    from lux.identity.access import Role

    firm = lux.firm()
    typed = {name: triggers.typed(COMPLAINTS, name, Decimal(value))
             for name, value in (("threshold", "0.15"), ("minimum", "500"), ("minutes", "14"))}  # fmt: skip
    with lux.db.begin(firm.id) as session:
        triggers.change(session, firm.person, Cause.COMPLAINTS.value, **typed)
        found = triggers.listing(session)[0]
        assert (found.threshold, found.minimum, found.minutes) == (150, 500, 14 * 24 * 60)
        with pytest.raises(InvalidInput) as caught:
            triggers.change(session, firm.person, "complaints", threshold=5000, minimum=1, minutes=14 * 24 * 60)
        assert {one.field: one.fix for one in caught.value.problems} == {
            "threshold": "Enter 0.05 to 1.", "minimum": "Enter 100 to 10000.",
        }  # fmt: skip
    marketer = lux.member(firm.id, Role.MARKETER)
    with pytest.raises(Forbidden), lux.db.begin(firm.id) as session:
        triggers.change(session, marketer.person, Cause.COMPLAINTS.value, **typed)
    with lux.db.read(firm.id) as session:
        actions = session.execute(text("SELECT action FROM approval_audit_log WHERE action LIKE 'stop%'")).scalars()
        assert actions.all() == ["stop.trigger_changed"]
