"""What a webhook says of a fact: kind, time, contact, subject, and the fact's own properties without proofs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from lux.ports.contributions import installed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ledger.models import Fact

# Kinds that this version records and an address can be told of; docs/howto/webhooks.md has their properties.
OFFERED: Final = (
    "contact.created", "contact.updated", "contact.erased", "tag.added", "tag.removed", "consent.given",
    "consent.requested", "consent.withdrawn", "segment.entered", "segment.left", "form.submitted", "email.sent",
    "email.opened", "email.clicked", "email.bounced", "email.complained", "email.unsubscribed",
)  # fmt: skip
_WITHHELD: Final = frozenset({"proof", "ip", "agent", "address", "wording"})  # a receiver gets no more than it needs


def body_of(session: Session, fact: Fact) -> bytes:
    """Return the JSON that leaves."""
    return json.dumps(told(session, fact), ensure_ascii=False, default=str).encode()


def told(session: Session, fact: Fact) -> dict[str, Any]:
    """Return what is said of a fact; the contact as it stands now, null when the person was erased."""
    value = {"minor": fact.value_minor, "currency": fact.currency} if fact.value_minor is not None else None
    return {
        "id": str(fact.id),
        "type": fact.kind,
        "timestamp": fact.at.isoformat(),
        "data": {
            "id": str(fact.id),
            "contact": _contact(session, fact.contact_id),
            "subject": {"type": fact.subject_type, "id": fact.subject_id} if fact.subject_type else None,
            "channel": fact.channel,
            "actor": fact.actor.partition(":")[0],
            "value": value,
            "human": fact.human,
            "properties": _allowed(fact.properties),
        },
    }


def _allowed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in _WITHHELD}


def _contact(session: Session, contact_id: int | None) -> dict[str, str] | None:
    if contact_id is None:
        return None
    for people in installed().people:
        found = people.identify(session, contact_id)
        if found is not None:
            return {"id": str(found[0]), "email": found[1]}
    return None
