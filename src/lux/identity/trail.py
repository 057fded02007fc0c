"""Security events for the audit chain: who changed what about people, access and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from lux.identity.access import Person
from lux.ledger import audit


def note(
    session: Session,
    company_id: int | None,
    who: Person | int | None,
    action: str,
    *,
    about: tuple[str, object] = ("", ""),
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append one event to the chain of a company (None = the installation's).

    `who` is the person, a user id, or None for the program itself; `about` is (type, id).
    """
    if isinstance(who, Person):
        actor = who.actor
    else:
        actor = audit.SYSTEM if who is None else audit.Actor(type="person", id=who)
    audit.append(
        session,
        audit.INSTALLATION if company_id is None else company_id,
        actor=actor,
        action=action,
        object_type=about[0],
        object_id=str(about[1]),
        detail=detail,
    )
