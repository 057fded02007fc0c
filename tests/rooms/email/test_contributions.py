"""What campaigns add to other rooms: notices, the contact's page, search, erasure, segments, the set-up path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import control
from lux.ledger.models import Fact
from lux.ports.contributions import installed
from lux.render import tokens
from lux.rooms.contacts.models import Contact
from lux.rooms.email.contributions import CONTRIBUTIONS
from lux.rooms.notifications.models import Notification
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import token

if TYPE_CHECKING:
    from tests.factories import Firm, Installation


def notices(lux: Installation, firm: Firm) -> list[tuple[str, str]]:
    """Return (kind, body) of the author's notices about campaigns."""
    with lux.db.read(firm.id) as session:
        rows = session.query(Notification).filter(Notification.kind.startswith("campaign.")).order_by(Notification.id)
        return [(row.kind, row.body) for row in rows if row.user_id == firm.user_id]


def test_the_author_is_told_what_became_of_it(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    campaigns.reject(lux, firm, public_id, "Too long")
    assert notices(lux, firm) == [("campaign.rejected", "Too long")]
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    lux.work()
    assert [kind for kind, _body in notices(lux, firm)][1:] == ["campaign.approved", "campaign.done"]


def test_a_switch_that_is_off_pauses_and_says_so(lux: Installation) -> None:
    firm = lux.firm()
    lux.contacts(firm, 2)
    lux.sender(firm)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    lux.work()
    kind, body = notices(lux, firm)[-1]
    assert kind == "campaign.paused"
    assert "channel_email" in body
    shown = lux.client(firm).get(f"/campaigns/{public_id}").text
    assert 'data-status="paused"' in shown
    assert "channel_email" in shown
    assert "Campaigns that need a hand" in lux.client(firm).get("/").text
    lux.switch_on(firm)
    with lux.db.begin(firm.id) as session:
        control.resume(session, firm.person, campaigns.load(session, public_id).outbound_id)
    lux.work()
    assert len(campaigns.deliveries(lux, firm, public_id)) == 2


def test_a_contacts_page_shows_what_they_got(lux: Installation) -> None:
    firm = campaigns.ready(lux, 2)
    public_id = campaigns.sent(lux, firm)
    one = campaigns.deliveries(lux, firm, public_id)[0]
    lux.client().get(f"/o/{token(lux, tokens.OPEN, one.id)}.gif")
    with lux.db.read(firm.id) as session:
        contact = session.get(Contact, one.contact_id)
    shown = lux.client(firm).get(f"/contacts/{contact.public_id}").text
    assert "Mails" in shown
    assert "Autumn" in shown
    assert "Opened" in shown


def test_erasing_a_person_blanks_their_deliveries_and_keeps_the_figures(lux: Installation) -> None:
    firm = campaigns.ready(lux, 2)
    public_id = campaigns.sent(lux, firm)
    one = campaigns.deliveries(lux, firm, public_id)[0]
    with lux.db.begin(firm.id) as session:
        touched = sum(eraser.erase(session, firm.id, one.contact_id, one.address) for eraser in CONTRIBUTIONS.erasers)
    assert touched == 1
    after = campaigns.deliveries(lux, firm, public_id)
    assert after[0].address == ""
    assert len(after) == 2
    shown = lux.client(firm).get(f"/campaigns/{public_id}/recipients").text
    assert one.address not in shown
    assert "Erased person" in shown


def test_campaigns_are_found_by_name_and_subject(lux: Installation) -> None:
    firm, stranger = campaigns.ready(lux), lux.firm()
    campaigns.draft(lux, firm, name="Spring 100%", subject="Sunny offers")
    search = CONTRIBUTIONS.search[0]
    with lux.db.read(firm.id) as session:
        assert [hit.label for hit in search.search(session, firm.id, "SPRING", 5)] == ["Spring 100%"]
        assert [hit.label for hit in search.search(session, firm.id, "sunny", 5)] == ["Spring 100%"]
        assert [hit.label for hit in search.search(session, firm.id, "0%", 5)] == ["Spring 100%"]
        assert list(search.search(session, firm.id, "%nope", 5)) == []
    with lux.db.read(stranger.id) as session:
        assert list(search.search(session, stranger.id, "spring", 5)) == []


def test_rules_of_segments_can_name_campaigns(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.sent(lux, firm)
    campaigns.draft(lux, firm)
    resolver = next(one for one in installed().subject_resolvers if one.subject_type == "campaign")
    with lux.db.read(firm.id) as session:
        assert [one.public_id for one in resolver.choices(session, firm.id, 10)] == [public_id]
        found = resolver.resolve(session, firm.id, [public_id])
        assert found[public_id].name == "Autumn"
        fact = session.query(Fact).filter(Fact.kind == "email.captured").first()
        assert found[public_id].id == fact.subject_id


def test_the_first_mail_ends_the_set_up_path(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    step = CONTRIBUTIONS.setup_steps[0]
    with lux.db.read(firm.id) as session:
        assert not step.step(session, firm.id).is_done
    campaigns.sent(lux, firm)
    with lux.db.read(firm.id) as session:
        assert step.step(session, firm.id).is_done
