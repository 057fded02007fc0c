"""What was thrown away: seen over all rooms, brought back, removed for good by those who may, emptied by the clock."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine
from sqlalchemy import func, select

from lux.gate import submit
from lux.identity.access import Role
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import ApprovalAuditLog
from lux.ports.acts import AudienceRef
from lux.rooms.contacts.models import Contact, ContactImport
from lux.rooms.content.models import Block, ContentVersion, Media, Template
from lux.rooms.email.models import Campaign
from lux.rooms.segments.models import Segment, SegmentMember
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.gate.conftest import act

EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")
KINDS = {
    "contacts": (Contact, "/contacts/{}/trash"),
    "campaigns": (Campaign, "/campaigns/{}/trash"),
    "segments": (Segment, "/segments/{}/trash"),
    "templates": (Template, "/templates/{}/trash"),
    "media": (Media, "/templates/media/{}/trash"),
    "blocks": (Block, "/templates/blocks/{}/trash"),
}


def rows(lux: Installation, firm: Firm, model: type) -> list[uuid.UUID]:
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(model.public_id).order_by(model.trashed_at.is_not(None), model.id.desc())))


def settle(lux: Installation, firm: Firm) -> None:
    """End the import that waits: people are not erased while one may bring them back."""
    with lux.db.begin(firm.id) as session:
        for entry in session.scalars(select(ContactImport)):
            entry.state = "done"


def submitted(lux: Installation, firm: Firm) -> set[uuid.UUID]:
    """Return campaigns that decisions and figures name: they stay, whatever is thrown away."""
    with lux.db.read(firm.id) as session:
        return set(session.scalars(select(Campaign.public_id).where(Campaign.outbound_id.is_not(None))))


def throw_away(lux: Installation, firm: Firm, kind: str) -> uuid.UUID:
    """Throw away one of a kind by its own page."""
    model, path = KINDS[kind]
    public_id = next(one for one in rows(lux, firm, model) if one not in submitted(lux, firm))
    assert lux.client(firm).post(path.format(public_id)).status_code == 303
    return public_id


def empty(lux: Installation, days: int = 0) -> None:
    """Let the clock empty the trash, some days from now."""
    with time_machine.travel(clock.now() + dt.timedelta(days=days), tick=False):
        with lux.db.begin(ALL_COMPANIES) as session:
            jobs.enqueue(session, "trash.empty", {})
        lux.work()
    assert lux.errors == []


def test_every_room_throws_into_the_same_trash(lux: Installation):
    firm = filled(lux)
    colleague = lux.member(firm.id, Role.MARKETER)
    thrown = {kind: throw_away(lux, colleague, kind) for kind in KINDS}
    client = lux.client(firm)
    overview = client.get("/trash/").text
    for kind, public_id in thrown.items():
        assert f"/trash/{kind}" in overview
        page = client.get(f"/trash/{kind}").text
        assert str(public_id) in page
        assert colleague.person.name in page, "who threw it away"
        assert lux.client(firm).post(f"/trash/{kind}/restore", data={"ids": str(public_id)}).status_code == 303
        assert str(public_id) not in client.get(f"/trash/{kind}").text.partition("<main")[2]
    assert "The trash is empty." in lux.client(lux.firm()).get("/trash/").text


def test_another_companys_trash_is_not_touched(lux: Installation):
    firm, stranger = filled(lux), lux.firm()
    public_id = throw_away(lux, firm, "segments")
    client = lux.client(stranger)
    assert str(public_id) not in client.get("/trash/segments").text
    client.post("/trash/segments/restore", data={"ids": str(public_id)})
    client.post("/trash/segments/remove", data={"ids": str(public_id), "confirmation": "1"})
    assert str(public_id) in lux.client(firm).get("/trash/segments").text


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_removing_for_good_takes_a_typed_number(lux_sqlite: Installation, kind: str):
    lux, firm = lux_sqlite, filled(lux_sqlite)
    settle(lux, firm)
    public_id = throw_away(lux, firm, kind)
    client = lux.client(firm)
    asked = client.post(f"/trash/{kind}/ask", data={"ids": str(public_id)})
    assert 'data-typed="1"' in asked.text
    wrong = client.post(f"/trash/{kind}/remove", data={"ids": str(public_id), "confirmation": "2"})
    assert (wrong.status_code, "This is not the number." in wrong.text) == (422, True)
    assert client.post(f"/trash/{kind}/remove", data={"ids": str(public_id), "confirmation": "1"}).status_code == 303
    assert public_id not in rows(lux, firm, KINDS[kind][0])
    with lux.db.read(firm.id) as session:
        written = session.scalars(select(ApprovalAuditLog.action)).all()
    assert "trash.removed" in written
    lux.work()
    assert lux.errors == []


def test_who_may_not_remove_does_not(lux_sqlite: Installation):
    lux, firm = lux_sqlite, filled(lux_sqlite)
    public_id = throw_away(lux, firm, "templates")
    marketer, viewer = (lux.client(lux.member(firm.id, role)) for role in (Role.MARKETER, Role.VIEWER))
    data = {"ids": str(public_id)}
    assert marketer.post("/trash/templates/remove", data=data | {"confirmation": "1"}).status_code == 403
    assert viewer.post("/trash/templates/restore", data=data).status_code == 403
    assert "Remove for good…" not in marketer.get("/trash/templates").text
    assert "Bring back" not in viewer.get("/trash/templates").text
    assert marketer.post("/trash/templates/restore", data=data).status_code == 303


def test_a_campaign_that_was_submitted_stays(lux_sqlite: Installation):
    lux, firm = lux_sqlite, filled(lux_sqlite)
    with lux.db.read(firm.id) as session:
        sent = session.scalars(select(Campaign.public_id).where(Campaign.outbound_id.is_not(None))).all()
    client = lux.client(firm)
    public_id = next(one for one in sent if client.post(f"/campaigns/{one}/trash").status_code == 303)
    assert "decisions and figures name it" in client.get("/trash/campaigns").text
    client.post("/trash/campaigns/remove", data={"ids": str(public_id), "confirmation": "0"})
    empty(lux, days=300)
    assert public_id in rows(lux, firm, Campaign)


def test_the_clock_removes_what_has_lain_long_enough(lux: Installation):
    firm = filled(lux)
    thrown = {kind: throw_away(lux, firm, kind) for kind in KINDS}
    settle(lux, firm)
    empty(lux, days=29)
    assert all(public_id in rows(lux, firm, KINDS[kind][0]) for kind, public_id in thrown.items())
    empty(lux, days=31)
    left = [kind for kind, public_id in thrown.items() if public_id in rows(lux, firm, KINDS[kind][0])]
    assert left == []
    with lux.db.read(firm.id) as session:
        assert session.scalar(select(func.count()).select_from(SegmentMember)) == 0
        kept = session.scalars(select(ContentVersion.subject_type).distinct()).all()
    assert "template" not in kept
    empty(lux, days=32)


def test_nothing_goes_by_itself_where_that_is_switched_off(lux_sqlite: Installation):
    lux = lux_sqlite
    lux.settings = lux.settings.model_copy(update={"trash_days": 0})
    firm = filled(lux)
    public_id = throw_away(lux, firm, "templates")
    empty(lux, days=300)
    assert public_id in rows(lux, firm, Template)
    assert "until somebody removes it for good" in lux.client(firm).get("/trash/").text


def test_a_large_trash_is_paged_without_losing_one(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    now = clock.now()
    with lux.db.begin(firm.id) as session:  # all at the same moment, as a bulk action leaves them
        session.add_all(Template(name=f"T{n:03}.", source="", trashed_at=now, trashed_by="system") for n in range(107))
    client, seen, path = lux.client(firm), "", "/trash/templates"
    for _page in range(3):
        text = client.get(path).text
        seen += text
        path = path.partition("?")[0] + "?cursor=" + text.partition("cursor=")[2].partition('"')[0]
    assert [n for n in range(107) if seen.count(f">T{n:03}.<") != 1] == []
    assert client.get("/trash/templates?cursor=broken").status_code == 422
    assert client.get("/trash/nothing").status_code == 404
    assert client.post("/trash/templates/restore", data={}).status_code == 422


def test_a_picture_that_was_submitted_stays_whatever_its_campaign_shows_by_now(lux: Installation):
    """A block brought it into the message, and shows another one since: what people said yes to still names it."""
    firm = filled(lux)
    with lux.db.begin(firm.id) as session:
        picture = session.scalars(select(Media).where(Media.trashed_at.is_(None))).one()
        number = session.scalars(select(Campaign.id).where(Campaign.name == "Secret campaign 3")).one()
        shown = f'<img src="/m/{picture.public_id}/{picture.files[0]["name"]}" alt="">{act(firm).html}'
        mail = act(firm, html=shown, audience=EVERYONE, from_email=f"news{firm.id}@example.com")
        submit.submit_for_approval(session, mail, author=firm.person, title="Shows", subject=("campaign", number))
    client, path = lux.client(firm), f"/templates/media/{picture.public_id}"
    assert "Secret campaign 3" in client.get(path).text
    assert client.post(f"{path}/trash").status_code == 303
    assert "Messages show it." in client.get("/trash/media").text
    empty(lux, days=40)
    assert picture.public_id in rows(lux, firm, Media)


def test_a_block_with_a_short_name_is_found_among_many_messages_that_hold_its_letters(lux_sqlite: Installation):
    lux, firm = lux_sqlite, lux_sqlite.firm()
    with lux.db.begin(firm.id) as session:
        session.add(Block(key="a", name="A", source="A", trashed_at=clock.now()))
        session.add(Campaign(name="Names it", source="<p>{% render 'a' %}</p>"))
        session.flush()
        session.add_all(Campaign(name="Later", source='<a class="banana">a</a>') for _ in range(120))
    empty(lux, days=40)
    assert rows(lux, firm, Block) != []
