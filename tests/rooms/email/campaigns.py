"""Companies that may send, and campaigns on their way, for the tests of the e-mail rooms."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from lux.gate import reads
from lux.gate.service import ApprovalService
from lux.ports import contributions
from lux.ports.contributions import MergeField
from lux.rooms.contacts.models import Contact
from lux.rooms.email import launch, queries, service
from lux.rooms.email.links import no_links
from lux.rooms.email.models import Campaign
from lux.rooms.email.service import Content

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ports.acts import AudienceRef
    from tests.factories import Firm, Installation

BODY = (
    '<html><body><p>Hi {{ first_name }}, <a href="https://shop.example.com/a">look</a> or '
    '<a href="https://shop.example.com/b?x=1&amp;y=2">here</a></p>'
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ postal_address }}</p></body></html>'
)


class Everyone:
    """Every contact of the company that is not in the trash, and their first names."""

    name = "everyone"

    def select(self, _session: Session, company_id: int, _ref: AudienceRef) -> Select[tuple[int, str, str]]:
        """Return everyone."""
        return select(Contact.id, Contact.email, Contact.email_key).where(
            Contact.company_id == company_id, Contact.email_key.is_not(None), Contact.trashed_at.is_(None)
        )

    def merge_data(
        self, session: Session, _company_id: int, contact_ids: Sequence[int], _names: frozenset[str]
    ) -> Mapping[int, Mapping[str, object]]:
        """Return first names."""
        rows = session.scalars(select(Contact).where(Contact.id.in_(contact_ids)))
        return {row.id: {"first_name": row.first_name} for row in rows}


class Fields:
    """The merge fields of contacts, as far as these tests name them."""

    def fields(self, _session: Session, _company_id: int) -> Sequence[MergeField]:
        """Return the first name."""
        return [MergeField(name="first_name", label="First name", example="Ada")]

    def find(self, session: Session, _company_id: int, text: str, limit: int) -> Sequence[tuple[uuid.UUID, str]]:
        """Return contacts by the beginning of their address."""
        found = session.scalars(select(Contact).where(Contact.email_key.startswith(text)).limit(limit))
        return [(row.public_id, row.email or "") for row in found]

    def values(
        self, session: Session, _company_id: int, public_id: uuid.UUID, _names: frozenset[str]
    ) -> Mapping[str, object] | None:
        """Return the first name."""
        found = session.scalar(select(Contact).where(Contact.public_id == public_id))
        return {"first_name": found.first_name, "email": found.email or ""} if found else None


@contextmanager
def audiences() -> Iterator[None]:
    """Install what the contacts' room contributes, where it does not do so itself yet."""
    before = contributions.installed()
    has_everyone = any(source.name == "everyone" for source in before.audience_sources)
    more = contributions.Contributions(
        audience_sources=() if has_everyone else (Everyone(),),
        merge_sources=() if before.merge_sources else (Fields(),),
    )
    contributions.install(before.merged(more))
    yield
    contributions.install(before)


def ready(lux: Installation, count: int = 3) -> Firm:
    """Make a company that may send: contacts with consent, a verified sender, the switch on."""
    firm = lux.firm()
    lux.contacts(firm, count)
    lux.sender(firm, email=f"news{firm.id}@example.com")
    lux.switch_on(firm)
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
            session, campaign, author=firm.person, version=campaign.version, local_time=None, link=no_links
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


def _sender(session: Session) -> int:
    from lux.gate import senders

    return senders.verified(session)[0].id
