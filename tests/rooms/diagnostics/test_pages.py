"""The room's pages: a company sees its own in plain words, operators see all, machines see whether it works."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Blueprint
from sqlalchemy import update

from lux.identity.access import Right, Role
from lux.identity.models import Company, Membership, User
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import JobState, JobWorker, Leader
from lux.rooms.diagnostics import health
from lux.rooms.diagnostics.models import GroupState
from lux.ui.access import access
from tests.rooms.diagnostics.conftest import captured, groups, make_job, ours, raised, state_of


def make_operator(lux, firm, *, leaves_company=False):
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))
        if leaves_company:
            from sqlalchemy import delete

            session.execute(delete(Membership).where(Membership.user_id == firm.user_id))


def alive(lux, *, ago=0.0):
    """Leave signs of life of a worker and of the clock."""
    then = clock.now() - timedelta(seconds=ago)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.merge(JobWorker(name="w", pid=1, threads=4, started_at=then, seen_at=then))
        session.merge(Leader(name="clock", holder="w", lease_until=then, renewed_at=then))


# Errors


def test_an_admin_reads_plain_words_and_no_trace(lux):
    firm = lux.firm(role=Role.ADMIN)
    captured(lux, ours(1), company_id=firm.id, source="job", endpoint="notifications.sweep")
    client = lux.client(firm)
    shown = client.get("/diagnostics/errors").text
    assert "“Remove old notices” did not work." in shown
    assert "TypeError" not in shown
    detail = client.get(f"/diagnostics/errors/{groups(lux)[0].public_id}").text
    assert "Traceback" not in detail
    assert "TypeError" not in detail


def test_an_operator_reads_the_trace_and_sees_every_company(lux):
    firm, other = lux.firm(), lux.firm("Other Ltd")
    make_operator(lux, firm)
    captured(lux, ours(1), company_id=other.id)
    captured(lux, raised(ValueError("of the installation")))
    client = lux.client(firm)
    shown = client.get("/operate/errors").text
    assert "Other Ltd" in shown
    assert "of the installation" in shown
    detail = client.get(f"/operate/errors/{groups(lux)[0].public_id}").text
    assert "Traceback (most recent call last)" in detail
    assert "lux.rooms.diagnostics.fingerprint.parameterised" in detail


def test_an_operator_looks_for_the_errors_of_one_company_or_of_none(lux):
    """The choice stands in the address; a company's own page has no such choice, whatever its address says."""
    firm, other = lux.firm(), lux.firm("Other Ltd")
    make_operator(lux, firm)
    captured(lux, raised(ValueError("of Other")), company_id=other.id)
    captured(lux, raised(KeyError("of mine")), company_id=firm.id)
    captured(lux, raised(TypeError("of the installation")))
    with lux.db.read(ALL_COMPANIES) as session:
        address = f"company={session.get_one(Company, other.id).public_id}"
    client = lux.client(firm)
    words = ("of Other", "of mine", "of the installation")
    for query, seen in (
        (address, [True, False, False]),
        ("company=none", [False, False, True]),
        ("company=made-up", [True, True, True]),
    ):
        shown = client.get(f"/operate/errors?{query}").text
        assert [word in shown for word in words] == seen, query
    own = client.get(f"/diagnostics/errors?{address}").text
    assert 'value="none"' not in own, "no choice of a company"
    assert "There is nothing here." not in own


def test_another_companys_errors_do_not_exist(lux):
    firm, other = lux.firm(), lux.firm()
    captured(lux, ours(1), company_id=other.id)
    captured(lux, ours(1))
    client = lux.client(firm)
    assert "Nothing is broken." in client.get("/diagnostics/errors").text
    for group in groups(lux):
        assert client.get(f"/diagnostics/errors/{group.public_id}").status_code == 404
        answer = client.post(f"/diagnostics/errors/{group.public_id}", data={"state": "ignored"})
        assert answer.status_code == 404
    assert {group.state for group in groups(lux)} == {GroupState.OPEN}


@pytest.mark.parametrize("state", [GroupState.RESOLVED, GroupState.IGNORED])
def test_a_group_is_decided_with_a_note_and_reopened(lux, state):
    firm = lux.firm()
    captured(lux, ours(1), company_id=firm.id)
    client, path = lux.client(firm), f"/diagnostics/errors/{groups(lux)[0].public_id}"
    answer = client.post(path, data={"state": state.value, "note": "New password set."})
    assert answer.status_code == 303
    assert "New password set." in client.get(path).text
    assert "Nothing is broken." in client.get("/diagnostics/errors").text
    assert "A page could not be shown." in client.get(f"/diagnostics/errors?state={state.value}").text
    client.post(path, data={"state": "open", "note": ""})
    assert groups(lux)[0].state is GroupState.OPEN


def test_a_decision_that_does_not_exist_is_refused_and_nothing_is_lost(lux):
    firm = lux.firm()
    captured(lux, ours(1), company_id=firm.id)
    path = f"/diagnostics/errors/{groups(lux)[0].public_id}"
    answer = lux.client(firm).post(path, data={"state": "gone", "note": "Kept words"})
    assert answer.status_code == 422
    assert "Kept words" in answer.text


def test_errors_are_paged_from_the_latest_on(lux):
    firm = lux.firm()
    for number in range(60):
        captured(lux, raised(type(f"Trouble{number:02}", (ValueError,), {})("x")), company_id=firm.id)
    make_operator(lux, firm)
    client = lux.client(firm)
    first = client.get("/operate/errors").text
    assert ("Trouble59" in first, "Trouble10" in first, "Trouble09" in first) == (True, True, False)
    import re

    following = re.search(r'href="(/operate/errors\?[^"]*cursor[^"]*)"', first)
    second = client.get(following.group(1).replace("&amp;", "&")).text
    assert ("Trouble09" in second, "Trouble00" in second, "Trouble10" in second) == (True, True, False)


def test_a_page_that_fails_is_recorded_with_who_and_where(lux):
    boom = Blueprint("boom", __name__)

    @boom.get("/boom")
    @access(Right.VIEW)
    def explode():
        raise ZeroDivisionError("canary@example.com")

    lux.app.register_blueprint(boom)
    firm = lux.firm()
    answer = lux.client(firm).get("/boom")
    assert answer.status_code == 500
    (group,) = groups(lux)
    assert (group.type, group.endpoint, group.company_id) == ("ZeroDivisionError", "boom.explode", firm.id)
    detail = lux.client(firm).get(f"/diagnostics/errors/{group.public_id}").text
    assert answer.headers["X-Request-ID"] in detail, "the code on the error page finds the error"


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.VIEWER, "/diagnostics/jobs", 200),
        (Role.VIEWER, "/diagnostics/errors", 403),
        (Role.MARKETER, "/diagnostics/errors", 403),
        (Role.ADMIN, "/diagnostics/errors", 200),
        (Role.MARKETER, "/diagnostics/health", 403),
        (Role.ADMIN, "/diagnostics/health", 200),
        (Role.OWNER, "/operate/errors", 403),
        (Role.OWNER, "/operate/jobs", 403),
        (Role.OWNER, "/operate/health", 403),
    ],
)
def test_who_may_see_what(lux_sqlite, role, path, status):
    assert lux_sqlite.client(lux_sqlite.firm(role=role)).get(path).status_code == status


@pytest.mark.parametrize("path", ["/operate/errors", "/operate/jobs", "/operate/health"])
def test_operators_pages_are_for_operators_also_without_a_company(lux_sqlite, path):
    lux = lux_sqlite
    firm, plain = lux.firm(), lux.firm()
    make_operator(lux, firm, leaves_company=True)
    assert lux.client(firm).get(path).status_code == 200
    with lux.db.begin(ALL_COMPANIES) as session:
        from sqlalchemy import delete

        session.execute(delete(Membership).where(Membership.user_id == plain.user_id))
    assert lux.client(plain).get(path).status_code == 403


# Jobs


def test_a_company_sees_its_own_jobs_and_operators_all(lux):
    firm, other = lux.firm(), lux.firm("Other Ltd")
    ids = [make_job(lux, company_id) for company_id in (firm.id, other.id, None)]
    client = lux.client(firm)
    shown = client.get("/diagnostics/jobs?tab=queued").text
    assert [str(public_id) in shown for public_id in ids] == [True, False, False]
    assert [client.get(f"/diagnostics/jobs/{public_id}").status_code for public_id in ids] == [200, 404, 404]
    make_operator(lux, firm)
    shown = client.get("/operate/jobs?tab=queued").text
    assert all(str(public_id) in shown for public_id in ids)
    assert "Other Ltd" in shown
    assert {client.get(f"/operate/jobs/{public_id}").status_code for public_id in ids} == {200}


def test_jobs_stand_under_their_state_with_counts(lux):
    firm, now = lux.firm(), clock.now()
    values = {
        "running": {"state": JobState.RUNNING, "started_at": now, "progress_done": 3, "progress_total": 9},
        "queued": {"due_at": now + timedelta(hours=1)},
        "overdue": {"due_at": now - timedelta(minutes=5)},
        "failed": {"state": JobState.FAILED, "error": "The server said no.", "finished_at": now},
        "ended": {"state": JobState.DONE, "finished_at": now},
    }
    ids = {tab: make_job(lux, firm.id, **each) for tab, each in values.items()}
    client = lux.client(firm)
    for tab, public_id in ids.items():
        shown = client.get(f"/diagnostics/jobs?tab={tab}").text
        present = {other for other, other_id in ids.items() if str(other_id) in shown}
        assert present == ({"queued", "overdue"} if tab == "queued" else {tab}), tab
        assert str(public_id) in shown
    running = client.get("/diagnostics/jobs").text
    assert 'max="9" value="3"' in running
    assert "The server said no." in client.get("/diagnostics/jobs?tab=failed").text


def test_lists_of_live_jobs_refresh_themselves_and_answer_with_a_fragment(lux_sqlite):
    lux = lux_sqlite
    firm = lux.firm()
    make_job(lux, firm.id, state=JobState.RUNNING, started_at=clock.now())
    client = lux.client(firm)
    whole = client.get("/diagnostics/jobs").text
    assert 'hx-trigger="every 2s"' in whole
    part = client.get("/diagnostics/jobs", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="job-rows"')
    assert "<html" not in part
    assert "hx-trigger" not in client.get("/diagnostics/jobs?tab=failed").text


@pytest.mark.parametrize(
    ("state", "expected"),
    [(JobState.QUEUED, JobState.CANCELLED), (JobState.RUNNING, JobState.RUNNING), (JobState.DONE, JobState.DONE)],
)
def test_cancelling(lux, state, expected):
    firm = lux.firm()
    public_id = make_job(lux, firm.id, state=state, due_at=clock.now() + timedelta(hours=1))
    client = lux.client(firm)
    assert client.post(f"/diagnostics/jobs/{public_id}/cancel").status_code == 303
    assert state_of(lux, public_id) is expected
    words = {
        JobState.QUEUED: "Cancelled.",
        JobState.RUNNING: "asked to stop",
        JobState.DONE: "ended already",
    }[state]
    assert words in client.get(f"/diagnostics/jobs/{public_id}").text


def test_starting_again(lux):
    firm = lux.firm()
    public_id = make_job(lux, firm.id, state=JobState.FAILED, error="no", finished_at=clock.now())
    client = lux.client(firm)
    assert "Start again" in client.get(f"/diagnostics/jobs/{public_id}").text
    client.post(f"/diagnostics/jobs/{public_id}/retry")
    assert state_of(lux, public_id) is JobState.QUEUED
    client.post(f"/diagnostics/jobs/{public_id}/retry")
    assert "Only a job that failed" in client.get(f"/diagnostics/jobs/{public_id}").text


def test_a_viewer_sees_no_buttons_and_may_not_press_them(lux_sqlite):
    lux = lux_sqlite
    firm = lux.firm(role=Role.VIEWER)
    public_id = make_job(lux, firm.id)
    client = lux.client(firm)
    for path in ("/diagnostics/jobs?tab=queued", f"/diagnostics/jobs/{public_id}"):
        assert "/cancel" not in client.get(path).text
    assert client.post(f"/diagnostics/jobs/{public_id}/cancel").status_code == 403
    assert state_of(lux, public_id) is JobState.QUEUED


def test_nobody_touches_another_companys_jobs(lux):
    firm, other = lux.firm(), lux.firm()
    public_id = make_job(lux, other.id)
    for verb in ("cancel", "retry"):
        assert lux.client(firm).post(f"/diagnostics/jobs/{public_id}/{verb}").status_code == 404
    assert state_of(lux, public_id) is JobState.QUEUED


def test_empty_lists_teach(lux_sqlite):
    client = lux_sqlite.client(lux_sqlite.firm())
    for tab, words in {"running": "Nothing runs", "failed": "Nothing has failed", "overdue": "Nothing is late"}.items():
        assert words in client.get(f"/diagnostics/jobs?tab={tab}").text
    assert client.get("/diagnostics/jobs?tab=nonsense").status_code == 200


# Health


def test_healthz_needs_no_database(lux_sqlite, monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("the database was asked")

    client = lux_sqlite.client()
    with monkeypatch.context() as patched:
        patched.setattr(lux_sqlite.db, "session", refuse)
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_readyz_is_ready_while_worker_and_clock_are_heard_of(lux):
    client = lux.client()
    alive(lux)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ready"), answer.json
    assert set(answer.json["checks"]) == {"database", "queue", "workers", "clock", "disk"}
    alive(lux, ago=60)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json["checks"]["workers"], answer.json["checks"]["clock"]) == ("bad", "bad")
    assert answer.json["checks"]["database"] == "ok"


def test_readyz_says_when_the_disk_is_full(lux_sqlite, monkeypatch):
    alive(lux_sqlite)
    monkeypatch.setattr(health, "free_bytes", lambda _folder: 1024)
    answer = lux_sqlite.client().get("/readyz")
    assert (answer.status_code, answer.json["checks"]["disk"]) == (503, "bad")


def test_readyz_says_when_the_database_is_away(lux_sqlite, monkeypatch, tmp_path):
    from lux.kit.db import Database
    from lux.kit.settings import Settings

    away = Settings(home=tmp_path, database_url="postgresql+psycopg://lux:canary-pw@127.0.0.1:1/lux")
    client = lux_sqlite.client()
    lost = Database.of(away)
    monkeypatch.setattr("lux.ui.web.database", lambda: lost)
    answer = client.get("/readyz")
    lost.close()
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "unknown"
    assert "canary" not in answer.text


def test_the_health_page_shows_a_companys_checks_and_what_to_do(lux):
    firm = lux.firm()
    make_job(lux, firm.id, state=JobState.FAILED, finished_at=clock.now())
    shown = lux.client(firm).get("/diagnostics/health").text
    assert "One job has failed." in shown
    assert "The database answers in" not in shown, "that is the operators' business"
    make_operator(lux, firm)
    alive(lux)
    shown = lux.client(firm).get("/operate/health").text
    for words in (
        "The database answers in",
        "The clock ticks;",
        "One worker is at work.",
        "Version of",
        "ticks the clock",
    ):
        assert words in shown


def test_a_check_that_fails_is_unknown_and_recorded(lux_sqlite, monkeypatch):
    def broken(_self, _session, _company_id):
        raise ZeroDivisionError

    monkeypatch.setattr(health.JobsHealth, "check", broken)
    lux = lux_sqlite
    shown = lux.client(lux.firm()).get("/diagnostics/health")
    assert shown.status_code == 200
    assert "This could not be looked at (jobs)." in shown.text
    assert [group.type for group in groups(lux)] == ["ZeroDivisionError"]


def test_the_dashboard_says_what_is_broken_to_those_who_can_mend_it(lux):
    firm = lux.firm(role=Role.ADMIN)
    assert "Went wrong" not in lux.client(firm).get("/").text
    captured(lux, ours(1), company_id=firm.id)
    make_job(lux, firm.id, state=JobState.FAILED, finished_at=clock.now())
    shown = lux.client(firm).get("/").text
    assert "Went wrong" in shown
    assert "Jobs that failed: 1" in shown
    assert "Went wrong" not in lux.client(lux.member(firm.id, Role.VIEWER)).get("/").text
