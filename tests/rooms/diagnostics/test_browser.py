"""The room's pages in a real browser: readable by all, live without losing one's place, usable without a script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from werkzeug.serving import make_server

from lux.identity.models import User
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobState
from tests.browser import axe
from tests.rooms.diagnostics.conftest import captured, groups, make_job, ours
from tests.rooms.diagnostics.test_pages import alive

WIDTHS = {"phone": (390, 844), "desktop": (1440, 900)}


@pytest.fixture
def lux(lux_sqlite):
    return lux_sqlite


@pytest.fixture
def base_url(lux) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, lux.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def firm(lux):
    """Return an owner who is an operator too, with errors and jobs of every kind."""
    firm, now = lux.firm(), clock.now()
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))
    for company_id in (firm.id, None):
        captured(lux, ours(1), company_id=company_id, source="job", endpoint="notifications.sweep")
        running = {"started_at": now, "progress_done": 1200, "progress_total": 5000, "progress_note": "Row 1,200"}
        make_job(lux, company_id, state=JobState.RUNNING, **running)
        make_job(lux, company_id, due_at=now - timedelta(minutes=9))
        make_job(lux, company_id, state=JobState.FAILED, finished_at=now, error="The server said no.")
        make_job(lux, company_id, state=JobState.DONE, finished_at=now)
    alive(lux)
    return firm


def opened(pages, base_url, lux, firm, path, *, size="desktop", has_script=True):
    width, height = WIDTHS[size]
    page = pages.open(base_url, viewport={"width": width, "height": height}, java_script_enabled=has_script)
    client = lux.client(firm)
    name = lux.app.config["SESSION_COOKIE_NAME"]
    value = client.get_cookie(name).value
    page.context.add_cookies([{"name": name, "value": value, "url": base_url}])
    page.goto(path)
    if has_script:
        page.wait_for_selector("html[data-ready]", state="attached")
    return page


PATHS = [
    "/diagnostics/errors",
    "/diagnostics/errors?state=ignored",
    "/diagnostics/errors/{group}",
    "/diagnostics/jobs",
    "/diagnostics/jobs?tab=failed",
    "/diagnostics/jobs/{job}",
    "/diagnostics/health",
    "/operate/errors",
    "/operate/errors/{group}",
    "/operate/jobs?tab=overdue",
    "/operate/jobs/{job}",
    "/operate/health",
]


@pytest.mark.parametrize("size", WIDTHS)
def test_every_page_is_accessible_and_fits(pages, base_url, lux, firm, size):
    with lux.db.read(ALL_COMPANIES) as session:
        job = session.query(Job).filter(Job.state == JobState.RUNNING).first().public_id
    page = opened(pages, base_url, lux, firm, "/diagnostics/health", size=size)
    problems = []
    for path in PATHS:
        page.goto(path.format(group=groups(lux)[0].public_id, job=job))
        page.wait_for_selector("html[data-ready]", state="attached")
        problems += [f"{path}: {words}" for words in axe.violations(page)]
        if page.evaluate("document.documentElement.scrollWidth") > WIDTHS[size][0]:
            problems.append(f"{path}: wider than the window")
    assert problems == []


def test_progress_moves_by_itself_and_the_focus_stays(pages, base_url, lux, firm):
    page = opened(pages, base_url, lux, firm, "/diagnostics/jobs")
    page.locator("a.row-link").first.focus()
    assert page.locator("progress").first.get_attribute("value") == "1200"
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(Job).where(Job.state == JobState.RUNNING).values(progress_done=2500))
    page.wait_for_selector("progress[value='2500']", state="attached")
    assert page.evaluate("document.activeElement.className") == "row-link"
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(Job).where(Job.state == JobState.RUNNING).values(state=JobState.DONE))
    page.get_by_text("Nothing runs in the background right now.").wait_for()


def test_a_jobs_page_ends_its_polling_with_the_job(pages, base_url, lux, firm):
    with lux.db.read(ALL_COMPANIES) as session:
        job = session.query(Job).filter(Job.state == JobState.RUNNING, Job.company_id == firm.id).one().public_id
    page = opened(pages, base_url, lux, firm, f"/diagnostics/jobs/{job}")
    assert page.locator("#job-status[hx-trigger]").count() == 1
    with lux.db.begin(ALL_COMPANIES) as session:
        values = {"state": JobState.FAILED, "error": "The disk is full.", "finished_at": clock.now()}
        session.execute(update(Job).where(Job.public_id == job).values(**values))
    page.get_by_text("The disk is full.").wait_for()
    assert page.locator("#job-status[hx-trigger]").count() == 0
    page.get_by_role("button", name="Start again").click()
    page.get_by_text("It stands in the queue again.").wait_for()


@pytest.mark.parametrize("has_script", [True, False])
def test_an_error_is_resolved_with_and_without_a_script(pages, base_url, lux, firm, has_script):
    page = opened(pages, base_url, lux, firm, "/diagnostics/errors", has_script=has_script)
    page.get_by_role("link", name="“Remove old notices” did not work.").click()
    page.get_by_label("Note").fill("The disk was full.")
    page.get_by_role("button", name="Resolve").click()
    page.get_by_text("Marked as resolved.").first.wait_for()
    page.goto("/diagnostics/errors")
    assert page.get_by_text("Nothing is broken.").is_visible()
