"""Contacts in the trash, for the house's overview and for the clock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.kit.db import trash
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.ports.trash import Rows
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.queries import people, tables
from lux.rooms.contacts.service import files, removal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


class ContactBin(Rows):
    """Removing one for good is erasing the person in every room."""

    key, icon, order = "contacts", "user", 10
    model, path = Contact, "/contacts/"

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Contacts")

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:
        """Bring contacts back; returns how many."""
        rows = trash.lying(session, Contact, public_ids)
        return removal.restore(session, [row.id for row in rows], by)

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:
        """Erase people for good; returns how many. Raises WrongState while an import runs.

        What a person decides also ends the files that may name somebody. The clock comes later than every file's end.
        """
        rows = trash.lying(session, Contact, public_ids)
        if by is not None and rows:
            files.drop_those_with_people(session)
        elif tables.is_importing(session):
            raise WrongState(_("An import is running and may bring this person back."))
        for row in rows:
            removal.erase_everywhere(session, row, by)
        return len(rows)

    def label(self, row: Contact) -> str:
        """Return the person's name, else the address."""
        return people.display_name(row.first_name, row.last_name, row.email, row.phone)

    def detail(self, row: Contact) -> str:
        """Return the address."""
        return row.email or row.phone or ""
