"""Saved ways to look at the list: private or shared, and the one a person begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete

from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.models import ContactView, ContactViewDefault
from lux.rooms.contacts.queries import saved

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from lux.identity.access import Person

SHARED: Final = 0  # owner of what everybody in the company sees
MOST: Final = 50  # of one owner


def save(session: Session, name: str, query: Mapping[str, str], person: Person, *, is_shared: bool) -> ContactView:
    """Save an address under a name, over the view that had it; raises InvalidInput when there are too many."""
    owner, key = SHARED if is_shared else person.user_id, name.casefold()
    found = saved.by_name(session, owner, key)
    if found is None:
        if len(saved.of_owner(session, owner)) >= MOST:
            raise InvalidInput(
                field="name", message=_("There are %(n)s saved views already.", n=MOST), fix=_("Delete one first.")
            )
        found = ContactView(owner_key=owner, name=name, name_key=key, created_by=person.user_id)
        session.add(found)
    found.name, found.query = name, dict(query)
    session.flush()
    return found


def remove(session: Session, public_id: uuid.UUID, person: Person) -> ContactView:
    """Delete a view, one's own or a shared one, and return what it was; whoever began with it begins with everybody."""
    found = visible(session, public_id, person)
    for model, column in ((ContactViewDefault, ContactViewDefault.view_id), (ContactView, ContactView.id)):
        session.execute(delete(model).where(column == found.id).execution_options(synchronize_session=False))
    return found


def begin_with(session: Session, public_id: uuid.UUID | None, person: Person) -> None:
    """Make a view the one a person's list begins with; None = everybody."""
    mine = ContactViewDefault.user_id == person.user_id
    session.execute(delete(ContactViewDefault).where(mine).execution_options(synchronize_session=False))
    if public_id is not None:
        view = visible(session, public_id, person)
        session.add(ContactViewDefault(user_id=person.user_id, view_id=view.id))
        session.flush()


def visible(session: Session, public_id: uuid.UUID, person: Person) -> ContactView:
    """Return a view that the person may see; raises NotFound."""
    found = saved.by_public_id(session, public_id)
    if found is None or found.owner_key not in {SHARED, person.user_id}:
        raise NotFound(_("There is no such view."))
    return found
