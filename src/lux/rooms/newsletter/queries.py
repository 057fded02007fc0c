"""Every SELECT of the unsubscribe page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.rooms.contacts.models import Contact

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def language(session: Session, contact_id: int) -> str:
    """Return the language a contact reads, empty when it is not known."""
    return session.scalar(select(Contact.language).where(Contact.id == contact_id)) or ""
