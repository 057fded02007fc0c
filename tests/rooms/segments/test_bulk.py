"""What is done to many contacts at once: to those confirmed, in chunks, and taken back where it still stands."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState
from lux.identity.access import Role
from lux.kit import jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobContext
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact, ContactTag, CustomField, FieldType, Lifecycle, Tag
from lux.rooms.segments import bulk
from lux.rooms.segments.bulk import run
from lux.rooms.segments.models import BulkAction, BulkTarget, Segment, SegmentMember
from tests.factories import Firm, Installation

ALL = {"q": "", "tag": "", "lifecycle": "", "consent": ""}


def begin(lux: Installation, firm: Firm, count: int, kind: str, **values: str) -> str:
    """Post the form; returns the action's public id."""
    answer = lux.client(firm).post("/segments/bulk/new", data={"kind": kind, "confirmation": str(count), **values})
    assert answer.status_code == 303, re.sub(r"\s+", " ", answer.text)
    return answer.headers["Location"].rsplit("/", 1)[1]


def action(lux: Installation, firm: Firm, public_id: str) -> BulkAction:
    with lux.db.read(firm.id) as session:
        return session.scalars(select(BulkAction).where(BulkAction.public_id == uuid.UUID(public_id))).one()


def take_back(lux: Installation, firm: Firm, public_id: str, reason: str = "") -> BulkAction:
    answer = lux.client(firm).post(f"/segments/bulk/{public_id}/undo", data={"reason": reason})
    assert answer.status_code == 303, answer.text
    lux.work()
    return action(lux, firm, public_id)


def tagged(lux: Installation, firm: Firm) -> set[int]:
    with lux.db.read(firm.id) as session:
        return set(session.scalars(select(ContactTag.contact_id)))


def test_a_filter_is_tagged_and_the_tag_taken_back(lux: Installation):
    firm = lux.firm()
    vips = lux.contacts(firm, 3, lifecycle=Lifecycle.VIP)
    lux.contacts(firm, 2)
    page = lux.client(firm).get("/segments/bulk/new?lifecycle=vip&kind=tag_add").text
    assert "3 contacts" in page
    public_id = begin(lux, firm, 3, "tag_add", lifecycle="vip", tag_name="Gold")
    lux.work()
    done = action(lux, firm, public_id)
    assert (done.state, done.counts) == ("done", {"changed": 3, "done": 3})
    assert tagged(lux, firm) == set(vips)
    undone = take_back(lux, firm, public_id)
    assert (undone.state, undone.undo_counts) == ("undone", {"done": 3, "undone": 3, "kept": 0})
    assert tagged(lux, firm) == set()


@pytest.mark.parametrize("typed", ["2", "4", "", "three"])
def test_another_number_than_theirs_starts_nothing_and_keeps_what_was_typed(lux_sqlite: Installation, typed: str):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    lux.contacts(firm, 3)
    form = {"kind": "tag_add", "confirmation": typed, "tag_name": "Gold"}
    answer = lux.client(firm).post("/segments/bulk/new", data=form)
    assert answer.status_code == 422
    assert 'value="Gold"' in answer.text
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(BulkTarget)).all() == []


def test_who_comes_after_the_start_is_not_met_and_a_filter_can_not_run_in_circles(lux: Installation):
    firm = lux.firm()
    first = lux.contacts(firm, 2, lifecycle=Lifecycle.LEAD)
    public_id = begin(lux, firm, 2, "field_set", lifecycle="lead", field="lifecycle", value="vip")
    later = lux.contacts(firm, 1, lifecycle=Lifecycle.LEAD)
    lux.work()
    with lux.db.read(firm.id) as session:
        stages = dict(session.execute(select(Contact.id, Contact.lifecycle)).all())
    assert {stages[one] for one in first} == {Lifecycle.VIP}
    assert stages[later[0]] is Lifecycle.LEAD
    assert action(lux, firm, public_id).total == 2


def test_a_value_that_others_changed_since_stays_theirs(lux: Installation):
    firm = lux.firm()
    one, other = lux.contacts(firm, 2, city="Bonn")
    public_id = begin(lux, firm, 2, "field_set", field="city", value="Berlin")
    lux.work()
    with lux.db.begin(firm.id) as session:
        session.execute(update(Contact).where(Contact.id == other).values(city="Köln"))
    undone = take_back(lux, firm, public_id)
    with lux.db.read(firm.id) as session:
        cities = dict(session.execute(select(Contact.id, Contact.city)).all())
    assert cities == {one: "Bonn", other: "Köln"}
    assert undone.undo_counts == {"done": 2, "undone": 1, "kept": 1}


def test_a_tag_put_on_anew_since_stays(lux: Installation):
    firm = lux.firm()
    one, other = lux.contacts(firm, 2)
    public_id = begin(lux, firm, 2, "tag_add", tag_name="Gold")
    lux.work()
    with lux.db.begin(firm.id) as session:
        again = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
        session.execute(update(ContactTag).where(ContactTag.contact_id == other).values(added_at=again))
    assert take_back(lux, firm, public_id).undo_counts["kept"] == 1
    assert tagged(lux, firm) == {other} != {one}


def test_consent_keeps_a_no_and_is_taken_back_by_a_new_statement(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 1, with_consent=False, email="new@example.com")
    lux.contacts(firm, 1, with_consent=False, email="no@example.com")
    lux.contacts(firm, 1, email="yes@example.com")
    with lux.db.begin(firm.id) as session:
        consent.withdraw(session, channel="email", address_key="no@example.com", source="link")
    public_id = begin(lux, firm, 3, "consent_give", wording="I agree", reason="Paper at the counter", basis="opt_in")
    lux.work()
    done = action(lux, firm, public_id)
    assert done.counts == {"changed": 1, "skipped": 1, "unchanged": 1, "done": 3}
    keys = ["new@example.com", "no@example.com", "yes@example.com"]
    with lux.db.read(firm.id) as session:
        found = consent.status(session, "email", keys)
    assert [found[key].is_mailable for key in keys] == [True, False, True]
    assert found[keys[0]].wording == "I agree"
    refused = lux.client(firm).post(f"/segments/bulk/{public_id}/undo", data={"reason": ""})
    assert refused.status_code == 422
    assert take_back(lux, firm, public_id, "Wrong list").undo_counts["undone"] == 1
    with lux.db.read(firm.id) as session:
        found = consent.status(session, "email", keys)
        kinds = list(session.scalars(select(Fact.kind).where(Fact.kind.like("consent.%")).order_by(Fact.id)))
    assert [found[key].is_mailable for key in keys] == [False, False, True]
    assert found[keys[0]].proof["reason"] == "Wrong list"
    assert kinds[-2:] == ["consent.given", "consent.withdrawn"], "the first statement is still told"


def test_a_withdrawal_blocks_and_is_taken_back_with_the_former_proof(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 1, email="yes@example.com")
    lux.contacts(firm, 1, email="later@example.com")
    public_id = begin(lux, firm, 2, "consent_withdraw", reason="Called us")
    lux.work()
    keys = ["yes@example.com", "later@example.com"]
    with lux.db.begin(firm.id) as session:
        assert [one.is_mailable for one in consent.status(session, "email", keys).values()] == [False, False]
        consent.record(session, ConsentEntry(channel="email", address_key=keys[1], state=ConsentState.WITHDRAWN,
                                             source="link"))  # fmt: skip
    undone = take_back(lux, firm, public_id, "It was the other list")
    assert undone.undo_counts == {"done": 2, "undone": 1, "kept": 1}
    with lux.db.read(firm.id) as session:
        found = consent.status(session, "email", keys)
    assert (found[keys[0]].is_mailable, found[keys[0]].source) == (True, "test")
    assert not found[keys[1]].is_mailable, "what they said themselves stands"


def test_the_trash_is_left_again(lux: Installation):
    firm = lux.firm()
    ids = lux.contacts(firm, 2)
    public_id = begin(lux, firm, 2, "trash")
    lux.work()
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(Contact.id).where(Contact.trashed_at.is_(None))).all() == []
    take_back(lux, firm, public_id)
    with lux.db.read(firm.id) as session:
        assert set(session.scalars(select(Contact.id).where(Contact.trashed_at.is_(None)))) == set(ids)


def test_stopped_in_the_middle_it_is_whole_and_can_be_taken_back(lux: Installation, monkeypatch: pytest.MonkeyPatch):
    firm = lux.firm()
    lux.contacts(firm, 5)
    monkeypatch.setattr(run, "CHUNK", dict.fromkeys(("sqlite", "postgresql", "mysql"), 2))
    public_id = begin(lux, firm, 5, "tag_add", tag_name="Gold")
    real = JobContext.progress

    def stop_after_the_first(context: JobContext, done: int, total: int | None = None, note: str = "") -> None:
        real(context, done, total, note)
        if done == 2:
            assert lux.client(firm).post(f"/segments/bulk/{public_id}/cancel").status_code == 303
            for _look in range(200):  # the keeper hears of it within half a second, on a machine that has time
                if context._execution.is_cancelled.wait(0.1):
                    break

    monkeypatch.setattr(JobContext, "progress", stop_after_the_first)
    lux.work()
    monkeypatch.undo()
    stopped = action(lux, firm, public_id)
    assert (stopped.state, stopped.counts["changed"]) == ("cancelled", 2)
    assert len(tagged(lux, firm)) == 2
    assert take_back(lux, firm, public_id).undo_counts == {"done": 2, "undone": 2, "kept": 0}
    assert tagged(lux, firm) == set()


def job_key(lux: Installation, firm: Firm, public_id: str) -> uuid.UUID:
    with lux.db.read(firm.id) as session:
        return session.get_one(Job, action(lux, firm, public_id).job_id).public_id


@pytest.mark.parametrize("stop", ["/segments/bulk/{action}/cancel", "/diagnostics/jobs/{job}/cancel"])
def test_taking_back_that_was_stopped_while_it_waited_can_be_tried_again(lux: Installation, stop: str):
    firm = lux.firm()
    ids = lux.contacts(firm, 2)
    public_id = begin(lux, firm, 2, "tag_add", tag_name="Gold")
    lux.work()
    client = lux.client(firm)
    assert client.post(f"/segments/bulk/{public_id}/undo", data={"reason": ""}).status_code == 303
    path = stop.format(action=public_id, job=job_key(lux, firm, public_id))
    assert client.post(path).status_code == 303
    lux.work()
    page = client.get(f"/segments/bulk/{public_id}").text
    assert "Taking back stopped" in page
    assert tagged(lux, firm) == set(ids)
    assert take_back(lux, firm, public_id).undo_counts == {"done": 2, "undone": 2, "kept": 0}


def test_a_change_stopped_on_the_page_of_jobs_is_shown_as_stopped_and_goes_on_from_there(lux: Installation):
    firm = lux.firm()
    ids = lux.contacts(firm, 2)
    public_id = begin(lux, firm, 2, "tag_add", tag_name="Gold")
    client, job = lux.client(firm), job_key(lux, firm, public_id)
    assert client.post(f"/diagnostics/jobs/{job}/cancel").status_code == 303
    assert "Stopped by you" in client.get("/segments/bulk").text
    assert client.post(f"/diagnostics/jobs/{job}/retry").status_code == 303
    lux.work()
    assert (action(lux, firm, public_id).state, tagged(lux, firm)) == ("done", set(ids))


def test_a_change_whose_worker_died_for_good_does_not_run_for_ever(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 2)
    public_id = begin(lux, firm, 2, "tag_add", tag_name="Gold")
    with lux.db.begin(firm.id) as session:
        session.execute(update(BulkAction).values(state="running"))
        session.execute(update(Job).where(Job.kind == "segments.bulk").values(state=jobs.JobState.FAILED))
    page = lux.client(firm).get(f"/segments/bulk/{public_id}").text
    assert "given up after several attempts" in page
    with lux.db.begin(ALL_COMPANIES) as session:
        jobs.enqueue(session, "segments.bulk_forget", {}, company_id=None)
    lux.work()
    settled = action(lux, firm, public_id)
    assert (settled.state, settled.finished_at is None) == ("failed", False)


def test_a_crash_between_chunks_loses_and_doubles_nothing(lux: Installation, monkeypatch: pytest.MonkeyPatch):
    firm = lux.firm()
    lux.contacts(firm, 5)
    monkeypatch.setattr(run, "CHUNK", dict.fromkeys(("sqlite", "postgresql", "mysql"), 2))
    public_id = begin(lux, firm, 5, "tag_add", tag_name="Gold")
    with lux.db.begin(firm.id) as session:  # as a worker that died after its first chunk left it
        row = session.scalars(select(BulkAction)).one()
        row.state = "running"
        run._do_chunk(session, row, 2)
    lux.work()
    done = action(lux, firm, public_id)
    assert (done.state, done.counts) == ("done", {"changed": 5, "done": 5})
    with lux.db.read(firm.id) as session:
        assert len(session.scalars(select(Fact).where(Fact.kind == "tag.added")).all()) == 5


def test_lists_are_filled_from_a_segment(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 2, city="Berlin")
    lux.contacts(firm, 1)
    test = {"type": "text", "op": "is", "value": "Berlin"}
    root = {"kind": "group", "match": "all", "rules": [{"kind": "field", "field": "city", "test": test}]}
    with lux.db.begin(firm.id) as session:
        rule = Segment(name="B", name_key="b", rule={"version": 1, "root": root})
        target = Segment(name="L", name_key="l", is_dynamic=False)
        session.add_all([rule, target])
        session.flush()
        ids = (str(rule.public_id), str(target.public_id))
    public_id = begin(lux, firm, 2, "list_add", segment=ids[0], list=ids[1])
    lux.work()
    with lux.db.read(firm.id) as session:
        assert len(session.scalars(select(SegmentMember)).all()) == 2
    take_back(lux, firm, public_id)
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(SegmentMember)).all() == []


def test_it_is_too_late_after_thirty_days_and_the_journal_goes(lux: Installation):
    firm = lux.firm()
    lux.contacts(firm, 1)
    public_id = begin(lux, firm, 1, "tag_add", tag_name="Gold")
    lux.work()
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=bulk.KEPT_DAYS + 1)):
        assert not bulk.can_undo(action(lux, firm, public_id))
        with lux.db.begin(firm.id) as session:
            jobs.enqueue(session, "segments.bulk_forget", {}, company_id=None)
        lux.work()
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(BulkTarget)).all() == []


def test_another_company_sees_nothing_and_a_viewer_may_not(lux_sqlite: Installation):
    lux, firm, theirs = lux_sqlite, lux_sqlite.firm(), lux_sqlite.firm()
    lux.contacts(firm, 1)
    public_id = begin(lux, firm, 1, "tag_add", tag_name="Gold")
    foreign, viewer = lux.client(theirs), lux.client(lux.member(firm.id, Role.VIEWER))
    for path in (f"/segments/bulk/{public_id}/cancel", f"/segments/bulk/{public_id}/undo"):
        assert foreign.post(path).status_code == 404
        assert viewer.post(path).status_code == 403
    assert foreign.get(f"/segments/bulk/{public_id}").status_code == 404
    assert viewer.get("/segments/bulk/new").status_code == 403
    assert "Gold" not in foreign.get("/segments/bulk").text


ACTIONS = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["tag_add", "tag_remove"]), "tag_name": st.just("Gold")}),
    st.fixed_dictionaries({"kind": st.just("field_set"), "field": st.just("city"), "value": st.just("Bonn")}),
    st.fixed_dictionaries({"kind": st.just("field_set"), "field": st.just("lifecycle"), "value": st.just("vip")}),
    st.fixed_dictionaries({"kind": st.just("field_set"), "field": st.just("field_size"), "value": st.just("7")}),
    st.fixed_dictionaries({"kind": st.just("field_clear"), "field": st.sampled_from(["field_size", "city"])}),
    st.fixed_dictionaries({"kind": st.sampled_from(["consent_withdraw"]), "reason": st.just("Because")}),
    st.just({"kind": "trash"}),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    people=st.lists(
        st.tuples(st.sampled_from(["", "Bonn", "Ulm"]), st.none() | st.integers(6, 8), st.booleans(), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    wanted=ACTIONS,
)
def test_done_and_taken_back_everything_is_as_it_was(
    lux: Installation, people: list[tuple[str, int | None, bool, bool]], wanted: dict[str, str]
):
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        gold = Tag(name="Gold", name_key="gold")
        session.add_all([gold, CustomField(key="size", label="Size", type=FieldType.NUMBER)])
        session.flush()
        for number, (city, size, has_tag, has_consent) in enumerate(people):
            key = f"p{number}@example.com"
            row = Contact(city=city, email=key, email_key=key, attrs={} if size is None else {"size": size})
            session.add(row)
            session.flush()
            if has_tag:
                session.add(ContactTag(tag_id=gold.id, contact_id=row.id))
            if has_consent:
                entry = ConsentEntry(channel="email", address_key=key, state=ConsentState.GIVEN, wording="Yes")
                consent.record(session, entry)
    before = snapshot(lux, firm)
    public_id = begin(lux, firm, len(people), **wanted)
    lux.work()
    done = action(lux, firm, public_id)
    assert done.state == "done"
    assert sum(done.counts.get(name, 0) for name in ("changed", "unchanged", "skipped")) == len(people)
    if done.counts.get("changed"):
        assert snapshot(lux, firm) != before
        undone = take_back(lux, firm, public_id, "Because")
        assert undone.undo_counts == {"done": done.counts["changed"], "undone": done.counts["changed"], "kept": 0}
    assert snapshot(lux, firm) == before
    with lux.db.begin(firm.id) as session:
        session.execute(delete(BulkTarget))


def snapshot(lux: Installation, firm: Firm) -> list[Any]:
    """Return everything that actions write, but the histories that they may only add to."""
    with lux.db.read(firm.id) as session:
        rows = session.scalars(select(Contact).order_by(Contact.id)).all()
        tags = session.execute(select(ContactTag.contact_id, ContactTag.added_at).order_by(ContactTag.contact_id)).all()
        keys = [str(row.email_key) for row in rows]
        said = consent.status(session, "email", keys)
        return [
            [(row.city, row.lifecycle, dict(row.attrs), row.trashed_at) for row in rows],
            [tuple(row) for row in tags],
            [(one.state, one.wording, one.suppressed, one.at) for one in said.values()],
        ]
