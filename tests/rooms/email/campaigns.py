"""Companies that may send, and campaigns on their way, for the tests of the e-mail rooms."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.gate import reads
from lux.gate.models import Delivery
from lux.gate.service import ApprovalService
from lux.ledger.models import Fact
from lux.rooms.content.service import Content
from lux.rooms.email import launch, queries, service
from lux.rooms.email.models import Campaign

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.factories import Firm, Installation

BODY = (
    '<html><body><p>Hi {{ first_name }}, <a href="https://shop.example.com/a">look</a> or '
    '<a href="https://shop.example.com/b?x=1&amp;y=2">here</a></p>'
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ postal_address }}</p></body></html>'
)
BROWSER = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/139.0 Safari/537.36"
}


def ready(lux: Installation, count: int = 3) -> Firm:
    """Make a company that may send: contacts with consent, a verified sender, the switch on."""
    firm = lux.firm()
    lux.contacts(firm, count)
    lux.sender(firm, email=f"news{firm.id}@example.com")
    lux.switch_on(firm)
    lux.switch_on(firm, "automation_scheduled_publishing")
    return firm


def draft(lux: Installation, firm: Firm, **values: object) -> uuid.UUID:
    """Make a complete draft to everyone; returns its public id."""
    with lux.db.begin(firm.id) as session:
        content = Content(subject="Hello {{ first_name }}", preview_text="News", format="html", source=BODY)
        campaign = service.create(session, name="Autumn", content=content, author=firm.person)
        campaign.audience_source = "everyone"
        campaign.sender_id = _sender(session)
        for name, value in values.items():
            setattr(campaign, name, value)
        session.flush()
        return campaign.public_id


def load(session: Session, public_id: uuid.UUID) -> Campaign:
    """Return a campaign."""
    return queries.by_public_id(session, public_id)


def submit(lux: Installation, firm: Firm, public_id: uuid.UUID) -> None:
    """Ask for a yes."""
    with lux.db.begin(firm.id) as session:
        campaign = load(session, public_id)
        launch.submit_campaign(
            session, campaign, launch.Asked(author=firm.person, version=campaign.version), local_time=None
        )


def approve(lux: Installation, firm: Firm, public_id: uuid.UUID) -> None:
    """Say yes to what is stored."""
    with lux.db.begin(firm.id) as session:
        item = queries.outbound_of(session, load(session, public_id)).item
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)


def reject(lux: Installation, firm: Firm, public_id: uuid.UUID, reason: str) -> None:
    """Say no."""
    with lux.db.begin(firm.id) as session:
        item = queries.outbound_of(session, load(session, public_id)).item
        ApprovalService(session).reject(firm.person, item.public_id, shown_hash=item.content_hash, reason=reason)


def sent(lux: Installation, firm: Firm, **values: object) -> uuid.UUID:
    """Bring a campaign through a yes into the built-in mailbox; returns its public id."""
    public_id = draft(lux, firm, **values)
    submit(lux, firm, public_id)
    approve(lux, firm, public_id)
    lux.work()
    return public_id


def deliveries(lux: Installation, firm: Firm, public_id: uuid.UUID) -> list[reads.DeliveryView]:
    """Return a campaign's recipients."""
    with lux.db.read(firm.id) as session:
        outbound_id = load(session, public_id).outbound_id
        assert outbound_id is not None
        return reads.deliveries(session, outbound_id, limit=1000)


def later(lux: Installation, firm: Firm, *, seconds: int = 3600) -> None:
    """Let some time pass since the messages of a company left, and since what was done with them."""
    passed = timedelta(seconds=seconds)
    with lux.db.begin(firm.id) as session:
        for row in session.scalars(select(Delivery).where(Delivery.sent_at.is_not(None))):
            row.sent_at -= passed
        for fact in session.scalars(select(Fact).where(Fact.unit_id.is_not(None))):
            fact.at -= passed


def _sender(session: Session) -> int:
    from lux.gate import senders

    return senders.verified(session)[0].id
