"""Notices reach whom they are for, once, and no one else."""

from __future__ import annotations

import datetime as dt
import re
from email import message_from_bytes, policy

import time_machine
from sqlalchemy import select

from lux import house
from lux.identity.access import Right, Role
from lux.kit import clock, jobs
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


def unread(lux: Installation, firm: Firm) -> int:
    return lux.client(firm).get("/notifications/count").json["count"]


def mails(lux: Installation) -> list[str]:
    lux.work()
    files = sorted((lux.settings.home / "mailbox").rglob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"] for path in files]


def test_what_is_told_again_is_counted(lux: Installation):
    firm = lux.firm()
    for _time in range(3):
        notify(lux, firm, [firm.user_id], "The hook is off", url="/settings")
    assert unread(lux, firm) == 1
    assert "× 3" in lux.client(firm).get("/notifications/").text


def test_notices_are_filtered_by_what_they_are_about_and_whether_they_are_read(lux: Installation):
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        for kind in ("approval.submitted", "contacts.imported", "segments.bulk", "odd.thing"):
            service.notify(session, [firm.user_id], kind=kind, title=f"About {kind}", url=f"/{kind}")
    client = lux.client(firm)

    def shown(query: str) -> set[str]:
        return set(re.findall(r"About ([a-z]+\.[a-z]+)", client.get(f"/notifications/?{query}").text))

    assert shown("topic=contacts") == {"contacts.imported", "segments.bulk"}
    assert shown("topic=other") == {"odd.thing"}
    everything = {"approval.submitted", "contacts.imported", "segments.bulk", "odd.thing"}
    assert shown("topic=nonsense") == shown("") == everything
    with lux.db.read(firm.id) as session:
        public_id = queries.newest(session, firm.user_id)[0].public_id
    back = "/notifications/?show=unread"
    assert client.post(f"/notifications/{public_id}/mark", data={"back": back}).location == back
    assert shown("show=unread") == {"approval.submitted", "contacts.imported", "segments.bulk"}
    client.post(f"/notifications/{public_id}/mark", data={"unread": "1", "back": "https://evil.example"})
    assert unread(lux, firm) == 4


def test_everyone_chooses_bell_and_mail_by_topic(lux: Installation):
    firm = lux.firm()
    client, wishes = lux.client(firm), {"approvals_mail": "on", "contacts_bell": "on"}
    assert client.post("/notifications/preferences", data=wishes).status_code == 303
    page = client.get("/notifications/preferences").text
    assert len(re.findall(r"<input[^>]*checked", page.partition("<main")[2].partition("</main")[0])) == 2
    with lux.db.begin(firm.id) as session:
        for kind in ("approval.submitted", "contacts.imported", "campaign.done"):
            service.notify(session, [firm.user_id], kind=kind, title=lambda: "Spring waits", body="Why", url=f"/{kind}")
    assert unread(lux, firm) == 1, "only what is wanted in the bell"
    titles = re.findall(r">\s*Spring waits\s*<", client.get("/notifications/").text)
    assert len(titles) == 3, "nothing is lost"
    assert mails(lux) == ["From LUX: Spring waits"]


def test_the_same_is_mailed_once_an_hour_and_the_cap_breaks_nothing(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    lux.client(firm).post("/notifications/preferences", data={"other_bell": "on", "other_mail": "on"})
    for _time in range(3):
        notify(lux, firm, [firm.user_id], "Again", url="/same")
    assert mails(lux) == ["From LUX: Again"]
    for number in range(15):
        assert notify(lux, firm, [firm.user_id], f"Number {number}", url=f"/{number}") == 1
    assert len(mails(lux)) == 10
    assert unread(lux, firm) == 16


def test_the_bells_asking_keeps_nobody_signed_in(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    client, start = lux_sqlite.client(firm), clock.now()
    for minutes in range(0, 13 * 60, 30):
        with time_machine.travel(start + dt.timedelta(minutes=minutes), tick=False):
            last = client.get("/notifications/count").status_code
    assert last == 303, "twelve idle hours end the session, whatever the page asks by itself"


def test_work_that_failed_for_good_is_told_to_those_who_manage(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    viewer = lux.member(firm.id, Role.VIEWER)
    with lux.db.begin(firm.id) as session:
        number = jobs.enqueue(session, "contacts.forget_field", {}, company_id=firm.id)
        job = session.get_one(jobs.Job, number)
        claim = jobs.Claim(
            job_id=number, public_id=job.public_id, kind=job.kind, company_id=firm.id, args={}, queue="default",
            fence=1, attempt=1, max_attempts=1, lease_seconds=10,
        )  # fmt: skip
    house.job_error_recorder()(lux.db, claim, ValueError("broken"), False)
    assert told(lux, firm) == []
    house.job_error_recorder()(lux.db, claim, ValueError("broken"), True)
    assert told(lux, firm) == ["Background work has failed: Remove a deleted field’s values"]
    assert told(lux, viewer) == []
    with lux.db.read(firm.id) as session:
        assert lux.client(firm).get(queries.newest(session, firm.user_id)[0].url).status_code == 200
