"""What was typed into a form that its site has marked: the one e-mail address in it leads to the contact."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lux.kit import rates
from lux.kit.addresses import EmailAddress, parse_email
from lux.kit.errors import InvalidInput, RateLimitReached
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.forms.contact import ContactInput
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import edit
from lux.rooms.contacts.service.origin import region_of_company
from lux.rooms.contacts.values import Unreadable
from lux.rooms.site.addresses import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from lux.kit.db import Database

LONGEST: Final = 500  # characters of one answer that are kept
NEW_PER_HOUR: Final = 300  # contacts that forms of one company may make
# What the script leaves out is refused here once more: a page may carry an older script, or another one.
_SECRET: Final = re.compile(
    r"pass|pwd|kennwort|secret|token|otp|\bpin\b|card|cvc|cvv|iban|\bbic\b|account.?n|ssn|social.?sec", re.IGNORECASE
)
_CARD: Final = re.compile(r"\d(?:[ -]?\d){12,18}")
_TAKEN: Final = ("first_name", "last_name", "organisation", "city", "postal_code", "street")
_WORDS: Final = {
    word: one.name for one in catalogue.FIELDS if one.name in {*_TAKEN, "email", "phone"} for word in one.words
}


def readable(typed: Mapping[str, str]) -> dict[str, str]:
    """Return what may be kept: no passwords, no card numbers, no empty fields."""
    found: dict[str, str] = {}
    for raw_name, raw in typed.items():
        name, text = clean(raw_name, 60), clean(raw, LONGEST)
        if name and text and not _SECRET.search(name) and not _CARD.fullmatch(text):
            found[name] = text
    return found


def address_in(fields: Mapping[str, str]) -> EmailAddress | None:
    """Return the e-mail address of a form: of the field that is called so, else the only one; None = not clear."""
    named = [text for name, text in fields.items() if _field(name) == "email"]
    found = {email.key: email for text in named or fields.values() if (email := _email(text)) is not None}
    return next(iter(found.values())) if len(found) == 1 else None


def contact_of(db: Database, session: Session, fields: Mapping[str, str], *, form: str, site_key: str) -> int | None:
    """Return the contact of the address in a form; one that is new is made, an existing one is not changed.

    Nobody proves here who they are: a stranger who types somebody's address must not rewrite them. None without an
    address, for a contact in the trash, and when forms have made as many contacts as they may for now.
    """
    email = address_in(fields)
    if email is None:
        return None
    found = people.contact_by_email(session, email.key)
    if found is not None:
        return found.id if found.trashed_at is None else None
    try:
        rates.take(db, f"site-contacts:{site_key}", NEW_PER_HOUR, 3600, session=session)
    except RateLimitReached:
        return None
    stored: dict[str, Any] = {"source": clean(f"Website: {form}" if form else "Website", 100)}
    for name, text in fields.items():
        column = _field(name)
        if column in _TAKEN:
            stored[column] = text[: catalogue.BY_NAME[column].limit]
    data = ContactInput(email=email, phone=_phone(session, fields), stored=stored)
    try:
        return edit.create(session, data, None).id
    except InvalidInput:  # somebody else made it at the same moment
        found = people.contact_by_email(session, email.key)
        return found.id if found is not None and found.trashed_at is None else None


def _field(name: str) -> str:
    return _WORDS.get(catalogue.heading_key(name), "")


def _email(text: str) -> EmailAddress | None:
    if "@" not in text:
        return None
    try:
        return parse_email(text)
    except InvalidInput:
        return None


def _phone(session: Session, fields: Mapping[str, str]) -> str | None:
    text = next((text for name, text in fields.items() if _field(name) == "phone"), "")
    try:
        return values.read_phone(text, region_of_company(session)) if text else None
    except Unreadable:
        return None
