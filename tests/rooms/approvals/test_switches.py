"""The pages of the switches: what they show before anybody decides, limits with errors at their fields, and the API."""

from __future__ import annotations

from lux.gate import toggles
from lux.gate.toggles import SCHEDULED
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.rooms.email import queries
from tests.callers import Caller
from tests.factories import Installation
from tests.full_company import filled
from tests.rooms.email import campaigns

LIMITS = {"daily_cap": "1 500", "starts": "09:00", "ends": "17:00", "days": ["0", "1"], "zone": "Europe/Berlin"}


def test_a_switch_has_a_page_with_its_limits_and_its_history(lux: Installation) -> None:
    """Entered, saved, shown in words on both pages, to a viewer too; who may not change them can't."""
    firm = filled(lux)
    client, viewer = lux.client(firm), lux.client(lux.member(firm.id, Role.VIEWER))
    page = "/approvals/toggles/channel_email"
    refused = client.post(f"{page}/limits", data={**LIMITS, "daily_cap": "many", "reason": "We begin"})
    assert refused.status_code == 422
    assert 'value="many"' in refused.text
    assert "This is not a number that fits." in refused.text
    assert client.post(f"{page}/limits", data=LIMITS).status_code == 422, "a reason is asked for"
    assert client.post(f"{page}/limits", data={**LIMITS, "reason": "We begin slowly"}).status_code == 303
    for reader in (client, viewer):
        for path in (page, "/approvals/toggles"):
            shown = reader.get(path).text
            assert "At most 1,500 messages a day" in shown
            assert "09:00–17:00, Mon, Tue (Europe/Berlin)" in shown
    assert "We begin slowly" in client.get(page).text
    assert viewer.post(f"{page}/limits", data={**LIMITS, "reason": "x"}).status_code == 403
    assert client.post(f"{page}/installation", data={"is_on": "true", "reason": "x"}).status_code == 403
    assert client.get("/approvals/toggles/channel_fax").status_code == 404
    assert "can't be turned on" in client.get("/approvals/toggles/agent_operations").text


def test_the_list_tells_what_turning_off_holds_and_puts_what_is_not_there_apart(lux_sqlite: Installation) -> None:
    client = lux_sqlite.client(filled(lux_sqlite))
    shown = client.get("/approvals/toggles").text
    in_use, _rest, apart = shown.partition("Not in use yet")
    assert "channel_email" in in_use
    assert SCHEDULED in in_use
    assert "agent_retention" not in in_use
    assert "agent_retention" in apart
    assert "Nothing with a yes waits for it just now." in shown
    assert "These stay on but miss it: Scheduled publishing." in shown


def test_a_time_without_its_switch_keeps_what_was_typed_and_leads_there(lux_sqlite: Installation) -> None:
    """Approval and submission alike."""
    firm = filled(lux_sqlite)
    client = lux_sqlite.client(firm)
    with lux_sqlite.db.begin(firm.id) as session:
        toggles.set_toggle(session, firm.person, SCHEDULED, is_on=False, reason="not now")
        from lux.gate import reads

        item = reads.items(session, states=[reads.ItemState.PENDING])[0]
    data = {"shown_hash": item.content_hash, "confirmation": str(item.audience_count), "send_at": "2030-07-01T12:00"}
    answer = client.post(f"/approvals/{item.public_id}/approve", data=data)
    assert answer.status_code == 409
    assert 'value="2030-07-01T12:00"' in answer.text
    assert f'href="/approvals/toggles/{SCHEDULED}"' in answer.text
    path = f"/campaigns/{campaigns.draft(lux_sqlite, firm)}/submit"
    answer = client.post(path, data={"version": "1", "when": "at", "send_at": "2030-07-01T12:00"})
    assert answer.status_code == 409
    assert 'value="2030-07-01T12:00"' in answer.text
    assert SCHEDULED in answer.text
    assert f'href="/approvals/toggles/{SCHEDULED}"' in answer.text


def test_programs_read_all_switches(lux_sqlite: Installation) -> None:
    firm = filled(lux_sqlite)
    with lux_sqlite.db.begin(firm.id) as session:
        toggles.set_limits(session, firm.person, "channel_email", toggles.Limits(daily_cap=7), reason="slowly")
    program = Caller(lux_sqlite, firm, Scope.APPROVALS_READ)
    found = {one["key"]: one for one in program.ask("GET", "/toggles").json["data"]}
    assert len(found) == 27
    assert found["channel_email"]["is_on"] is True
    assert found["channel_email"]["limits"] == {"daily_cap": 7}
    assert (found["channel_email"]["reason"], found["channel_x"]["is_in_use"]) == ("slowly", False)
    assert found["agent_operations"]["is_on_for_all"] is False
    assert program.ask("POST", "/toggles", json={}, expect=405) is not None


def test_health_names_a_switch_that_can_not_be_read(lux_sqlite: Installation) -> None:
    from sqlalchemy import text

    firm = filled(lux_sqlite)
    client = lux_sqlite.client(firm)
    with lux_sqlite.db.engine.begin() as connection:
        connection.execute(text("UPDATE feature_toggle SET limits = '[' WHERE key = 'channel_email'"))
    assert "can&#39;t be read, so it counts as off" in client.get("/diagnostics/health").text
    assert "so it counts as off" in client.get("/approvals/toggles/channel_email").text
    assert client.get("/approvals/toggles").status_code == 200


def test_off_at_departure_names_the_switch_with_the_way_there(lux_sqlite: Installation) -> None:
    """It had its yes, and the channel was turned off before it left: both pages name it and lead there."""
    lux = lux_sqlite
    firm = campaigns.ready(lux, 2)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    with lux.db.begin(firm.id) as session:
        toggles.set_toggle(session, firm.person, "channel_email", is_on=False, reason="Not today")
    lux.work()
    with lux.db.read(firm.id) as session:
        outbound = queries.outbound_of(session, campaigns.load(session, public_id))
    assert outbound is not None
    assert (outbound.is_paused, outbound.check_failed) == (True, "toggle")
    assert "channel_email" in outbound.pause_reason
    paths = (f"/approvals/{outbound.item.public_id}", f"/campaigns/{public_id}")
    pages = [lux.client(firm).get(path).text for path in paths]
    assert all("channel_email" in page for page in pages)
    assert 'href="/approvals/toggles/channel_email"' in pages[0]
    assert 'href="/approvals/toggles"' in pages[1], "the list, where it stands first of its kind"
