"""Between the yes and the first message lies a moment in which one press takes all of it back."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from lux.gate import control
from lux.gate.models import Delivery, Outbound
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.rooms.email import launch, queries
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    import uuid

    from lux.gate.reads import OutboundView
    from tests.factories import Firm, Installation


def waiting(lux: Installation, seconds: int = 60) -> tuple[Firm, uuid.UUID]:
    """Submit a campaign in a company whose window is so long."""
    firm = campaigns.ready(lux, 2)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.get(Company, firm.id).unsend_seconds = seconds
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    return firm, public_id


def outbound(lux: Installation, firm: Firm, public_id: uuid.UUID) -> OutboundView:
    """Return what the gate knows of it."""
    with lux.db.read(firm.id) as session:
        return queries.outbound_of(session, campaigns.load(session, public_id), with_counts=True)


def test_sixty_seconds_are_what_a_new_company_gets(lux_sqlite: Installation) -> None:
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        made = Company(name="New", slug="new-one")
        session.add(made)
        session.flush()
        session.refresh(made)
        assert made.unsend_seconds == 60


def test_nothing_leaves_before_the_window_is_over(lux: Installation) -> None:
    firm, public_id = waiting(lux)
    before = clock.now()
    campaigns.approve(lux, firm, public_id)
    found = outbound(lux, firm, public_id)
    assert 60 <= (found.due_at - before).total_seconds() < 70
    lux.work()
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(text("UPDATE job SET due_at = created_at"))  # whoever wakes the job early
    lux.work()
    assert outbound(lux, firm, public_id).state.value == "ready"
    with lux.db.read(firm.id) as session:
        assert session.query(Delivery).count() == 0
    with lux.db.begin(ALL_COMPANIES) as session:  # the time passes
        session.query(Outbound).update({"due_at": clock.now() - dt.timedelta(seconds=1)})
        session.execute(text("UPDATE job SET due_at = created_at"))
    lux.work()
    assert {row.state.value for row in campaigns.deliveries(lux, firm, public_id)} == {"captured"}


@pytest.mark.parametrize("page", ["campaign", "queue", "item"])
def test_one_press_takes_it_back(lux: Installation, page: str) -> None:
    firm, public_id = waiting(lux)
    campaigns.approve(lux, firm, public_id)
    found, client = outbound(lux, firm, public_id), lux.client(firm)
    path = {"campaign": f"/campaigns/{public_id}", "queue": "/approvals/", "item": f"/approvals/{found.item.public_id}"}
    shown = client.get(path[page]).text
    assert re.search(r"[Ii]t leaves <time[^>]*>[^<]*\d+:\d\d:\d\d", shown)  # to the second, without a script
    action = f"/campaigns/{public_id}/withdraw" if page == "campaign" else f"/approvals/{found.item.public_id}/cancel"
    assert f'action="{action}"' in shown
    answer = client.post(action, data={"reason": ""}, follow_redirects=True)
    assert "a draft again" in answer.text
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(text("UPDATE job SET due_at = created_at"))
    lux.work()
    with lux.db.read(firm.id) as session:
        assert session.query(Delivery).count() == 0


def test_the_time_left_is_counted_down(lux_sqlite: Installation) -> None:
    firm, public_id = waiting(lux_sqlite)
    campaigns.approve(lux_sqlite, firm, public_id)
    shown = lux_sqlite.client(firm).get(f"/campaigns/{public_id}/progress").text
    assert re.search(r"in (60|5\d) seconds", shown)
    assert "every 1s" in shown


def test_a_pause_and_going_on_do_not_shorten_it(lux_sqlite: Installation) -> None:
    firm, public_id = waiting(lux_sqlite)
    campaigns.approve(lux_sqlite, firm, public_id)
    found = outbound(lux_sqlite, firm, public_id)
    with lux_sqlite.db.begin(firm.id) as session:
        control.pause(session, firm.person, found.id)
        control.resume(session, firm.person, found.id)
    lux_sqlite.work()
    assert outbound(lux_sqlite, firm, public_id).state.value == "ready"


@pytest.mark.parametrize(("ahead", "expected"), [(3600, 3600), (20, 60)])
def test_for_a_time_the_window_lies_before_it_and_never_after_the_yes_alone(
    lux_sqlite: Installation, ahead: int, expected: int
) -> None:
    """Approved long before its time it leaves on time; approved at the last moment it still waits the window."""
    firm, public_id = waiting(lux_sqlite)
    found, now = outbound(lux_sqlite, firm, public_id), clock.now()
    from lux.gate.service import ApprovalService

    with lux_sqlite.db.begin(firm.id) as session:
        send_at = now + dt.timedelta(seconds=ahead)
        ApprovalService(session).approve(
            firm.person, found.item.public_id, shown_hash=found.item.content_hash, send_at=send_at
        )
    due_at = outbound(lux_sqlite, firm, public_id).due_at
    assert abs((due_at - now).total_seconds() - expected) < 5


def test_test_copies_and_system_mails_do_not_wait(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.get(Company, firm.id).unsend_seconds = 300
    public_id = campaigns.draft(lux, firm)
    with lux.db.begin(firm.id) as session:
        asked = launch.Asked(author=firm.person, version=1)
        launch.send_test(
            session, campaigns.load(session, public_id), asked, member_ids=[str(firm.person.user_public_id)]
        )
    lux.work()
    with lux.db.read(firm.id) as session:
        run = launch.latest_test(session, campaigns.load(session, public_id))
        assert [row.state.value for row in run.deliveries] == ["captured"]


@pytest.mark.parametrize(("entered", "status"), [("0", 303), ("300", 303), ("301", 422), ("-1", 422), ("soon", 422)])
def test_the_setting_is_between_none_and_five_minutes(lux_sqlite: Installation, entered: str, status: int) -> None:
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        row = session.get(Company, firm.id)
        data = {
            "name": row.name, "timezone": row.timezone, "locale": row.locale, "currency": row.currency,
            "postal_address": row.postal_address, "version": str(row.version), "unsend_seconds": entered,
        }  # fmt: skip
    answer = client.post("/settings", data=data)
    assert answer.status_code == status
    assert status == 303 or f'value="{entered}"' in answer.text
