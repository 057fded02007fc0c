"""Saved views of the list of contacts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.rooms.contacts.models import ContactView, ContactViewDefault


def views_for(session: Session, user_id: int) -> Sequence[ContactView]:
    """Return the shared views and a person's own, by name."""
    query = select(ContactView).where(ContactView.owner_key.in_([0, user_id]))
    return session.scalars(query.order_by(ContactView.name_key, ContactView.owner_key)).all()


def of_owner(session: Session, owner: int) -> Sequence[ContactView]:
    """Return the views of one owner; 0 = shared."""
    return session.scalars(select(ContactView).where(ContactView.owner_key == owner)).all()


def by_name(session: Session, owner: int, name_key: str) -> ContactView | None:
    """Return an owner's view of that name."""
    query = select(ContactView).where(ContactView.owner_key == owner, ContactView.name_key == name_key)
    return session.scalar(query)


def by_public_id(session: Session, public_id: uuid.UUID) -> ContactView | None:
    """Return a view, whoever owns it."""
    return session.scalar(select(ContactView).where(ContactView.public_id == public_id))


def first_view(session: Session, user_id: int) -> ContactView | None:
    """Return the view with which a person's list begins."""
    query = select(ContactView).join(ContactViewDefault, ContactViewDefault.view_id == ContactView.id)
    return session.scalar(query.where(ContactViewDefault.user_id == user_id))
