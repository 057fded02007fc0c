"""What the contacts offer to the house: a place in the navigation, the set-up step of the import, search."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, SetupStep
from lux.ports.finding import PaletteAction, SearchHit
from lux.rooms.contacts.labels import import_state
from lux.rooms.contacts.queries import listing, people, tables
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service import files
from lux.rooms.contacts.service.origin import calling_code_of_company
from lux.rooms.contacts.trash import ContactBin

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class ContactSearch:
    """Finds contacts by the beginning of a name, an address or a number."""

    key, icon, minimum_role, order = "contacts", "user", "viewer", 10

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Contacts")

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


class ImportSearch:
    """Finds imports by the name of their file."""

    key, icon, minimum_role, order = "imports", "upload", "viewer", 80

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Imports")

    def search(self, session: Session, _company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` imports, the latest first."""
        return [
            SearchHit(
                label=entry.file_name,
                kind=_("Import"),
                url=f"/contacts/imports/{entry.public_id}",
                state="draft" if entry.state == "uploaded" else entry.state,
                state_label=import_state(entry.state),
            )
            for entry in tables.imports_named(session, text, limit)
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


ACTIONS = (
    PaletteAction(
        endpoint="contacts.import_new",
        icon="upload",
        label=lambda: _("Import contacts"),
        words=lambda: _("CSV Excel vCard upload"),
        minimum_role="marketer",
        order=20,
    ),
    PaletteAction(
        endpoint="contacts.new",
        icon="user-plus",
        label=lambda: _("New contact"),
        words=lambda: _("add create person"),
        minimum_role="marketer",
        order=30,
    ),
    PaletteAction(endpoint="contacts.tags_index", icon="tag", label=lambda: _("Tags"), is_page=True, order=20),
    PaletteAction(endpoint="contacts.fields_index", icon="sliders", label=lambda: _("Fields"), is_page=True, order=21),
    PaletteAction(endpoint="contacts.imports_index", icon="upload", label=lambda: _("Imports"), is_page=True, order=22),
    PaletteAction(
        endpoint="contacts.exports_index",
        icon="download",
        label=lambda: _("Exports"),
        words=lambda: _("download"),
        is_page=True,
        minimum_role="marketer",
        order=23,
    ),
    PaletteAction(
        endpoint="zapier.index",
        icon="zap",
        label=lambda: _("Zapier"),
        is_page=True,
        minimum_role="admin",
        order=62,
    ),
)

CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="contacts.index", icon="users", label=lambda: _("Contacts"), section="grow", key="p", order=10
        ),
    ),
    trash=(ContactBin(),),
    search=(ContactSearch(), ImportSearch()),
    actions=ACTIONS,
    setup_steps=(ImportStep(),),
    file_owners=(ContactFiles(),),
    people=(Identities(),),
)
