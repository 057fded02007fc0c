"""What people make of errors: ignored for a while, several at once, audited; found again by filters and by day."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from lux.identity.access import Role
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.diagnostics import fingerprint, queries, service, trend
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog, ErrorTally, GroupState
from lux.rooms.diagnostics.scope import EVERYTHING, Scope
from lux.rooms.diagnostics.service import Decision, capturing
from tests.rooms.diagnostics.conftest import captured, groups, occurrences, ours, raised
from tests.rooms.diagnostics.test_pages import make_operator


def decide(lux, firm, **decision):
    with lux.db.begin(firm.id) as session:
        made = Decision(**({"state": GroupState.IGNORED} | decision))
        service.decide(session, Scope(firm.id), groups(lux)[0].public_id, made, by=firm.person)


def chain(lux, company_id):
    with lux.db.read(ALL_COMPANIES) as session:
        rows = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.company_id == company_id))
        return [row for row in rows if row.action.startswith("error.")]


# Ignoring


def test_what_is_ignored_for_some_more_times_opens_with_the_last_of_them(lux):
    firm = lux.firm()
    captured(lux, ours(1), company_id=firm.id)
    decide(lux, firm, more=3)
    states = []
    for _time in range(3):
        captured(lux, ours(1), company_id=firm.id)
        states.append(groups(lux)[0].state)
    assert states == [GroupState.IGNORED, GroupState.IGNORED, GroupState.OPEN]
    shown = lux.client(firm).get(f"/diagnostics/errors/{groups(lux)[0].public_id}").text
    assert "the time for which it was ignored is over" in shown


def test_what_is_ignored_until_a_moment_opens_with_the_first_after_it(lux, monkeypatch):
    firm, now = lux.firm(), clock.now()
    captured(lux, ours(1), company_id=firm.id)
    decide(lux, firm, until=now + timedelta(days=1))
    captured(lux, ours(1), company_id=firm.id)
    assert groups(lux)[0].state is GroupState.IGNORED
    with lux.db.begin(ALL_COMPANIES) as session:  # the day goes by
        session.execute(update(ErrorGroup).values(ignored_until=now - timedelta(seconds=1)))
    assert groups(lux)[0].state is GroupState.IGNORED, "only an occurrence opens it"
    captured(lux, ours(1), company_id=firm.id)
    (group,) = groups(lux)
    assert (group.state, group.came_back_at is not None, group.count) == (GroupState.OPEN, True, 3)


def test_the_page_offers_both_ends_and_says_when(lux):
    firm = lux.firm()
    captured(lux, ours(1), company_id=firm.id)
    path, client = f"/diagnostics/errors/{groups(lux)[0].public_id}", lux.client(firm)
    client.post(path, data={"state": "ignored", "note": "", "ends": "100"})
    assert "100 more times, then it opens again by itself." in client.get(path).text
    client.post(path, data={"state": "open", "note": ""})
    client.post(path, data={"state": "ignored", "note": "", "ends": "week"})
    left = groups(lux)[0].ignored_until - clock.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert "Until something happens after this moment" in client.get(path).text
    answer = client.post(path, data={"state": "ignored", "note": "kept", "ends": "never"})
    assert (answer.status_code, "kept" in answer.text) == (422, True)


# Who, when, and several at once


def test_each_decision_stands_in_the_audit_chain_without_peoples_words(lux):
    firm = lux.firm()
    captured(lux, ours(1), company_id=firm.id)
    decide(lux, firm, state=GroupState.RESOLVED, note="ask ann@example.com")
    decide(lux, firm, more=10)
    decide(lux, firm, state=GroupState.OPEN)
    rows = chain(lux, firm.id)
    assert [row.action for row in rows] == ["error.resolved", "error.ignored", "error.reopened"]
    assert {(row.actor_type, row.actor_id, row.object_id) for row in rows} == {
        ("person", firm.user_id, str(groups(lux)[0].public_id))
    }
    assert json.loads(rows[1].detail)["more"] == 10
    assert not any("ann@" in row.detail for row in rows)


def test_an_operators_decision_about_a_company_is_named_as_such(lux):
    firm, other = lux.firm(), lux.firm()
    make_operator(lux, firm)
    captured(lux, ours(1), company_id=other.id)
    path = f"/operate/errors/{groups(lux)[0].public_id}"
    assert lux.client(firm).post(path, data={"state": "resolved", "note": ""}).status_code == 303
    assert [(row.actor_type, row.actor_id) for row in chain(lux, other.id)] == [("operator", firm.user_id)]
    assert "An operator of the installation" in lux.client(other).get("/approvals/audit").text


def test_several_are_resolved_at_once_and_the_list_keeps_its_filters(lux):
    firm, other = lux.firm(), lux.firm()
    for name in ("First", "Second", "Third"):
        captured(lux, raised(type(name, (ValueError,), {})("x")), company_id=firm.id)
    captured(lux, ours(1), company_id=other.id)
    found = groups(lux)
    ids = [str(found[0].public_id), str(found[2].public_id), str(found[3].public_id)]
    answer = lux.client(firm).post("/diagnostics/errors?state=open&source=web", data={"state": "resolved", "ids": ids})
    assert answer.status_code == 303
    assert "source=web" in answer.location
    assert [group.state.value for group in groups(lux)] == ["resolved", "open", "resolved", "open"], "never another's"
    assert len(chain(lux, firm.id)) == 2
    assert chain(lux, other.id) == []


def test_without_a_chosen_row_the_page_says_so(lux_sqlite):
    firm = lux_sqlite.firm()
    captured(lux_sqlite, ours(1), company_id=firm.id)
    answer = lux_sqlite.client(firm).post("/diagnostics/errors", data={"state": "resolved"})
    assert (answer.status_code, "Choose at least one row." in answer.text) == (422, True)


# Finding


FOUND = [
    ("", {"web", "job"}),
    ("source=job", {"job"}),
    ("severity=warning", {"job"}),
    ("severity=error", {"web"}),
    ("since=1", {"job"}),
    ("since=30", {"web", "job"}),
    ("q=remove+old+NOTICES", {"job"}),
    ("q=email.show", {"web"}),
    ("q=100%25", set()),
    ("source=nonsense&since=9", {"web", "job"}),
]


def test_errors_are_found_by_source_severity_time_and_words(lux):
    firm = lux.firm()
    captured(lux, ours(1), company_id=firm.id, source="job", endpoint="notifications.sweep", severity="warning")
    captured(lux, raised(ValueError("of a page")), company_id=firm.id, endpoint="email.show")
    with lux.db.begin(ALL_COMPANIES) as session:
        old = update(ErrorGroup).where(ErrorGroup.source == "web")
        session.execute(old.values(last_seen_at=clock.now() - timedelta(days=3)))
    client = lux.client(firm)
    present = {"web": "A page could not be shown.", "job": "“Remove old notices” did not work."}
    for query, found in FOUND:
        shown = client.get(f"/diagnostics/errors?{query}").text
        assert {name for name, words in present.items() if words in shown} == found, query
        assert f'<span class="tab-count">{len(found)}</span>' in shown, "the tabs count what fits"


def test_a_company_can_not_search_in_what_only_operators_see(lux_sqlite):
    lux = lux_sqlite
    firm = lux.firm()
    captured(lux, raised(ValueError("hidden words")), company_id=firm.id)
    assert "No error fits this." in lux.client(firm).get("/diagnostics/errors?q=hidden").text
    make_operator(lux, firm)
    assert "hidden words" in lux.client(firm).get("/operate/errors?q=hidden").text


# Grouping and days


def test_a_new_way_of_grouping_never_mixes_with_the_old_and_the_old_stays_readable(lux, monkeypatch):
    firm = lux.firm()
    make_operator(lux, firm)
    captured(lux, ours(1), company_id=firm.id)
    monkeypatch.setattr(fingerprint, "VERSION", "v2")
    captured(lux, ours(1), company_id=firm.id)
    captured(lux, ours(1), company_id=firm.id)
    old, new = groups(lux)
    assert [(one.fingerprint_version, one.count) for one in (old, new)] == [("v1", 1), ("v2", 2)]
    client = lux.client(firm)
    for group in (old, new):
        shown = client.get(f"/operate/errors/{group.public_id}").text
        assert f"grouped by version {group.fingerprint_version}" in shown


def test_occurrences_are_paged_from_the_newest_on(lux):
    firm = lux.firm()
    with lux.db.begin(ALL_COMPANIES) as session:
        group = ErrorGroup(
            scope=firm.id, company_id=firm.id, fingerprint="v1:x", type="T", source="web", severity="error"
        )
        session.add(group)
        session.flush()
        public_id = group.public_id
        session.add_all(
            ErrorLog(group_id=group.id, company_id=firm.id, source="web", severity="error", request_id=f"code-{n:02}")
            for n in range(45)
        )
    client, path, seen = lux.client(firm), f"/diagnostics/errors/{public_id}", []
    import re

    for _page in range(3):
        text = client.get(path).text
        seen.append(sorted(set(re.findall(r"<td data-label=\"Code\">(code-\d\d)", text)), reverse=True))
        following = re.search(r'href="([^"#]*\?before=\d+)[^"]*" rel="next"', text)
        path = following.group(1) if following else path
    assert [len(one) for one in seen] == [20, 20, 5]
    assert [code for one in seen for code in one] == [f"code-{n:02}" for n in range(44, -1, -1)]
    assert following is None


def test_days_are_counted_also_when_nothing_is_kept_and_the_past_is_not_invented(lux):
    firm, today = lux.firm(), clock.now().date()
    for _time in range(3):
        captured(lux, ours(1), company_id=firm.id)
    capturing._count(lux.db, capturing._look_at(ours(1), source="web", company_id=firm.id, user_id=None, request_id="",
                     endpoint="", job_id=None, severity=capturing.Severity.ERROR), 40)  # fmt: skip
    assert len(occurrences(lux)) == 3
    with lux.db.begin(ALL_COMPANIES) as session:
        values = {"counted_from": today, "first_seen_at": clock.now() - timedelta(days=2)}
        session.execute(update(ErrorGroup).values(**values))  # it occurred before days were counted
    with lux.db.read(ALL_COMPANIES) as session:
        days = trend.trends(session, EVERYTHING, groups(lux), 5, zone="UTC")[groups(lux)[0].id]
        assert not queries.tallies(session, Scope(firm.id + 1), [groups(lux)[0].id], [clock.now() - timedelta(days=2)])
    assert [count for _day, count in days] == [0, 0, None, None, 43]
    shown = lux.client(firm).get(f"/diagnostics/errors/{groups(lux)[0].public_id}").text
    assert "How often it happened per day" in shown
    assert '<td class="is-num">43</td>' in shown, "the figures stand in a table as well"
    assert '<td class="is-num">not known</td>' in shown


@pytest.mark.parametrize(
    ("zone", "counts"),
    [
        ("UTC", [0, 2, 1]),
        ("Europe/Berlin", [0, 1, 2]),
        ("America/Los_Angeles", [0, 3, 0]),
        ("Asia/Kathmandu", [0, 0, 3]),
    ],
)
def test_days_are_those_of_the_persons_zone(lux, zone, counts):
    """Two in the evening of UTC's 24th of October, which is the 25th in Nepal (UTC+5:45), one in the night after."""
    for moment in ("2026-10-24T18:20:00+00:00", "2026-10-24T22:05:00+00:00", "2026-10-25T05:20:00+00:00"):
        with time_machine.travel(moment, tick=False):
            captured(lux, ours(1))
    with time_machine.travel("2026-10-25T11:00:00+00:00", tick=False), lux.db.read(ALL_COMPANIES) as session:
        (group,) = groups(lux)
        days = trend.trends(session, EVERYTHING, [group], 3, zone=zone)[group.id]
    assert [count for _day, count in days] == counts


def test_days_are_forgotten_with_their_group(lux):
    captured(lux, ours(1))
    long_ago = clock.now() - timedelta(days=91)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(ErrorLog).values(at=long_ago))
        session.execute(update(ErrorTally).values(day=long_ago.date()))
        session.execute(update(ErrorGroup).values(last_seen_at=long_ago))
    service.forget_old(lux.db)
    with lux.db.read(ALL_COMPANIES) as session:
        assert (session.scalars(select(ErrorTally)).all(), groups(lux)) == ([], [])


# Plain words


@pytest.mark.parametrize(
    ("options", "what", "touched", "fix"),
    [
        ({"source": "web", "endpoint": "contacts.index"}, "A page could not be shown.", "was not saved", "Try again."),
        ({"source": "job", "endpoint": "notifications.sweep"}, "“Remove old notices” did not work.",
         "The rest of it did not happen.", "Start it again under Background work."),
        ({"source": "job", "endpoint": "notifications.sweep", "severity": "warning"},
         "“Remove old notices” did not work.", "Nothing is lost so far", "It is tried again by itself."),
        ({"source": "clock", "endpoint": "gate.share"}, "The clock could not do its work", "may start late",
         "It has been recorded."),
    ],
)  # fmt: skip
def test_an_admin_reads_what_happened_what_it_touched_and_what_to_do(lux_sqlite, options, what, touched, fix):
    lux = lux_sqlite
    firm = lux.firm(role=Role.ADMIN)
    captured(lux, ours(1), company_id=firm.id, user_id=firm.user_id, **options)
    shown = lux.client(firm).get(f"/diagnostics/errors/{groups(lux)[0].public_id}").text
    for words in (what, touched, fix, "People who met it"):
        assert words in shown
    assert "TypeError" not in shown
    assert "v1:" not in shown
    assert "Fingerprint" not in shown


def test_a_page_is_named_as_the_navigation_names_it(lux_sqlite):
    firm = lux_sqlite.firm()
    captured(lux_sqlite, ours(1), company_id=firm.id, endpoint="contacts.index")
    assert "Page of “Contacts”" in lux_sqlite.client(firm).get("/diagnostics/errors").text
