"""What templates and campaigns said before is kept, compared, brought back, and marked when it was approved."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from lux.rooms.content import queries, service
from lux.rooms.content.models import ContentVersion
from lux.rooms.content.service import Changes, Content, versions
from lux.rooms.email import queries as campaigns
from lux.rooms.email import service as campaign_service
from tests.factories import Firm, Installation
from tests.rooms.content.test_pages import make, written
from tests.rooms.email.campaigns import approve, draft, load, ready, submit


def kept(lux: Installation, firm: Firm) -> list[ContentVersion]:
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(ContentVersion).order_by(ContentVersion.number)))


def test_every_save_keeps_a_version_with_who_and_what(lux: Installation):
    firm = lux.firm()
    client, public_id = lux.client(firm), make(lux, firm, starter="")
    assert client.post(f"/templates/{public_id}/edit", data=written(subject="First")).status_code == 303
    assert client.post(f"/templates/{public_id}/edit", data=written(subject="Second", version="2")).status_code == 303
    assert [row.saved["subject"] for row in kept(lux, firm)] == ["", "First", "Second"]
    assert {row.editor_id for row in kept(lux, firm)} == {firm.user_id}
    listed = client.get(f"/templates/{public_id}/versions").text
    assert "Version 3" in listed
    assert "Subject" in listed
    shown = client.get(f"/templates/{public_id}/versions/3").text
    assert re.search(r"<del>.*First</del>", shown)
    assert re.search(r"<ins>.*Second</ins>", shown)


def test_a_save_that_changes_nothing_keeps_nothing(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    client, public_id = lux_sqlite.client(firm), make(lux_sqlite, firm, starter="")
    for version in ("1", "2", "3"):
        assert client.post(f"/templates/{public_id}/edit", data=written(version=version)).status_code == 303
    assert [row.number for row in kept(lux_sqlite, firm)] == [1, 2]


def test_an_older_version_becomes_the_newest_and_nothing_is_lost(lux: Installation):
    firm = lux.firm()
    client, public_id = lux.client(firm), make(lux, firm, starter="")
    client.post(f"/templates/{public_id}/edit", data=written(subject="First"))
    client.post(f"/templates/{public_id}/edit", data=written(subject="Second", version="2"))
    assert client.post(f"/templates/{public_id}/versions/2/restore").status_code == 303
    with lux.db.read(firm.id) as session:
        assert queries.template(session, firm.id, public_id).subject == "First"
    assert [row.saved["subject"] for row in kept(lux, firm)] == ["", "First", "Second", "First"]
    assert client.post(f"/templates/{public_id}/versions/99/restore").status_code == 404


def test_old_versions_make_room_but_named_and_submitted_ones_stay(
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(versions, "KEPT", 3)
    firm = lux_sqlite.firm()
    client, public_id = lux_sqlite.client(firm), make(lux_sqlite, firm, starter="")
    assert client.post(f"/templates/{public_id}/versions/1/name", data={"label": " The  first "}).status_code == 303
    with lux_sqlite.db.begin(firm.id) as session:
        template = queries.template(session, firm.id, public_id)
        for number in range(1, 8):
            changes = Changes(name="x", content=Content(source=f"v{number}"), version=number)
            service.change(session, template, changes, editor=firm.person)
            if number == 2:
                versions.mark(session, service.subject_of(template), "a" * 64)
    assert [row.number for row in kept(lux_sqlite, firm)] == [1, 3, 6, 7, 8]
    assert kept(lux_sqlite, firm)[0].label == "The first"


def test_a_template_from_before_there_were_versions_keeps_what_it_said(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm, starter="")
    with lux_sqlite.db.begin(firm.id) as session:
        for row in session.scalars(select(ContentVersion)):
            session.delete(row)
    lux_sqlite.client(firm).post(f"/templates/{public_id}/edit", data=written(subject="First"))
    assert [(row.number, row.saved["subject"]) for row in kept(lux_sqlite, firm)] == [(1, ""), (2, "First")]


def test_long_texts_are_compared_line_by_line():
    older = {"source": "\n".join(f"line {n}" for n in range(30))}
    newer = {"source": older["source"].replace("line 15", "line fifteen")}
    [one] = versions.differences(older, newer)
    assert [kind for kind, _text in one.lines] == ["gap", "same", "same", "out", "in", "same", "same"]
    assert ("in", "line fifteen") in one.lines
    assert versions.differences(older, older) == []


def test_what_was_approved_is_marked_with_its_hash(lux: Installation):
    firm = ready(lux)
    public_id = draft(lux, firm)
    with lux.db.begin(firm.id) as session:  # the draft as it stands, saved once more by its editor
        campaign = load(session, public_id)
        saved = campaign_service.saved_of(campaign)
        versions.keep(session, campaign_service.subject_of(campaign), 2, saved, editor=firm.person)
    submit(lux, firm, public_id)
    approve(lux, firm, public_id)
    with lux.db.read(firm.id) as session:
        digest = campaigns.outbound_of(session, load(session, public_id)).item.content_hash
    shown = lux.client(firm).get(f"/campaigns/{public_id}/versions").text
    assert digest[:12] in shown
    assert "Approved" in shown
    assert kept(lux, firm)[-1].act_hash == digest


def test_bringing_back_a_submitted_campaign_asks_for_a_new_yes(lux: Installation):
    firm = ready(lux)
    public_id = draft(lux, firm)
    with lux.db.begin(firm.id) as session:
        campaign = load(session, public_id)
        for subject in ("One", "Two"):
            changes = campaign_service.Changes(
                version=campaign.version, name="Autumn", sender_id=campaign.sender_id, reply_to="",
                audience_source="everyone", audience_key="", track_opens=True, track_clicks=True,
                content=Content(format="html", subject=subject, preview_text="News", source=campaign.source),
            )  # fmt: skip
            campaign_service.save(session, campaign, changes, editor=firm.person)
    submit(lux, firm, public_id)
    approve(lux, firm, public_id)
    client = lux.client(firm)
    page = client.get(f"/campaigns/{public_id}/versions/2").text
    assert "Everyone" in page, "values are said in words"
    assert client.post(f"/campaigns/{public_id}/versions/2/restore").status_code == 303
    with lux.db.read(firm.id) as session:
        campaign = load(session, public_id)
        outbound = campaigns.outbound_of(session, campaign)
        assert campaign.subject == "One"
        assert outbound.item.state.value == "pending"
        assert outbound.item.body["subject"] == "One"
    assert client.get(f"/campaigns/{public_id}/versions").text.count("Approved</span>") <= 1
