"""Notices reach whom they are for, once, and no one else."""

from __future__ import annotations

import datetime as dt

import time_machine
from sqlalchemy import select

from lux.identity.access import Right, Role
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.rooms.notifications import queries, service
from lux.rooms.notifications.models import Notification
from tests.factories import Firm, Installation


def told(lux: Installation, firm: Firm) -> list[str]:
    with lux.db.read(firm.id) as session:
        return [row.title for row in queries.newest(session, firm.user_id)]


def notify(lux: Installation, firm: Firm, to: object, title: str = "News", **values: object) -> int:
    with lux.db.begin(firm.id) as session:
        return service.notify(session, to, kind="test", title=title, **values)


def test_a_right_reaches_everyone_in_the_company_who_has_it(lux: Installation):
    owner = lux.firm()
    admin, viewer = lux.member(owner.id, Role.ADMIN), lux.member(owner.id, Role.VIEWER)
    stranger = lux.firm()
    assert notify(lux, owner, Right.APPROVE, but=owner.user_id) == 1
    assert told(lux, admin) == ["News"]
    assert told(lux, owner) == told(lux, viewer) == told(lux, stranger) == []


def test_the_same_unread_notice_is_renewed_not_repeated(lux: Installation):
    firm = lux.firm()
    for number in range(3):
        notify(lux, firm, [firm.user_id], f"{number} wait for your yes", url="/approvals")
    assert told(lux, firm) == ["2 wait for your yes"]
    with lux.db.begin(firm.id) as session:
        service.mark_all_read(session, firm.user_id)
    notify(lux, firm, [firm.user_id], "3 wait for your yes", url="/approvals")
    assert told(lux, firm) == ["3 wait for your yes", "2 wait for your yes"], "what was read stays"


def test_the_bell_counts_and_reading_empties_it(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    notify(lux, firm, [firm.user_id, firm.user_id], "One", url="/setup")
    notify(lux, firm, [firm.user_id], "Two", body="More words")
    page = client.get("/notifications/").text
    assert "Notifications, 2 unread" in page
    assert "More words" in page
    with lux.db.read(firm.id) as session:
        public_id = queries.newest(session, firm.user_id)[1].public_id
    assert client.post(f"/notifications/{public_id}/read").location == "/setup"
    assert "Notifications, 1 unread" in client.get("/notifications/").text
    client.post("/notifications/read")
    assert "unread" not in client.get("/notifications/").text.partition("<main")[0]


def test_a_notice_never_leads_to_another_site(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    notify(lux_sqlite, firm, [firm.user_id], url="https://evil.example")
    with lux_sqlite.db.read(firm.id) as session:
        public_id = queries.newest(session, firm.user_id)[0].public_id
    assert lux_sqlite.client(firm).post(f"/notifications/{public_id}/read").location == "/notifications/"


def test_nobody_reads_anothers_notices(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    colleague, stranger = lux_sqlite.member(firm.id, Role.ADMIN), lux_sqlite.firm()
    notify(lux_sqlite, firm, [firm.user_id], "Private")
    with lux_sqlite.db.read(firm.id) as session:
        public_id = queries.newest(session, firm.user_id)[0].public_id
    for other in (colleague, stranger):
        client = lux_sqlite.client(other)
        assert "Private" not in client.get("/notifications/").text
        assert client.post(f"/notifications/{public_id}/read").status_code == 404
    with lux_sqlite.db.read(firm.id) as session:
        assert service.unread_count(session, firm.user_id) == 1


def test_many_notices_are_paged_without_losing_one(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    for number in range(queries.PAGE + 7):
        notify(lux_sqlite, firm, [firm.user_id], f"Notice {number:03}.")
    client = lux_sqlite.client(firm)
    first = client.get("/notifications/").text
    cursor = first.partition("cursor=")[2].partition('"')[0]
    second = client.get(f"/notifications/?cursor={cursor}").text
    seen = [number for number in range(queries.PAGE + 7) if f"Notice {number:03}." in first + second]
    assert len(seen) == queries.PAGE + 7
    assert "Notice 007." in first
    assert "Notice 006." not in first
    assert client.get("/notifications/?cursor=broken").status_code == 422


def test_old_notices_are_swept(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    with time_machine.travel(clock.now() - dt.timedelta(days=181), tick=False):
        notify(lux_sqlite, firm, [firm.user_id], "Old")
    notify(lux_sqlite, firm, [firm.user_id], "New")
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        assert service.sweep(session) == 1
        assert session.scalars(select(Notification.title)).all() == ["New"]
