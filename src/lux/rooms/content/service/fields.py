"""The merge fields a company's content may name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import MergeField, installed
from lux.rooms.content import house
from lux.rooms.content.house import House


@dataclass(frozen=True, kw_only=True)
class FieldGroup:
    """Merge fields under one heading."""

    label: str
    fields: Sequence[MergeField]


def groups(session: Session, house_values: House) -> list[FieldGroup]:
    """Return every merge field, as the editor lists them."""
    return [
        FieldGroup(label=_("Recipient"), fields=recipient_fields(session)),
        FieldGroup(label=_("In every mail"), fields=own_fields()),
        FieldGroup(label=_("Company and brand"), fields=house.fields(house_values)),
    ]


def merge_field_names(session: Session) -> list[str]:
    """Return the dotted names of all merge fields."""
    return [field.name for group in groups(session, house.values(session)) for field in group.fields]


def recipient_fields(session: Session) -> list[MergeField]:
    """Return the fields that differ from recipient to recipient."""
    company_id = company_of(session)
    return [field for source in installed().merge_sources for field in source.fields(session, company_id)]


def own_fields() -> list[MergeField]:
    """Return what every message has: the duties of a marketing mail, and its web view."""
    return [
        MergeField(name="unsubscribe_url", label=_("Unsubscribe link")),
        MergeField(name="view_url", label=_("Link to the mail in the browser")),
        MergeField(name="postal_address", label=_("Your postal address")),
    ]
