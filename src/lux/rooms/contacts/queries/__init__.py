"""Every question asked of the contacts' tables beyond a primary key; the names here are for other rooms too."""

from lux.rooms.contacts.queries.conditions import has_consent, has_tag, is_active, is_mailable
from lux.rooms.contacts.queries.listing import ContactFilter, ContactRow
from lux.rooms.contacts.queries.people import (
    MERGE_FIELDS,
    ContactName,
    contact_by_email,
    contact_by_public_id,
    contacts_by_phone,
    count_all,
    created_since,
    display_name,
    has_any,
    ids_of,
    is_large,
    merge_names,
    merge_rows,
    names_of,
    tags_of,
)
from lux.rooms.contacts.queries.tables import all_tags, custom_fields

__all__ = [
    "MERGE_FIELDS",
    "ContactFilter",
    "ContactName",
    "ContactRow",
    "all_tags",
    "contact_by_email",
    "contact_by_public_id",
    "contacts_by_phone",
    "count_all",
    "created_since",
    "custom_fields",
    "display_name",
    "has_any",
    "has_consent",
    "has_tag",
    "ids_of",
    "is_active",
    "is_large",
    "is_mailable",
    "merge_names",
    "merge_rows",
    "names_of",
    "tags_of",
]
