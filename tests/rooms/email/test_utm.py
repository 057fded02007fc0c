"""UTM parameters from the editor to the approved act, the preview and the target of a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from lux.render import tokens
from lux.rooms.email import composing, queries
from lux.rooms.email.models import Campaign
from tests.rooms.email import campaigns
from tests.rooms.email.test_pages import form_of
from tests.rooms.email.test_tracking import token

if TYPE_CHECKING:
    from tests.factories import Installation


def test_they_are_part_of_what_is_approved_and_followed(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    public_id = campaigns.draft(lux, firm, utm={"source": "tide", "medium": "", "campaign": ""})
    campaigns.submit(lux, firm, public_id)
    with lux.db.read(firm.id) as session:
        item = queries.outbound_of(session, campaigns.load(session, public_id)).item
    added = "utm_source=tide&utm_medium=email&utm_campaign=autumn"
    assert item.body["links"] == [f"https://shop.example.com/a?{added}", f"https://shop.example.com/b?x=1&y=2&{added}"]
    assert "utm_source=tide&amp;utm_medium=email" in item.body["html"]
    client = lux.client(firm)
    assert "utm_source=tide" in client.get(f"/approvals/{item.public_id}").text
    assert "utm_source=tide" in client.get(f"/campaigns/{public_id}/preview").text
    campaigns.approve(lux, firm, public_id)
    lux.work()
    row = campaigns.deliveries(lux, firm, public_id)[0]
    answer = lux.client().get(f"/c/{token(lux, tokens.CLICK, row.id)}/1")
    assert answer.headers["Location"] == f"https://shop.example.com/a?{added}"


def test_changing_them_takes_the_yes_away(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 1)
    public_id = campaigns.draft(lux_sqlite, firm)
    campaigns.submit(lux_sqlite, firm, public_id)
    client = lux_sqlite.client(firm)
    with lux_sqlite.db.read(firm.id) as session:
        before = queries.outbound_of(session, campaigns.load(session, public_id)).item
    posted = form_of(lux_sqlite, firm, public_id, utm="1", utm_medium="mail")
    assert client.post(f"/campaigns/{public_id}/edit", data=posted).status_code == 303
    with lux_sqlite.db.read(firm.id) as session:
        after = queries.outbound_of(session, campaigns.load(session, public_id)).item
    assert after.version == before.version + 1
    assert after.content_hash != before.content_hash
    assert "utm_medium=mail" in after.body["links"][0]


def settings_of(lux: Installation, firm_id: int, **changed: str) -> dict[str, str]:
    with lux.db.read(ALL_COMPANIES) as session:
        row = session.get_one(Company, firm_id)
        names = ("name", "timezone", "locale", "currency", "postal_address", "unsend_seconds", "version")
        return {name: str(getattr(row, name)) for name in names} | changed


def test_the_companys_settings_say_what_new_campaigns_begin_with(lux: Installation) -> None:
    firm = lux.firm()
    client = lux.client(firm)
    client.post("/campaigns/new", data={"name": "Before"})
    sent = client.post("/settings", data=settings_of(lux, firm.id, utm="1", utm_source="tide-news", utm_medium="mail"))
    assert sent.status_code == 303
    shown = client.get("/settings").text
    assert 'value="tide-news"' in shown
    client.post("/campaigns/new", data={"name": "After"})
    with lux.db.read(firm.id) as session:
        found = {row.name: composing.utm_of(session, row) for row in session.query(Campaign)}
    after = {"utm_source": "tide-news", "utm_medium": "mail", "utm_campaign": "after"}
    assert found == {"Before": {}, "After": after}, "what stood there before is left alone"


def test_a_campaign_says_otherwise_and_names_its_own(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 1)
    client = lux_sqlite.client(firm)
    client.post("/settings", data=settings_of(lux_sqlite, firm.id, utm="1", utm_medium="mail"))
    public_id = campaigns.draft(lux_sqlite, firm)
    shown = client.get(f"/campaigns/{public_id}/edit").text
    assert 'placeholder="mail"' in shown
    assert client.post(f"/campaigns/{public_id}/edit", data=form_of(lux_sqlite, firm, public_id, utm="1",
                       utm_medium="newsletter")).status_code == 303  # fmt: skip
    with lux_sqlite.db.read(firm.id) as session:
        assert composing.utm_of(session, campaigns.load(session, public_id))["utm_medium"] == "newsletter"
    posted = form_of(lux_sqlite, firm, public_id)
    posted.pop("utm", None)
    assert client.post(f"/campaigns/{public_id}/edit", data=posted).status_code == 303
    with lux_sqlite.db.read(firm.id) as session:
        assert composing.utm_of(session, campaigns.load(session, public_id)) == {}
