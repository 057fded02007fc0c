"""A yes that a check voids: the item waits again over what is true now, and a new yes takes effect."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from sqlalchemy import select, text, update

from lux.gate import reads, senders
from lux.gate.models import ApprovalQueue, ApprovalVersion, Delivery, Outbound
from lux.gate.parties import Sender
from lux.gate.reads import ItemState, OutboundState, OutboundView
from lux.gate.service import ApprovalService
from lux.kit import clock
from lux.kit.jobs import enqueue
from lux.vault import accounts
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted
from tests.gate.test_sending import states


def seen(lux: Installation, firm: Firm, item_id: int) -> OutboundView:
    """Return an item's outbound as it stands."""
    with lux.db.read(firm.id) as session:
        return reads.item_outbound(session, item_id)


def later(**values: float) -> time_machine.travel:
    """Let the clock stand later, and go on."""
    return time_machine.travel(clock.now() + dt.timedelta(**values), tick=True)


def test_after_a_drift_a_new_yes_sends_to_the_audience_of_now(lux: Installation, told: Told) -> None:
    """The audience is frozen anew: count, hash, version and findings are those that the next yes is over."""
    firm = ready(lux, 20)
    first = submitted(lux, firm)
    approved(lux, firm, first)
    lux.contacts(firm, 5)
    lux.work()
    again = seen(lux, firm, first.id).item
    assert again.state is ItemState.PENDING
    assert (first.audience_count, again.audience_count) == (20, 25)
    assert again.body["snapshot"]["count"] == 25
    assert again.content_hash != first.content_hash
    with lux.db.read(firm.id) as session:
        kept = session.scalars(select(ApprovalVersion).order_by(ApprovalVersion.version)).all()
        assert [(row.version, row.content_hash, row.was_approved) for row in kept] == [
            (1, first.content_hash, True),
            (2, again.content_hash, False),
        ]
    approved(lux, firm, again)
    lux.work()
    assert states(lux, firm.id) == {"captured": 25}
    assert seen(lux, firm, first.id).item.state is ItemState.PUBLISHED
    assert [event for _subject, event in told.events] == [
        "submitted", "approved", "returned", "approved", "started", "done",
    ]  # fmt: skip


def test_the_yes_after_a_drift_is_what_the_next_edit_is_compared_with(lux_sqlite: Installation, told: Told) -> None:
    """The version that LUX made is kept like any other."""
    firm = ready(lux_sqlite, 20)
    first = submitted(lux_sqlite, firm)
    approved(lux_sqlite, firm, first)
    lux_sqlite.contacts(firm, 5)
    lux_sqlite.work()
    again = seen(lux_sqlite, firm, first.id).item
    approved(lux_sqlite, firm, again)
    with lux_sqlite.db.begin(firm.id) as session:
        ApprovalService(session).edit(firm.person, first.public_id, act(firm, subject="Other"), title="Hello")
        assert reads.last_approved(session, first.id, before_version=3) == again.body


def test_an_item_that_comes_back_has_its_whole_time_again(lux: Installation, told: Told) -> None:
    """Approved for a day after its expiry, it drifts: it does not expire within the hour."""
    firm = ready(lux, 20)
    lux.switch_on(firm, "automation_scheduled_publishing")
    first = submitted(lux, firm)
    approved(lux, firm, first, send_at=clock.now() + dt.timedelta(days=20))
    lux.contacts(firm, 5)
    with later(days=20, minutes=5):
        lux.work()
        with lux.db.begin(0) as session:
            enqueue(session, "gate.expire", {})
        lux.work()
        found = seen(lux, firm, first.id).item
        assert found.state is ItemState.PENDING
        assert found.expires_at is not None
        assert found.expires_at > clock.now() + dt.timedelta(hours=71), "it asks for a day: three days to decide"


def test_nobody_decides_in_time(lux: Installation, told: Told) -> None:
    """After fifteen days the item is expired, its outbound cancelled, and the room is told."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    with later(days=13):
        expire(lux)
        assert seen(lux, firm, item.id).item.state is ItemState.PENDING
    with later(days=15):
        expire(lux)
    found = seen(lux, firm, item.id)
    assert (found.item.state, found.state) == (ItemState.EXPIRED, OutboundState.CANCELLED)
    assert told.events[-1] == (("campaign", 1), "expired")
    assert states(lux, firm.id) == {}


def expire(lux: Installation) -> None:
    """Run the job that the clock starts every hour."""
    with lux.db.begin(0) as session:
        enqueue(session, "gate.expire", {})
    lux.work()


def test_a_start_missed_by_more_than_a_day_needs_a_new_yes(lux: Installation, told: Told) -> None:
    """Nothing ran for two days: a person says whether it should still leave; then it does."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    with later(hours=25):
        lux.work()
        found = seen(lux, firm, item.id)
        assert (found.check_failed, found.item.state) == ("window", ItemState.PENDING)
        assert states(lux, firm.id) == {}
        approved(lux, firm, found.item)
        lux.work()
    assert states(lux, firm.id) == {"captured": 3}


def test_a_start_missed_by_less_than_a_day_is_made_up_for(lux_sqlite: Installation, told: Told) -> None:
    """The yes still stands."""
    firm = ready(lux_sqlite, 3)
    approved(lux_sqlite, firm, submitted(lux_sqlite, firm))
    with later(hours=23):
        lux_sqlite.work()
    assert states(lux_sqlite, firm.id) == {"captured": 3}


def test_a_sender_revoked_after_the_yes_voids_it(lux: Installation, told: Told) -> None:
    """Nothing leaves under an address that is no longer proven; proven again, it takes a new yes."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    prove(lux, firm, None)
    lux.work()
    found = seen(lux, firm, item.id)
    assert (found.check_failed, found.item.state, found.state) == ("sender", ItemState.PENDING, OutboundState.HELD)
    assert "news@example.com" in found.item.reason
    assert states(lux, firm.id) == {}
    prove(lux, firm, clock.now())
    approved(lux, firm, found.item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 3}


def prove(lux: Installation, firm: Firm, at: dt.datetime | None) -> None:
    """Say since when the company's sender is proven."""
    with lux.db.begin(firm.id) as session:
        session.execute(update(Sender).values(verified_at=at))


def test_a_sender_removed_after_the_yes_voids_it(lux: Installation, told: Told) -> None:
    """The company takes the address off its list, as its page does: nothing leaves under it."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        senders.remove(session, firm.person, session.scalars(select(Sender.public_id)).one())
    lux.work()
    found = seen(lux, firm, item.id)
    assert (found.check_failed, found.item.state, found.state) == ("sender", ItemState.PENDING, OutboundState.HELD)
    assert found.item.version == item.version + 1
    assert states(lux, firm.id) == {}


def test_a_mail_account_removed_after_the_yes_voids_it(lux: Installation, told: Told) -> None:
    """The way it was approved to leave by is gone: a person chooses another one, and says yes to that."""
    firm = ready(lux, 3)
    item = submitted(lux, firm, account=lux.mail_server(firm, 25))
    approved(lux, firm, item)
    remove_account(lux, firm)
    lux.work()
    found = seen(lux, firm, item.id)
    assert (found.check_failed, found.item.state, found.state) == ("account", ItemState.PENDING, OutboundState.HELD)
    assert (found.item.version, found.is_paused) == (item.version + 1, False)
    assert "account" in found.item.reason
    assert states(lux, firm.id) == {}
    assert told.events[-1] == (("campaign", 1), "returned")
    approved(lux, firm, found.item)
    lux.work()
    assert seen(lux, firm, item.id).item.state is ItemState.PENDING, "a yes alone brings no account back"
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).edit(firm.person, item.public_id, act(firm), title="Hello")
    approved(lux, firm, seen(lux, firm, item.id).item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 3}


def remove_account(lux: Installation, firm: Firm) -> None:
    """Remove the company's mail account as its page does."""
    with lux.db.begin(firm.id) as session:
        (account,) = accounts.listing(session)
        accounts.remove(session, account, actor=firm.person.actor)


@pytest.mark.parametrize("who", ["approver", "author"])
def test_nothing_leaves_before_the_time_of_its_yes(lux: Installation, told: Told, who: str) -> None:
    """Whoever moves the outbound's own time on the database gains nothing: the time of the yes is asked."""
    firm = ready(lux, 3)
    lux.switch_on(firm, "automation_scheduled_publishing")
    at = clock.now() + dt.timedelta(days=2)
    item = submitted(lux, firm, **({"send_at": at.isoformat()} if who == "author" else {}))
    approved(lux, firm, item, **({"send_at": at} if who == "approver" else {}))
    with lux.db.begin(firm.id) as session:
        session.execute(update(Outbound).values(due_at=clock.now()))
        session.execute(update(ApprovalQueue).values(send_at=clock.now()))
        session.execute(text("UPDATE job SET due_at = created_at"))
    lux.work()
    found = seen(lux, firm, item.id)
    assert (found.check_failed, found.item.state, found.state) == ("time", ItemState.PENDING, OutboundState.HELD)
    assert "before the time" in found.item.reason
    assert states(lux, firm.id) == {}


def test_the_time_of_a_yes_is_asked_of_what_is_at_work_too(lux_sqlite: Installation, told_sqlite: Told) -> None:
    """Put to work on the database, days early, it goes back as well; seconds are the clocks of two workers."""
    firm = ready(lux_sqlite, 3)
    lux_sqlite.switch_on(firm, "automation_scheduled_publishing")
    for early, failed in ((dt.timedelta(days=1), "time"), (dt.timedelta(seconds=30), "")):
        item = submitted(lux_sqlite, firm)
        approved(lux_sqlite, firm, item, send_at=clock.now() + early)
        with lux_sqlite.db.begin(firm.id) as session:
            session.execute(update(Outbound).where(Outbound.item_id == item.id).values(state=OutboundState.WORKING))
            session.execute(text("UPDATE job SET due_at = created_at"))
        lux_sqlite.work()
        assert seen(lux_sqlite, firm, item.id).check_failed == failed
    assert states(lux_sqlite, firm.id) == {"captured": 3}


def test_content_found_changed_can_be_decided_on_as_it_is(lux: Installation, told: Told) -> None:
    """What was changed behind the gate is shown beside what was approved; the next yes is over exactly that."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    with lux.db.begin(firm.id) as session:
        row = session.scalars(select(ApprovalQueue)).one()
        row.body = {**row.body, "subject": "Something else"}
    lux.work()
    found = seen(lux, firm, item.id)
    assert found.check_failed == "digest"
    with lux.db.read(firm.id) as session:
        assert reads.last_approved(session, item.id, before_version=found.item.version) == item.body
    approved(lux, firm, found.item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 3}


def test_recipients_half_written_down_are_checked_again(lux: Installation, told: Told) -> None:
    """A worker died while it wrote recipients down, days passed, the audience drifted: nobody gets anything."""
    firm = ready(lux, 20)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    half_written(lux, firm)
    lux.contacts(firm, 5)
    lux.work()
    found = seen(lux, firm, item.id)
    assert (found.check_failed, found.state) == ("drift", OutboundState.HELD)
    assert states(lux, firm.id) == {}
    approved(lux, firm, found.item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 25}


def test_recipients_half_written_down_days_ago_need_a_new_yes(lux_sqlite: Installation, told: Told) -> None:
    """The day within which it should have left counts until the first message can leave."""
    firm = ready(lux_sqlite, 20)
    item = submitted(lux_sqlite, firm)
    approved(lux_sqlite, firm, item)
    half_written(lux_sqlite, firm)
    with later(days=3):
        lux_sqlite.work()
    assert seen(lux_sqlite, firm, item.id).check_failed == "window"
    assert states(lux_sqlite, firm.id) == {}


def half_written(lux: Installation, firm: Firm) -> None:
    """Leave what a worker leaves that dies after its first chunk of recipients."""
    with lux.db.begin(firm.id) as session:
        outbound = session.scalars(select(Outbound)).one()
        outbound.state, outbound.started_at = OutboundState.WORKING, clock.now()
        rows = session.execute(text("SELECT id, email, email_key FROM contact ORDER BY id LIMIT 7")).all()
        session.add_all(
            Delivery(outbound_id=outbound.id, channel="email", contact_id=row[0], address=row[1], address_key=row[2])
            for row in rows
        )
