"""An audience of contacts and a mail about them, without the rooms that make them in the product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from lux.gate import reads, submit
from lux.gate.reads import ItemView
from lux.gate.service import ApprovalService
from lux.ports import contributions
from lux.ports.acts import ActKind, AudienceRef, SendEmail
from lux.rooms.contacts.models import Contact
from tests.factories import Firm, Installation


class TestedAudience:
    """Every contact of the company that is not trashed."""

    __test__ = False
    name = "tested"

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


class Told:
    """Remembers what observers are told."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.events: list[tuple[tuple[str, int], str]] = []

    def on_change(self, _session: Session, _company_id: int, subject: tuple[str, int], event: str) -> None:
        """Write it down."""
        self.events.append((subject, event))


@pytest.fixture
def told(lux: Installation) -> Iterator[Told]:
    """Install the tested audience and an observer beside nothing else."""
    assert lux is not None
    yield from listening()


@pytest.fixture
def told_sqlite(lux_sqlite: Installation) -> Iterator[Told]:
    """Do the same where the database does not matter: beside `lux_sqlite`, once."""
    assert lux_sqlite is not None
    yield from listening()


def listening() -> Iterator[Told]:
    """Install the tested audience and an observer; put back what was there before."""
    before, observer = contributions.installed(), Told()
    contributions.install(contributions.Contributions(audience_sources=(TestedAudience(),), observers=(observer,)))
    yield observer
    contributions.install(before)


def act(firm: Firm, **values: Any) -> SendEmail:
    """Return a mail that passes the policy."""
    plain = SendEmail(
        kind=ActKind.EMAIL_CAMPAIGN,
        company_id=firm.id,
        channel="email",
        account="",
        subject="Hello {{ first_name }}",
        preview_text="News",
        html='<html><body><p>Hi {{ first_name }}, <a href="https://shop.example.com/a">look</a></p>'
        '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ postal_address }}</p></body></html>',
        text="Hi {{ first_name }} {{ unsubscribe_url }} {{ postal_address }}",
        from_name="News",
        from_email="news@example.com",
        reply_to="",
        postal_address="Firm\nStreet 1",
        links=("https://shop.example.com/a",),
        audience=AudienceRef(source="tested", key="", label="Everyone"),
    )
    return replace(plain, **values)


def submitted(lux: Installation, firm: Firm, **values: Any) -> ItemView:
    """Submit a mail and return its item."""
    with lux.db.begin(firm.id) as session:
        outbound = submit.submit_for_approval(
            session, act(firm, **values), author=firm.person, title="Hello", subject=("campaign", 1)
        )
        item_id = outbound.item_id
    with lux.db.read(firm.id) as session:
        return next(item for item in reads.items(session) if item.id == item_id)


def approved(lux: Installation, firm: Firm, item: ItemView, **values: Any) -> None:
    """Say yes as the firm's person."""
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash, **values)


def ready(lux: Installation, count: int = 5) -> Firm:
    """Make a company that may send: contacts with consent, a verified sender, the switch on."""
    firm = lux.firm()
    lux.contacts(firm, count)
    lux.sender(firm)
    lux.switch_on(firm)
    return firm
