"""Contacts by id and address, their merge data, and how many there are; what upper rooms ask for."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import values
from lux.rooms.contacts.models import Contact, ContactTag, CustomField, Tag
from lux.rooms.contacts.queries import conditions

MERGE_FIELDS: Final = (
    "email", "phone", "first_name", "last_name", "name", "organisation", "website", "street", "postal_code", "city",
    "region", "country", "country_name", "language", "timezone", "source", "lifecycle",
)  # fmt: skip
CUSTOM: Final = "fields"  # merge data of custom fields stands below this name
_IN_AT_ONCE: Final = 1000
LARGE: Final = 20_000  # contacts: with more, pages come first and counts follow
_COLUMNS: Final = (
    Contact.id, Contact.email, Contact.phone, Contact.first_name, Contact.last_name, Contact.organisation,
    Contact.website, Contact.street, Contact.postal_code, Contact.city, Contact.region, Contact.country,
    Contact.language, Contact.timezone, Contact.source, Contact.lifecycle, Contact.attrs,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ContactName:
    """Who a contact is, for lists of other rooms."""

    id: int
    public_id: uuid.UUID
    name: str
    email: str
    is_trashed: bool


def contact_by_public_id(session: Session, public_id: uuid.UUID) -> Contact:
    """Return a contact of the session's company, also from the trash; raises NotFound."""
    found = session.scalar(select(Contact).where(Contact.public_id == public_id))
    if found is None:
        raise NotFound(_("This contact does not exist, or was erased."))
    return found


def contact_by_email(session: Session, email_key: str) -> Contact | None:
    """Return the contact with an address key, also from the trash."""
    return session.scalar(select(Contact).where(Contact.email_key == email_key))


def contacts_by_phone(session: Session, phone: str, limit: int = 5) -> Sequence[Contact]:
    """Return contacts with a number (E.164), oldest first: several people may share one."""
    return session.scalars(select(Contact).where(Contact.phone == phone).order_by(Contact.id).limit(limit)).all()


def ids_of(session: Session, public_ids: Collection[uuid.UUID], *, trashed: bool = False) -> list[int]:
    """Return the ids of those that exist in the company, in the trash or not in it."""
    wanted, found = list(public_ids), list[int]()
    for start in range(0, len(wanted), _IN_AT_ONCE):
        query = select(Contact.id).where(Contact.public_id.in_(wanted[start : start + _IN_AT_ONCE]))
        query = query.where(~conditions.is_active() if trashed else conditions.is_active())
        found.extend(session.scalars(query))
    return found


def names_of(session: Session, contact_ids: Collection[int]) -> dict[int, ContactName]:
    """Return who the contacts are; erased ones are missing."""
    wanted, found = list(contact_ids), dict[int, ContactName]()
    columns = (Contact.id, Contact.public_id, Contact.first_name, Contact.last_name, Contact.email, Contact.phone,
               Contact.trashed_at)  # fmt: skip
    for start in range(0, len(wanted), _IN_AT_ONCE):
        for row in session.execute(select(*columns).where(Contact.id.in_(wanted[start : start + _IN_AT_ONCE]))):
            found[row.id] = ContactName(
                id=row.id,
                public_id=row.public_id,
                name=display_name(row.first_name, row.last_name, row.email, row.phone),
                email=row.email or "",
                is_trashed=row.trashed_at is not None,
            )
    return found


def display_name(first_name: str, last_name: str, email: str | None, phone: str | None) -> str:
    """Return how a contact is called: by name, else address, else number."""
    return f"{first_name} {last_name}".strip() or email or phone or _("Without a name")


def merge_rows(
    session: Session, company_id: int, contact_ids: Sequence[int], names: frozenset[str]
) -> dict[int, dict[str, object]]:
    """Return contact id → the named merge fields as plain values, set-based.

    Names are those of MERGE_FIELDS and `fields.<key>` for custom fields, which stand in a dict of their own. A field
    the company does not have is missing; one that is empty is "", so that a fallback in the template is used.
    """
    known = _custom_keys(session, company_id, names)
    plain = [name for name in MERGE_FIELDS if name in names]
    found: dict[int, dict[str, object]] = {}
    for start in range(0, len(contact_ids), _IN_AT_ONCE):
        part = contact_ids[start : start + _IN_AT_ONCE]
        for row in session.execute(select(*_COLUMNS).where(Contact.company_id == company_id, Contact.id.in_(part))):
            data: dict[str, object] = {name: _merge_value(row, name) for name in plain}
            if known:
                data[CUSTOM] = {key: _plain(row.attrs.get(key)) for key in known}
            found[row.id] = data
    return found


def merge_names(session: Session) -> list[tuple[str, str]]:
    """Return (dotted name, label) of every merge field the company has, for editors and checks."""
    labels = {
        "email": _("E-mail"), "phone": _("Phone"), "first_name": _("First name"), "last_name": _("Last name"),
        "name": _("Full name"), "organisation": _("Organisation"), "website": _("Website"), "street": _("Street"),
        "postal_code": _("Postal code"), "city": _("City"), "region": _("State or region"),
        "country": _("Country code"), "country_name": _("Country"), "language": _("Language"),
        "timezone": _("Time zone"), "source": _("Source"), "lifecycle": _("Lifecycle"),
    }  # fmt: skip
    custom = session.execute(select(CustomField.key, CustomField.label).order_by(CustomField.label))
    return [*labels.items(), *((f"{CUSTOM}.{row.key}", row.label) for row in custom)]


def named(session: Session, text: str, *, limit: int) -> list[uuid.UUID]:
    """Return the newest contacts that a search of contacts finds, without those in the trash."""
    company_id = company_of(session)
    matching = conditions.matches(company_id, text)
    if matching is None:
        return []
    query = select(Contact.public_id).where(Contact.company_id == company_id, conditions.is_active(), matching)
    return list(session.scalars(query.order_by(Contact.id.desc()).limit(limit)))


def count_all(session: Session, *, cap: int | None = None) -> int:
    """Return how many contacts are not in the trash, counting no further than `cap`."""
    rows = select(Contact.id).where(Contact.company_id == company_of(session), conditions.is_active())
    rows = rows.limit(cap) if cap is not None else rows
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def is_large(session: Session) -> bool:
    """Say whether counting a company's people takes long enough to do it after the page is there."""
    return count_all(session, cap=LARGE + 1) > LARGE


def has_any(session: Session) -> bool:
    """Say whether there is a contact at all."""
    return session.scalar(select(Contact.id).where(Contact.company_id == company_of(session)).limit(1)) is not None


def has_active(session: Session) -> bool:
    """Say whether there is a contact outside the trash: somebody who could be written to."""
    query = select(Contact.id).where(Contact.company_id == company_of(session), Contact.trashed_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def tags_of(session: Session, contact_ids: Sequence[int]) -> dict[int, list[Tag]]:
    """Return contact id → its tags by name."""
    query = (
        select(ContactTag.contact_id, Tag)
        .join(Tag, (Tag.id == ContactTag.tag_id) & (Tag.company_id == ContactTag.company_id))
        .where(ContactTag.contact_id.in_(contact_ids))
        .order_by(Tag.name_key)
    )
    found: dict[int, list[Tag]] = {}
    for contact_id, tag in session.execute(query):
        found.setdefault(contact_id, []).append(tag)
    return found


def created_since(session: Session, since: dt.datetime) -> int:
    """Return how many contacts came since a moment, without those in the trash."""
    query = select(func.count(Contact.id)).where(Contact.created_at >= since, conditions.is_active())
    return session.scalar(query) or 0


def _custom_keys(session: Session, company_id: int, names: frozenset[str]) -> list[str]:
    wanted = {name.split(".", 1)[1] for name in names if name.startswith(f"{CUSTOM}.")}
    if not wanted and CUSTOM not in names:
        return []
    query = select(CustomField.key).where(CustomField.company_id == company_id)
    return list(session.scalars(query if CUSTOM in names else query.where(CustomField.key.in_(wanted))))


def _merge_value(row: Any, name: str) -> object:  # noqa: ANN401 - a Row
    if name == "name":
        return f"{row.first_name} {row.last_name}".strip()
    if name == "country_name":
        return values.country_name(row.country) if row.country else ""
    if name == "lifecycle":
        return row.lifecycle.value
    return getattr(row, name) or ""


def _plain(value: object) -> object:
    return "" if value is None else value
