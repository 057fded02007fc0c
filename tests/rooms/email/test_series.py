"""A weekly campaign under one yes, from end to end: it runs by itself inside its bounds, and stops outside."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from lux.gate import consent, jobs, reads, stop
from lux.gate.deciding import policies, yeses
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, FeatureToggle, Outbound
from lux.gate.parties import Sender
from lux.gate.series import frame, looking, starting
from lux.gate.series.models import SeriesRun
from lux.gate.states import ItemState, Method, OutboundState, RunState
from lux.identity import api_keys
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.ports.acts import digest_of
from lux.rooms.email import drafts, queries, repeating
from lux.rooms.email.forms import CampaignForm
from lux.rooms.email.models import Campaign
from lux.rooms.email.repeat import Repeat
from lux.rooms.notifications.models import Notification
from tests.rooms.email import campaigns
from tests.rooms.email.test_machines import Still

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.factories import Firm, Installation

PEOPLE = 3
MONDAY = dt.datetime(2035, 3, 5, 12, tzinfo=dt.UTC)  # of a spring in which Berlin changes its clocks on the 25th
TUESDAYS = [dt.datetime(2035, 3, 6, 8, tzinfo=dt.UTC), dt.datetime(2035, 3, 13, 8, tzinfo=dt.UTC),
            dt.datetime(2035, 3, 20, 8, tzinfo=dt.UTC), dt.datetime(2035, 3, 27, 7, tzinfo=dt.UTC)]  # fmt: skip
WEEKLY = {"every": "week", "weekday": "tue", "at": dt.time(9), "until": dt.date(2035, 4, 30), "most": 12,
          "most_recipients": 10, "most_messages": 100, "drift_percent": 50, "drift_least": 1}  # fmt: skip


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time stand where a test puts it."""
    real = clock.now
    Still.at = None
    monkeypatch.setattr(clock, "now", lambda: Still.at or real())


class Weekly:
    """One company with a campaign that repeats."""

    def __init__(self, lux: Installation, **bounds: object) -> None:
        """Set it up on a Monday, submitted and approved."""
        Still.at = None
        self.lux, self.firm = lux, campaigns.ready(lux, PEOPLE)
        Still.at = MONDAY
        self.public_id = campaigns.draft(lux, self.firm)
        self.choose(**bounds)
        campaigns.submit(lux, self.firm, self.public_id)
        campaigns.approve(lux, self.firm, self.public_id)

    def choose(self, **bounds: object) -> None:
        """Let it repeat."""
        with self.lux.db.begin(self.firm.id) as session:
            campaign = campaigns.load(session, self.public_id)
            repeat = Repeat(**{**WEEKLY, **bounds})
            repeating.choose(session, campaign, repeat, editor=self.firm.person, version=campaign.version)

    def at(self, moment: dt.datetime, *, ticks: int = 1) -> None:
        """Let the clock stand at a moment, tick, and do all work that is due."""
        Still.at = moment
        for _tick in range(ticks):
            for tick in jobs.TICKS:
                if tick.name == "gate.series":
                    tick.run(self.lux.db)
        self.lux.work()

    def outbound_id(self) -> int:
        """Return the outbound of the series."""
        with self.lux.db.read(self.firm.id) as session:
            found = campaigns.load(session, self.public_id).outbound_id
        assert found is not None
        return found

    def runs(self) -> list[looking.Run]:
        """Return what became of its slots, the earliest first."""
        with self.lux.db.read(self.firm.id) as session:
            return [run for run, _made in repeating.runs_of(session, campaigns.load(session, self.public_id))][::-1]

    def standing(self) -> looking.Standing:
        """Return how far it is."""
        with self.lux.db.read(self.firm.id) as session:
            found = repeating.standing_of(session, campaigns.load(session, self.public_id))
        assert found is not None
        return found

    def item(self) -> reads.ItemView:
        """Return its approval."""
        with self.lux.db.read(self.firm.id) as session:
            found = queries.outbound_of(session, campaigns.load(session, self.public_id))
        assert found is not None
        return found.item

    def get(self, path: str, public_id: uuid.UUID | None = None) -> TestResponse:
        """Open a page today: the session of a browser would not last until then."""
        before, Still.at = Still.at, None
        answer = self.lux.client(self.firm).get(f"/campaigns/{public_id or self.public_id}{path}")
        Still.at = before
        return answer

    def post(self, path: str, status: int = 303, **data: str) -> None:
        """Press a button."""
        before, Still.at = Still.at, None
        answer = self.lux.client(self.firm).post(f"/campaigns/{self.public_id}{path}", data=data)
        Still.at = before
        assert answer.status_code == status, answer.text

    def left(self) -> int:
        """Return how many mails the built-in mailbox got."""
        return len(list((self.lux.settings.home / "mailbox" / str(self.firm.id)).rglob("*.eml")))


def is_proven(lux: Installation, firm: Firm) -> None:
    """Hold that whatever left, left under a yes over exactly it: hash for hash, and never more than allowed."""
    with lux.db.read(firm.id) as session:
        for outbound in session.scalars(select(Outbound).where(Outbound.kind == "email_campaign")):
            item = session.get(ApprovalQueue, outbound.item_id)
            decision = session.get(ApprovalDecision, outbound.approval_id)
            assert decision.content_hash == item.content_hash == digest_of(item.body)
            assert decision.method is Method.SERIES
            parent = session.get(ApprovalDecision, decision.parent_id)
            assert parent.method in {Method.PERSON, Method.SOLO}
            assert (parent.decided_by, parent.session_id) == (decision.decided_by, decision.session_id)
            assert parent.decided_by is not None
            approved = reads.last_approved(session, parent.item_id, before_version=parent.version + 1)
            assert digest_of(approved) == parent.content_hash
            assert frame.is_same_mail(approved, item.body)
            rows = session.scalars(select(Delivery).where(Delivery.outbound_id == outbound.id)).all()
            gone = [row for row in rows if row.sent_at is not None]
            assert len(gone) <= approved["most_recipients"]
            assert len({row.address_key for row in rows}) == len(rows), "nobody gets a run twice"


def test_a_weekly_campaign_runs_unattended_within_one_yes(lux: Installation) -> None:
    """By the wall clock, also across the change of clocks; each run is a campaign with a report of its own."""
    weekly = Weekly(lux)
    assert weekly.standing().next_at == TUESDAYS[0]
    weekly.at(TUESDAYS[0] - dt.timedelta(seconds=1))
    assert weekly.left() == 0, "not before its time"
    Still.at = TUESDAYS[0]
    outbound_id = weekly.outbound_id()
    with ThreadPoolExecutor(2) as pool:  # two clocks at once make one run
        list(pool.map(lambda _n: starting.run_due(lux.db, outbound_id), range(2)))
    for number, moment in enumerate(TUESDAYS, 1):
        weekly.at(moment, ticks=2)
        weekly.at(moment + dt.timedelta(minutes=1))
        assert weekly.left() == number * PEOPLE, "each slot once, however often the clock ticks"
    runs = weekly.runs()
    assert [(run.number, run.slot_at, run.state) for run in runs] == [
        (number, moment, RunState.STARTED) for number, moment in enumerate(TUESDAYS, 1)
    ]
    assert [run.outbound.state for run in runs] == [OutboundState.DONE] * 4
    standing = weekly.standing()
    assert (standing.runs, standing.messages) == (4, 4 * PEOPLE)
    is_proven(lux, weekly.firm)
    page = weekly.get("/series").text
    assert "Ran 4 times within the yes of" in page
    assert "every Tuesday at 9:00" in page.replace("\u202f", " ")
    with lux.db.read(weekly.firm.id) as session:
        of = campaigns.load(session, weekly.public_id)
        made = session.scalars(select(Campaign).where(Campaign.run_of_id == of.id).order_by(Campaign.id)).all()
        names = [one.name for one in made]
        last = made[-1].public_id
    assert names == [f"Autumn · {number}" for number in (1, 2, 3, 4)]
    assert weekly.get("/report", last).status_code == 200
    assert weekly.get("/edit", last).status_code == 409, "a run says what was approved"
    assert "This is a run of" in weekly.get("/series", last).text


def test_who_may_be_written_to_is_asked_anew_at_each_run(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    weekly = Weekly(lux)
    weekly.at(TUESDAYS[0])
    with lux.db.begin(weekly.firm.id) as session:
        row = session.scalars(select(Delivery).order_by(Delivery.id)).first()
        consent.withdraw(session, channel="email", address_key=row.address_key, contact_id=row.contact_id,
                         source="test")  # fmt: skip
    lux.contacts(weekly.firm, 1)
    weekly.at(TUESDAYS[1])
    first, second = weekly.runs()
    assert sum(first.counts.values()) == PEOPLE
    assert {state.value: number for state, number in second.counts.items()} == {"captured": PEOPLE, "skipped": 1}


def test_it_ends_at_its_number_of_runs_and_at_its_last_day(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    weekly = Weekly(lux, most=2)
    for moment in TUESDAYS[:3]:
        weekly.at(moment)
    assert (weekly.left(), weekly.item().state, weekly.standing().next_at) == (2 * PEOPLE, ItemState.PUBLISHED, None)
    other = Weekly(lux, until=dt.date(2035, 3, 13))
    for moment in TUESDAYS[:3]:
        other.at(moment)
    assert (other.left(), other.item().state) == (2 * PEOPLE, ItemState.PUBLISHED)
    assert [run.number for run in other.runs()] == [1, 2]
    is_proven(lux, weekly.firm)
    is_proven(lux, other.firm)


def _more_people(lux: Installation, weekly: Weekly) -> None:
    lux.contacts(weekly.firm, 3)


def _many_more(lux: Installation, weekly: Weekly) -> None:
    lux.contacts(weekly.firm, 8)


def _no_sender(lux: Installation, weekly: Weekly) -> None:
    with lux.db.begin(weekly.firm.id) as session:
        session.execute(update(Sender).values(verified_at=None))


def _tampered(lux: Installation, weekly: Weekly) -> None:
    with lux.db.begin(weekly.firm.id) as session:
        item = session.get(ApprovalQueue, weekly.item().id)
        item.body = {**item.body, "subject": "Something else"}


OUTSIDE = {
    "drift": (_more_people, {}),
    "cap": (_many_more, {"drift_percent": 1000}),
    "messages": (_more_people, {"drift_percent": 1000, "most_messages": PEOPLE + 5}),
    "sender": (_no_sender, {}),
    "series": (_tampered, {}),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_of_its_yes_nothing_leaves_and_it_waits_for_a_new_one(lux_sqlite: Installation, name: str) -> None:
    """Before a run starts, and between its start and its first message."""
    happens, bounds = OUTSIDE[name]
    weekly = Weekly(lux_sqlite, **bounds)
    weekly.at(TUESDAYS[0])
    before = weekly.left()
    happens(lux_sqlite, weekly)
    weekly.at(TUESDAYS[1])
    assert weekly.left() == before == PEOPLE
    assert weekly.item().state is ItemState.PENDING
    assert weekly.runs()[-1].state is RunState.REFUSED
    assert weekly.runs()[-1].check == ("cap" if name == "messages" else name)
    assert weekly.runs()[-1].reason
    weekly.at(TUESDAYS[2])
    assert weekly.left() == before, "without a new yes no run follows"
    assert "It stopped by itself" in weekly.get("/series").text
    with lux_sqlite.db.read(weekly.firm.id) as session:
        told = session.scalars(select(Notification.kind)).all()
    assert "approval.returned" in told


def test_between_its_start_and_its_first_message_a_run_is_asked_again(lux_sqlite: Installation) -> None:
    weekly = Weekly(lux_sqlite)
    Still.at = TUESDAYS[0]
    starting.run_due(lux_sqlite.db, weekly.outbound_id())
    assert weekly.runs()[0].state is RunState.STARTED
    lux_sqlite.contacts(weekly.firm, 5)
    lux_sqlite.work()
    run = weekly.runs()[0]
    assert (weekly.left(), run.state, run.check) == (0, RunState.REFUSED, "drift")
    assert weekly.item().state is ItemState.PENDING
    assert run.outbound.state is OutboundState.CANCELLED


def test_an_edit_asks_for_a_new_yes_and_a_new_yes_goes_on(lux: Installation) -> None:
    weekly = Weekly(lux)
    weekly.at(TUESDAYS[0])
    with lux.db.begin(weekly.firm.id) as session:
        campaign = campaigns.load(session, weekly.public_id)
        values = drafts.values_of(session, campaign) | {"subject": "New words"}
        drafts.save(session, campaign, CampaignForm(**values), editor=weekly.firm.person)
    weekly.at(TUESDAYS[1])
    assert (weekly.left(), weekly.item().state) == (PEOPLE, ItemState.PENDING)
    campaigns.approve(lux, weekly.firm, weekly.public_id)
    weekly.at(TUESDAYS[2])
    assert weekly.left() == 2 * PEOPLE
    assert weekly.standing().runs == 1, "counted within the new yes"
    assert [run.number for run in weekly.runs()] == [1, 2]
    is_proven(lux, weekly.firm)


def test_a_switch_that_is_off_holds_it_and_its_yes_stands(lux_sqlite: Installation) -> None:
    for key in ("channel_email", "automation_scheduled_publishing"):
        weekly = Weekly(lux_sqlite)
        with lux_sqlite.db.begin(weekly.firm.id) as session:
            session.execute(update(FeatureToggle).where(FeatureToggle.key == key).values(is_on=False))
        weekly.at(TUESDAYS[0])
        weekly.post("/series/resume", status=409)  # not while it is off
        run = weekly.runs()[0]
        assert (weekly.left(), run.state, run.check) == (0, RunState.SKIPPED, "toggle")
        assert weekly.standing().is_paused
        assert weekly.item().state is ItemState.APPROVED
        with lux_sqlite.db.begin(weekly.firm.id) as session:
            session.execute(update(FeatureToggle).values(is_on=True))
        weekly.post("/series/resume")
        weekly.at(TUESDAYS[0] + dt.timedelta(hours=1))
        assert weekly.left() == PEOPLE, "made up for within three hours"
        assert [run.state for run in weekly.runs()] == [RunState.STARTED]


def test_a_stop_holds_it_a_late_slot_is_left_out_and_a_person_pauses_and_ends_it(lux: Installation) -> None:
    weekly = Weekly(lux)
    firm = weekly.firm
    scope = stop.scopes.of_company(firm.id)
    with lux.db.begin(firm.id) as session:
        stop.press(session, by=firm.person, scope=scope, reason="test")
    weekly.at(TUESDAYS[0])
    assert (weekly.left(), weekly.runs()) == (0, [])
    weekly.at(TUESDAYS[0] + dt.timedelta(hours=4))
    assert [(run.state, run.check) for run in weekly.runs()] == [(RunState.SKIPPED, "stop")]
    with lux.db.begin(firm.id) as session:
        stop.resume(session, by=firm.person, scope=scope, reason="test")
    weekly.at(TUESDAYS[1] + dt.timedelta(hours=2))
    assert weekly.left() == PEOPLE, "two hours late is made up for"
    weekly.post("/series/pause")
    weekly.at(TUESDAYS[2])
    assert weekly.left() == PEOPLE
    weekly.post("/series/resume")
    weekly.at(TUESDAYS[3])
    assert weekly.left() == 2 * PEOPLE
    assert [run.check for run in weekly.runs()] == ["stop", "", "missed", ""]
    weekly.post("/series/end", reason="Enough")
    weekly.at(TUESDAYS[3] + dt.timedelta(days=7))
    assert (weekly.left(), weekly.item().state) == (2 * PEOPLE, ItemState.CANCELLED)
    is_proven(lux, firm)


def test_a_run_without_a_yes_cannot_be_stored(lux: Installation) -> None:
    """The third lock: the database itself refuses."""
    weekly = Weekly(lux)
    outbound_id = weekly.outbound_id()
    for values in ({}, {"decision_id": 1}):
        run = SeriesRun(series_id=outbound_id, slot_at=TUESDAYS[0], state=RunState.STARTED, outbound_id=outbound_id,
                        **values)  # fmt: skip
        with pytest.raises(IntegrityError), lux.db.begin(weekly.firm.id) as session:
            session.add(run)


def test_two_have_to_say_yes_when_its_cap_is_above_what_one_may_let_go(lux_sqlite: Installation) -> None:
    """It goes to three people today; what counts is how many it may go to."""
    weekly = Weekly(lux_sqlite)
    weekly.choose()
    Still.at = None
    lux_sqlite.member(weekly.firm.id, Role.ADMIN)
    with lux_sqlite.db.begin(weekly.firm.id) as session:
        policies.choose(session, weekly.firm.person, policies.Rules(two_above=5), version=0, reason="test")
        assert yeses.of_item(session, weekly.item()).needed == 2


def test_a_program_lets_a_campaign_repeat_and_reads_its_runs_but_no_key_lets_it_go_on(
    lux_sqlite: Installation,
) -> None:
    lux = lux_sqlite
    firm = campaigns.ready(lux, PEOPLE)
    with lux.db.begin(firm.id) as session:
        _row, key = api_keys.issue(session, name="Program", scopes=list(Scope), by=firm.person)
    public_id, client = campaigns.draft(lux, firm), lux.client()
    headers, path = {"Authorization": f"Bearer {key}"}, f"/api/v1/campaigns/{public_id}"
    assert client.get(f"{path}/series", headers=headers).status_code == 404
    how = {**WEEKLY, "at": "09:00", "until": (clock.now() + dt.timedelta(days=60)).date().isoformat()}
    wrong = client.put(f"{path}/series", headers=headers, json={**how, "weekday": "someday"})
    assert wrong.status_code == 422
    assert client.put(f"{path}/series", headers=headers, json=how).status_code == 200
    later = {"send_at": (clock.now() + dt.timedelta(days=1)).isoformat()}
    assert client.post(f"{path}/submit", headers=headers, json=later).status_code == 422, "it says itself when"
    assert client.post(f"{path}/submit", headers=headers, json={}).status_code == 200
    campaigns.approve(lux, firm, public_id)
    shown = client.get(f"{path}/series", headers=headers).json
    assert (shown["is_active"], shown["runs_started"], shown["runs"], shown["weekday"]) == (True, 0, [], "tue")
    paused = client.post(f"{path}/series/pause", headers=headers, json={}).json
    assert (paused["is_active"], paused["is_paused"]) == (False, True)
    assert client.post(f"{path}/series/resume", headers=headers, json={}).status_code == 404
    assert client.post(f"{path}/series/end", headers=headers, json={}).json["next_at"] is None
