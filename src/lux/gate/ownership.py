"""Whose statements they are: linked to a contact that comes later, forgotten with the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lux.gate.parties import Consent

_IN_AT_ONCE: Final = 1000  # values of one IN list


def link_contact(session: Session, address_key: str, contact_id: int) -> None:
    """Let statements that came before the contact know whose they are."""
    session.execute(
        update(Consent)
        .where(Consent.address_key == address_key, Consent.contact_id.is_(None))
        .values(contact_id=contact_id)
        .execution_options(synchronize_session=False)
    )


def link_contacts(session: Session, contacts: Mapping[str, int]) -> None:
    """Do the same for many: address key to contact id. Hardly ever has anybody spoken before they came."""
    keys = sorted(contacts)
    for start in range(0, len(keys), _IN_AT_ONCE):
        query = select(Consent.address_key).where(
            Consent.address_key.in_(keys[start : start + _IN_AT_ONCE]), Consent.contact_id.is_(None)
        )
        for key in session.scalars(query.distinct()).all():
            link_contact(session, key, contacts[key])


def forget(session: Session, contact_id: int, address_key: str | None) -> int:
    """Erase a person's statements; a suppression stays as a bare address key, so that nobody writes there again.

    Two people may share a number: what the other one said from it is theirs and stays.
    """
    count = int(session.execute(delete(Consent).where(Consent.contact_id == contact_id)).rowcount)  # type: ignore[attr-defined]
    if address_key:
        again = delete(Consent).where(Consent.address_key == address_key, Consent.contact_id.is_(None))
        count += int(session.execute(again).rowcount)  # type: ignore[attr-defined]
    return count
