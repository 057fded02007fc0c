"""The room's pages over HTTP: a campaign's whole way, in every state, for every role."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

from lux.gate import control
from lux.identity.access import Role
from lux.rooms.email import queries
from tests.rooms.email import campaigns
from tests.rooms.email.campaigns import BODY

if TYPE_CHECKING:
    from tests.factories import Firm, Installation


def form_of(lux: Installation, firm: Firm, public_id: uuid.UUID, **values: str) -> dict[str, str]:
    """Return the editor's form as a browser would post it."""
    with lux.db.read(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        from lux.rooms.email import drafts

        found = drafts.values_of(session, campaign)
    posted = {name: str(value) for name, value in found.items() if value not in (False, None)}
    return {**posted, **values}


def state(lux: Installation, firm: Firm, public_id: uuid.UUID) -> str:
    """Return a campaign's state as people see it."""
    with lux.db.read(firm.id) as session:
        return queries.row_of(session, campaigns.load(session, public_id)).state.value


def test_a_campaign_goes_from_nothing_to_captured_through_the_pages(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    client = lux.client(firm)
    assert "No campaign yet" in client.get("/campaigns/").text
    made = client.post("/campaigns/new", data={"name": "Autumn", "start": "blank"})
    assert made.status_code == 303
    edit = made.headers["Location"]
    public_id = uuid.UUID(edit.split("/")[2])
    sender = re.search(r'<option value="([0-9a-f-]{36})"[^>]*>News', client.get(edit).text)
    assert sender
    data = form_of(
        lux, firm, public_id, subject="Hello {{ first_name }}", format="html", source=BODY, sender=sender[1],
        audience="everyone", track_opens="1", track_clicks="1",
    )  # fmt: skip
    assert client.post(edit, data=data).status_code == 303
    shown = client.get(f"/campaigns/{public_id}").text
    assert "nothing blocks" in shown
    assert "3 contacts with an address" in shown
    answer = client.post(f"/campaigns/{public_id}/submit", data={"version": "2", "when": "approved"})
    assert answer.status_code == 303, answer.text
    assert "It waits for a yes" in client.get(f"/campaigns/{public_id}").text
    campaigns.approve(lux, firm, public_id)
    lux.work()
    assert state(lux, firm, public_id) == "sent"
    shown = client.get(f"/campaigns/{public_id}").text
    assert "Captured" in shown
    assert 'data-status="captured"' in client.get("/campaigns/").text
    assert "contact" in client.get(f"/campaigns/{public_id}/recipients").text
    assert client.get("/mailbox/").text.count("Captured, not sent") == 3


def test_every_page_answers_in_every_state(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    client = lux.client(firm)
    public_id = campaigns.draft(lux, firm)
    parts = ("", "/edit", "/preview", "/preview/frame", "/audience?audience=everyone", "/tests")
    later = ("", "/preview", "/progress", "/recipients", "/recipients.csv", "/report")

    def look(names: tuple[str, ...]) -> None:
        for name in names:
            answer = client.get(f"/campaigns/{public_id}{name}")
            assert answer.status_code == 200, (name, answer.text)

    look(parts)
    campaigns.submit(lux, firm, public_id)
    look((*parts, *later))
    campaigns.reject(lux, firm, public_id, "Not in this tone.")
    look(parts)
    assert "Not in this tone." in client.get(f"/campaigns/{public_id}").text
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    look((*parts, *later))
    with lux.db.begin(firm.id) as session:
        control.pause(session, firm.person, campaigns.load(session, public_id).outbound_id, reason="Wait a moment")
    assert state(lux, firm, public_id) == "paused"
    assert "Wait a moment" in client.get(f"/campaigns/{public_id}").text
    look(later)
    assert client.post(f"/campaigns/{public_id}/resume").status_code == 303
    lux.work()
    assert state(lux, firm, public_id) == "sent"
    look(later)


def test_the_list_filters_by_every_state_and_pages_both_ways(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    client = lux.client(firm)
    for _ in range(53):
        campaigns.draft(lux, firm)
    done = campaigns.sent(lux, firm, name="The sent one")
    waiting = campaigns.draft(lux, firm, name="The waiting one")
    campaigns.submit(lux, firm, waiting)
    for chosen, count in (
        ("draft", 50), ("pending", 1), ("sent", 1), ("scheduled", 0), ("sending", 0), ("paused", 0),
        ("failed", 0), ("cancelled", 0), ("trash", 0),
    ):  # fmt: skip
        assert client.get(f"/campaigns/?state={chosen}").text.count("data-row") == count, chosen
    assert str(done) in client.get("/campaigns/?state=sent").text
    first = client.get("/campaigns/")
    following = re.search(r'href="(/campaigns/\?[^"]*cursor=[^"]+)" rel="next"', first.text)
    assert following
    second = client.get(following[1].replace("&amp;", "&"))
    assert second.text.count("data-row") == 5
    back = re.search(r'href="(/campaigns/\?[^"]*cursor=[^"]+)" rel="prev"', second.text)
    assert back
    assert client.get(back[1].replace("&amp;", "&")).text.count("data-row") == 50
    assert client.get("/campaigns/?cursor=nonsense").status_code == 422
    assert client.get("/campaigns/?q=WAITING").text.count("data-row") == 1


def test_a_fragment_is_only_the_rows(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    campaigns.sent(lux_sqlite, firm)
    answer = lux_sqlite.client(firm).get("/campaigns/?state=sent", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "campaign-rows" in answer.text


def test_a_refused_form_keeps_what_was_typed_and_names_the_field(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    client, public_id = lux_sqlite.client(firm), campaigns.draft(lux_sqlite, firm)
    data = form_of(lux_sqlite, firm, public_id, reply_to="not an address", subject="Kept words")
    answer = client.post(f"/campaigns/{public_id}/edit", data=data)
    assert answer.status_code == 422
    assert "Kept words" in answer.text
    assert 'href="#f-reply_to"' in answer.text
    for name, value in (("audience", f"segment:{uuid.uuid4()}"), ("sender", str(uuid.uuid4())), ("format", "pdf")):
        answer = client.post(f"/campaigns/{public_id}/edit", data=form_of(lux_sqlite, firm, public_id, **{name: value}))
        assert answer.status_code == 422
        assert f'href="#f-{name}"' in answer.text, name


def test_what_somebody_else_saved_is_not_overwritten(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    client, public_id = lux.client(firm), campaigns.draft(lux, firm)
    mine = form_of(lux, firm, public_id, subject="Mine")
    assert (
        client.post(f"/campaigns/{public_id}/edit", data=form_of(lux, firm, public_id, subject="Theirs")).status_code
        == 303
    )
    answer = client.post(f"/campaigns/{public_id}/edit", data=mine)
    assert answer.status_code == 409
    assert "Mine" in answer.text
    with lux.db.read(firm.id) as session:
        assert campaigns.load(session, public_id).subject == "Theirs"


def test_fields_that_the_form_does_not_have_change_nothing(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    client, public_id = lux_sqlite.client(firm), campaigns.draft(lux_sqlite, firm)
    for name in ("outbound_id", "company_id", "created_by", "id", "trashed_at"):
        data = form_of(lux_sqlite, firm, public_id, **{name: "1"})
        assert client.post(f"/campaigns/{public_id}/edit", data=data).status_code == 422, name


def test_the_trash_takes_and_gives_back(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    client, public_id = lux_sqlite.client(firm), campaigns.draft(lux_sqlite, firm)
    assert client.post(f"/campaigns/{public_id}/trash").status_code == 303
    assert client.get("/campaigns/").text.count("data-row") == 0
    assert client.get("/campaigns/?state=trash").text.count("data-row") == 1
    assert client.get(f"/campaigns/{public_id}/edit").status_code == 409
    assert client.post(f"/campaigns/{public_id}/restore").status_code == 303
    assert client.get("/campaigns/").text.count("data-row") == 1
    campaigns.submit(lux_sqlite, firm, public_id)
    assert client.post(f"/campaigns/{public_id}/trash").status_code == 409


def test_a_copy_is_a_draft_of_its_own(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    client, public_id = lux_sqlite.client(firm), campaigns.sent(lux_sqlite, firm)
    answer = client.post(f"/campaigns/{public_id}/duplicate")
    copy = uuid.UUID(answer.headers["Location"].split("/")[2])
    assert state(lux_sqlite, firm, copy) == "draft"
    assert state(lux_sqlite, firm, public_id) == "sent"
    assert client.get(f"/campaigns/{public_id}/edit").status_code == 409


def test_viewers_look_and_do_nothing(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    public_id = campaigns.sent(lux_sqlite, firm)
    other = campaigns.draft(lux_sqlite, firm)
    viewer = lux_sqlite.client(lux_sqlite.member(firm.id, Role.VIEWER))
    for path in ("/campaigns/", f"/campaigns/{public_id}", f"/campaigns/{public_id}/report", "/mailbox/"):
        assert viewer.get(path).status_code == 200, path
    assert "Submit for approval" not in viewer.get(f"/campaigns/{other}").text
    for path in ("duplicate", "trash", "submit", "withdraw", "test", "pause", "resume", "cancel", "resend", "edit"):
        assert viewer.post(f"/campaigns/{other}/{path}").status_code == 403, path
    assert viewer.get("/campaigns/new").status_code == 403


def test_another_company_sees_nothing(lux: Installation) -> None:
    firm, stranger = campaigns.ready(lux), campaigns.ready(lux)
    public_id = campaigns.sent(lux, firm)
    letter = campaigns.deliveries(lux, firm, public_id)[0].id
    client = lux.client(stranger)
    for path in (
        "", "/edit", "/preview", "/preview/frame", "/audience", "/tests", "/progress", "/recipients",
        "/recipients.csv", "/report",
    ):  # fmt: skip
        assert client.get(f"/campaigns/{public_id}{path}").status_code == 404, path
    for path in ("duplicate", "trash", "restore", "withdraw", "pause", "resume", "resend"):
        assert client.post(f"/campaigns/{public_id}/{path}").status_code == 404, path
    data = {"outcome": "sent"}
    assert client.post(f"/campaigns/{public_id}/recipients/{letter}/settle", data=data).status_code == 404
    for path in ("", "/frame", "/source"):
        assert client.get(f"/mailbox/{letter}{path}").status_code == 404
    assert client.get("/campaigns/").text.count("data-row") == 0
    assert client.get("/mailbox/").text.count("data-row") == 0


def test_in_a_large_company_the_page_comes_first_and_the_audience_is_counted_after(
    lux: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lux.rooms.contacts.queries.people.LARGE", 1)
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    client = lux.client(firm)
    shown = client.get(f"/campaigns/{public_id}").text
    assert f'hx-get="/campaigns/{public_id}/size"' in shown
    assert "May be written to" not in shown
    assert "May be written to" in client.get(f"/campaigns/{public_id}/size", headers={"HX-Request": "true"}).text
    without_script = client.get(f"/campaigns/{public_id}/size")
    assert "May be written to" in client.get(without_script.headers["Location"]).text
    lux.client(firm).post(f"/campaigns/{public_id}/submit", data={"when": "approved", "version": "1"})
    assert state(lux, firm, public_id) == "pending"  # what is submitted is counted all the same
