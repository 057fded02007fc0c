"""The merge fields of contacts with examples, and contacts to preview as."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from lux.kit import clock
from lux.ports.contributions import MergeField
from lux.rooms.contacts import queries as contacts
from lux.rooms.contacts.models import CustomField, FieldType
from lux.rooms.segments import queries

# An invented person; previews say that it is one.
EXAMPLES = {
    "email": "ada@example.com",
    "phone": "+44 20 7946 0000",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "name": "Ada Lovelace",
    "organisation": "Analytical Engines",
    "website": "https://example.com",
    "street": "12 St James’s Square",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "region": "England",
    "country": "GB",
    "country_name": "United Kingdom",
    "language": "en",
    "timezone": "Europe/London",
    "source": "website",
    "lifecycle": "customer",
}


def fields(session: Session, company_id: int) -> Sequence[MergeField]:
    """Return every merge field of contacts, own fields last."""
    own = {f"fields.{row.key}": _example(row) for row in queries.custom_fields(session, company_id)}
    return [
        MergeField(name=name, label=label, example=own.get(name, EXAMPLES.get(name, "")))
        for name, label in contacts.merge_names(session)
    ]


def find(session: Session, company_id: int, text: str, limit: int) -> list[tuple[uuid.UUID, str]]:
    """Return public id and label of contacts with an address; no text = the latest."""
    return [(person.public_id, person.label) for person in queries.search(session, company_id, text, limit)]


def _example(row: CustomField) -> str:
    if row.type is FieldType.CHOICE and row.choices:
        return str(row.choices[0])
    return {
        FieldType.NUMBER: "42",
        FieldType.DATE: clock.now().date().isoformat(),
        FieldType.BOOLEAN: "true",
    }.get(row.type, row.label)
