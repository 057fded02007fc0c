"""How many decisions the gate takes in a second, each with its checks, its rows, its audit row and its commit."""

from __future__ import annotations

import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lux import house
from lux.gate import consent, reads, submit
from lux.gate.consent import ConsentEntry
from lux.gate.service import ApprovalService
from lux.gate.states import ConsentState
from lux.identity import companies, sessions, users
from lux.kit.db import ALL_COMPANIES, Database, schema
from lux.kit.settings import Settings
from lux.ports.acts import ActKind, AudienceRef, SendEmail
from lux.rooms.contacts.models import Contact

if TYPE_CHECKING:
    from lux.identity.access import Person

ITEMS: Final = 200
PEOPLE: Final = 1000  # in the audience of each
HTML: Final = (
    '<p>Hi {{ first_name }}, <a href="https://shop.example.com/a">look</a></p>'
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ postal_address }}</p>'
)
TEXT: Final = "Hi {{ first_name }} {{ unsubscribe_url }} {{ postal_address }}"
PASSWORD: Final = "correct horse bench staple"  # noqa: S105 - of a throw-away database


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Items per second."""

    submitted: float
    decided: float


def measure() -> Pace:
    """Submit and approve mails of an invented company to all of its contacts, one transaction each, on SQLite.

    Each submission freezes the audience, and each yes is over it; LUX's own settings of the database.
    """
    house.install()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), database_url=f"sqlite:///{Path(folder) / 'lux.db'}")
        db = Database.of(settings)
        schema.upgrade(db.engine)
        person = _owner(db, settings)
        _people(db, person.company_id or 0)
        began = time.perf_counter()
        items = [_submit(db, person, number) for number in range(1, ITEMS + 1)]
        submitted = ITEMS / (time.perf_counter() - began)
        began = time.perf_counter()
        for public_id, shown_hash in items:
            with db.begin(person.company_id or 0) as session:
                ApprovalService(session).approve(person, public_id, shown_hash=shown_hash)
        decided = ITEMS / (time.perf_counter() - began)
        db.close()
        return Pace(submitted=submitted, decided=decided)


def _owner(db: Database, settings: Settings) -> Person:
    with db.begin(ALL_COMPANIES) as session:
        owner = users.create(session, name="Bench", email="bench@example.com", password=PASSWORD)
        company = companies.create(session, name="Bench", owner_id=owner.id)
        token = sessions.start(session, owner, settings, company_id=company.id)
    found = sessions.person_for(db, token, settings)
    if found is None:
        raise RuntimeError("the session that was just begun is not there")
    return found


def _submit(db: Database, person: Person, number: int) -> tuple[uuid.UUID, str]:
    company_id = person.company_id or 0
    mail = SendEmail(
        kind=ActKind.EMAIL_CAMPAIGN, company_id=company_id, channel="email", account="", subject=f"Lamps, {number}",
        preview_text="New", html=HTML, text=TEXT, from_name="Bench", from_email="news@example.com", reply_to="",
        postal_address="Bench\nStreet 1", links=("https://shop.example.com/a",),
        audience=AudienceRef(source="everyone", key="", label="Everyone"),
    )  # fmt: skip
    with db.begin(company_id) as session:
        outbound = submit.submit_for_approval(session, mail, author=person, title="Lamps", subject=("campaign", number))
        item = reads.outbound(session, outbound.id).item
        return item.public_id, item.content_hash


def _people(db: Database, company_id: int) -> None:
    """Make contacts who gave their consent."""
    with db.begin(company_id) as session:
        rows = [Contact(email=f"c{n}@example.com", email_key=f"c{n}@example.com") for n in range(PEOPLE)]
        session.add_all(rows)
        session.flush()
        entries = [
            ConsentEntry(channel="email", address_key=str(row.email_key), contact_id=row.id, state=ConsentState.GIVEN,
                         basis="declared", source="bench")
            for row in rows
        ]  # fmt: skip
        consent.record_many(session, entries)
