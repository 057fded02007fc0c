"""What the contacts offer to the house: a place in the navigation, the set-up step of the import, search."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, SearchHit, SetupStep
from lux.rooms.contacts.queries import listing, people
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service import files
from lux.rooms.contacts.service.origin import calling_code_of_company

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class ContactSearch:
    """Finds contacts by the beginning of a name, an address or a number."""

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` contacts, the latest first."""
        if company_of(session) != company_id or len(text.strip()) < 2:
            return ()
        wanted = ContactFilter(text=text)
        found = listing.page(session, wanted, limit=limit, calling_code=calling_code_of_company(session))
        return [
            SearchHit(
                label=row.name,
                kind=_("Contact"),
                url=f"/contacts/{row.contact.public_id}",
                detail=row.contact.email or row.contact.phone or "",
            )
            for row in found.rows
        ]


class ContactFiles:
    """Imports and exports are files in the store."""

    def file_keys(self, session: Session, company_id: int) -> Sequence[str]:
        """Return the keys of all that a company has."""
        return files.keys_of_company(session, company_id)


class Identities:
    """Says who a contact is."""

    def identify(self, session: Session, contact_id: int) -> tuple[uuid.UUID, str] | None:
        """Return public id and address, None for one that was erased."""
        found = people.names_of(session, [contact_id]).get(contact_id)
        return (found.public_id, found.email) if found else None


class ImportStep:
    """There is somebody to write to."""

    def step(self, session: Session, company_id: int) -> SetupStep:  # noqa: ARG002 - the session carries the company
        """Look whether there is a contact outside the trash."""
        is_done = people.has_active(session)
        return SetupStep(
            key="import",
            title=_("Import your contacts"),
            detail=_("Your contacts are in.") if is_done else _("A CSV file with one column of addresses is enough."),
            url="/contacts" if is_done else "/contacts/imports/new",
            is_done=is_done,
            order=30,
        )


CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="contacts.index", icon="users", label=lambda: _("Contacts"), section="grow", key="p", order=10
        ),
    ),
    search=(ContactSearch(),),
    setup_steps=(ImportStep(),),
    file_owners=(ContactFiles(),),
    people=(Identities(),),
)
