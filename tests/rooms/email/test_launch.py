"""From a draft to its yes and out: revising, taking back, times, tests, pausing, cancelling, settling."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine

from lux.gate import control, reads, toggles
from lux.gate.models import Delivery, Outbound
from lux.gate.reads import DeliveryState, ItemState, OutboundState
from lux.identity.access import Role
from lux.kit import clock
from lux.kit.errors import Conflict, InvalidInput, ToggleIsOff
from lux.rooms.email import drafts, launch, queries
from lux.rooms.email.forms import CampaignForm
from lux.rooms.email.states import CampaignState
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    import uuid

    from tests.factories import Firm, Installation


def row(lux: Installation, firm: Firm, public_id: uuid.UUID) -> queries.CampaignRow:
    """Return a campaign with its state."""
    with lux.db.read(firm.id) as session:
        return queries.row_of(session, campaigns.load(session, public_id))


def save(lux: Installation, firm: Firm, public_id: uuid.UUID, **values: object) -> bool:
    """Save the editor's form with some values changed."""
    with lux.db.begin(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        form = CampaignForm.model_validate({**drafts.values_of(session, campaign), **values})
        return drafts.save(session, campaign, form, editor=firm.person)


def test_an_edit_of_what_waits_makes_a_new_version_that_waits(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    assert save(lux, firm, public_id, subject="Still a draft") is False
    campaigns.submit(lux, firm, public_id)
    before = row(lux, firm, public_id).outbound.item
    assert save(lux, firm, public_id, subject="Better") is True
    after = row(lux, firm, public_id).outbound.item
    assert (after.version, after.state, after.body["subject"]) == (2, ItemState.PENDING, "Better")
    assert after.content_hash != before.content_hash


def held_back_by_its_switch(lux: Installation) -> tuple[Firm, uuid.UUID]:
    """Approve a campaign whose switch is off: a check pauses it before anything has left."""
    firm = campaigns.ready(lux)
    switch(lux, firm, is_on=False)
    public_id = campaigns.sent(lux, firm)
    found = row(lux, firm, public_id)
    assert (found.state, found.outbound.state) == (CampaignState.PAUSED, OutboundState.READY)
    return firm, public_id


def switch(lux: Installation, firm: Firm, *, is_on: bool) -> None:
    """Turn e-mail on or off."""
    with lux.db.begin(firm.id) as session:
        toggles.set_toggle(session, firm.person, "channel_email", is_on=is_on, reason="test")


def test_a_campaign_paused_before_it_began_can_be_edited(lux: Installation) -> None:
    """Nothing has left: the editor opens, the yes is void, the pause is over, and a new yes lets it go."""
    firm, public_id = held_back_by_its_switch(lux)
    client = lux.client(firm)
    assert "Saving voids the yes." in client.get(f"/campaigns/{public_id}/edit").text
    assert save(lux, firm, public_id, subject="Better") is True
    found = row(lux, firm, public_id)
    assert (found.state, found.outbound.is_paused, found.outbound.item.version) == (CampaignState.PENDING, False, 2)
    switch(lux, firm, is_on=True)
    campaigns.approve(lux, firm, public_id)
    lux.work()
    assert row(lux, firm, public_id).counts == {DeliveryState.CAPTURED: 3}


def test_a_campaign_paused_before_it_began_can_be_taken_back(lux: Installation) -> None:
    """The page offers it, and it is a draft again."""
    firm, public_id = held_back_by_its_switch(lux)
    client = lux.client(firm)
    assert "Take it back" in client.get(f"/campaigns/{public_id}").text
    assert client.post(f"/campaigns/{public_id}/withdraw").status_code == 303
    assert row(lux, firm, public_id).state is CampaignState.DRAFT
    switch(lux, firm, is_on=True)
    lux.work()
    assert row(lux, firm, public_id).counts == {}


def test_what_has_begun_to_leave_is_not_edited(lux: Installation) -> None:
    """Paused in the middle: the refusal says that messages are leaving, and the page offers no way to take it back."""
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    with lux.db.begin(firm.id) as session:
        outbound = session.query(Outbound).one()
        outbound.state, outbound.is_paused = OutboundState.WORKING, True
    client = lux.client(firm)
    assert "Take it back" not in client.get(f"/campaigns/{public_id}").text
    assert client.get(f"/campaigns/{public_id}/edit").status_code == 409
    assert client.post(f"/campaigns/{public_id}/withdraw").status_code == 409


def test_an_edit_voids_the_yes_of_a_scheduled_campaign(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    submit_for(lux, firm, public_id, tomorrow_at(9))
    campaigns.approve(lux, firm, public_id)
    assert row(lux, firm, public_id).state is CampaignState.SCHEDULED
    assert save(lux, firm, public_id, subject="Changed") is True
    found = row(lux, firm, public_id)
    assert found.state is CampaignState.PENDING
    assert found.outbound.item.send_at is not None
    lux.work()
    assert campaigns.deliveries(lux, firm, public_id) == []


def test_an_edit_that_breaks_what_waits_is_refused_and_the_old_version_stays(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    with pytest.raises(InvalidInput) as refused:
        save(lux, firm, public_id, subject="")
    assert "subject" in {problem.field for problem in refused.value.problems}
    assert row(lux, firm, public_id).outbound.item.body["subject"] == "Hello {{ first_name }}"
    with lux.db.read(firm.id) as session:
        assert campaigns.load(session, public_id).subject == "Hello {{ first_name }}"


def test_a_rejected_campaign_is_a_draft_with_the_reason_and_can_be_submitted_again(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    campaigns.reject(lux, firm, public_id, "Too loud")
    found = row(lux, firm, public_id)
    assert (found.state, found.outbound.item.reason) == (CampaignState.DRAFT, "Too loud")
    save(lux, firm, public_id, subject="Quiet")
    campaigns.submit(lux, firm, public_id)
    found = row(lux, firm, public_id)
    assert (found.state, found.outbound.item.version) == (CampaignState.PENDING, 2)


def test_what_is_taken_back_is_a_draft_and_leaves_nothing_behind(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    with lux.db.begin(firm.id) as session:
        launch.withdraw(session, campaigns.load(session, public_id), by=firm.person)
    assert row(lux, firm, public_id).state is CampaignState.DRAFT
    with lux.db.read(firm.id) as session:
        assert reads.waiting(session)[0] == 0
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    lux.work()
    assert row(lux, firm, public_id).state is CampaignState.SENT


def test_a_wall_time_means_the_companys_zone_on_both_days_of_changing_clocks(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)  # Europe/Berlin
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False), lux_sqlite.db.read(firm.id) as session:
        spring = launch.send_time(session, dt.datetime(2026, 3, 29, 3, 30))  # noqa: DTZ001 - a wall time
        autumn = launch.send_time(session, dt.datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 - a wall time
        assert spring == dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC)
        assert autumn == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
        with pytest.raises(InvalidInput, match="does not exist"):
            launch.send_time(session, dt.datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001 - a wall time
        with pytest.raises(InvalidInput, match="passed"):
            launch.send_time(session, dt.datetime(2026, 2, 1, 9, 0))  # noqa: DTZ001 - a wall time


def test_the_version_that_was_shown_is_the_one_that_is_submitted(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    public_id = campaigns.draft(lux_sqlite, firm)
    save(lux_sqlite, firm, public_id, subject="Newer")
    with pytest.raises(Conflict), lux_sqlite.db.begin(firm.id) as session:
        launch.submit_campaign(
            session, campaigns.load(session, public_id), launch.Asked(author=firm.person, version=1), local_time=None
        )


def test_a_test_copy_goes_to_members_only_and_is_no_figure(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm, audience_source="")
    other = lux.member(firm.id, Role.VIEWER)
    member_ids = [str(firm.person.user_public_id), str(other.person.user_public_id)]
    with lux.db.begin(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        launch.send_test(session, campaign, launch.Asked(author=firm.person, version=1), member_ids=member_ids)
    lux.work()
    with lux.db.read(firm.id) as session:
        run = launch.latest_test(session, campaigns.load(session, public_id))
        assert run is not None
        assert {one.address for one in run.deliveries} == {firm.person.email, other.person.email}
        assert {one.state for one in run.deliveries} == {DeliveryState.CAPTURED}
        assert not run.is_running
    assert row(lux, firm, public_id).state is CampaignState.DRAFT
    assert row(lux, firm, public_id).facts == {}
    stranger = campaigns.ready(lux)
    with pytest.raises(InvalidInput), lux.db.begin(firm.id) as session:
        launch.send_test(
            session,
            campaigns.load(session, public_id),
            launch.Asked(author=firm.person, version=1),
            member_ids=[str(stranger.person.user_public_id)],
        )


def test_no_test_leaves_while_the_switch_is_off(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    lux_sqlite.sender(firm)
    public_id = campaigns.draft(lux_sqlite, firm)
    with pytest.raises(ToggleIsOff), lux_sqlite.db.begin(firm.id) as session:
        launch.send_test(
            session,
            campaigns.load(session, public_id),
            launch.Asked(author=firm.person, version=1),
            member_ids=[str(firm.person.user_public_id)],
        )
    assert "Switches" in lux_sqlite.client(firm).get(f"/campaigns/{public_id}").text


def test_cancelling_is_typed_and_final(lux: Installation) -> None:
    firm = campaigns.ready(lux, 4)
    public_id, client = campaigns.draft(lux, firm), lux.client(firm)
    submit_for(lux, firm, public_id, tomorrow_at(9))
    campaigns.approve(lux, firm, public_id)
    refused = client.post(f"/campaigns/{public_id}/cancel", data={"confirmation": "yes"})
    assert refused.status_code == 422
    assert "Type 4 to confirm" in refused.text
    assert row(lux, firm, public_id).state is CampaignState.SCHEDULED
    assert client.post(f"/campaigns/{public_id}/cancel", data={"confirmation": "4"}).status_code == 303
    assert row(lux, firm, public_id).state is CampaignState.CANCELLED
    lux.work()
    assert campaigns.deliveries(lux, firm, public_id) == []


def test_what_is_unknown_is_listed_and_settled_by_hand(lux: Installation) -> None:
    firm = campaigns.ready(lux, 3)
    public_id, client = campaigns.sent(lux, firm), lux.client(firm)
    ids = [one.id for one in campaigns.deliveries(lux, firm, public_id)]
    with lux.db.begin(firm.id) as session:
        for delivery in session.query(Delivery).where(Delivery.id.in_(ids[:2])):
            delivery.state, delivery.error = DeliveryState.UNKNOWN, "Ambiguous"
        session.query(Outbound).one().state = OutboundState.UNKNOWN
    assert "The outcome of 2 messages is unknown" in client.get(f"/campaigns/{public_id}").text
    listed = client.get(f"/campaigns/{public_id}/recipients?state=unknown").text
    assert listed.count("It was sent") == 2
    for number, outcome in zip(ids[:2], ("sent", "failed"), strict=True):
        path = f"/campaigns/{public_id}/recipients/{number}/settle"
        assert client.post(path, data={"outcome": outcome}).status_code == 303
    found = [one.state for one in campaigns.deliveries(lux, firm, public_id)]
    assert found == [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.CAPTURED]
    assert (
        client.post(f"/campaigns/{public_id}/recipients/{ids[2]}/settle", data={"outcome": "sent"}).status_code == 409
    )
    assert client.post(f"/campaigns/{public_id}/resend").status_code == 303
    lux.work()
    assert [one.state for one in campaigns.deliveries(lux, firm, public_id)][1] is DeliveryState.CAPTURED


def test_pausing_and_resuming_doubles_nobody(lux: Installation) -> None:
    firm = campaigns.ready(lux, 20)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    for _ in range(20):
        with lux.db.begin(firm.id) as session:
            outbound_id = campaigns.load(session, public_id).outbound_id
            control.pause(session, firm.person, outbound_id)
        lux.work()
        assert row(lux, firm, public_id).state is CampaignState.PAUSED
        with lux.db.begin(firm.id) as session:
            control.resume(session, firm.person, outbound_id)
    lux.work()
    found = row(lux, firm, public_id)
    assert found.state is CampaignState.SENT
    assert found.counts == {DeliveryState.CAPTURED: 20}
    assert found.facts["email.captured"][:2] == (20, 0)


def submit_for(lux: Installation, firm: Firm, public_id: uuid.UUID, local: dt.datetime) -> None:
    """Ask for a yes for a time."""
    with lux.db.begin(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        launch.submit_campaign(
            session, campaign, launch.Asked(author=firm.person, version=campaign.version), local_time=local
        )


def tomorrow_at(hour: int) -> dt.datetime:
    """Return a wall time of tomorrow."""
    day = clock.in_zone(clock.now(), "Europe/Berlin").date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(hour))
