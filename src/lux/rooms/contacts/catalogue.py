"""The fields every contact has: name, limit, label, and the words under which files know them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lux.kit.i18n import gettext as _

WORD_LENGTH: Final = 64
MOST_WORDS: Final = 24  # per contact: enough for two names and an organisation
_NOT_WORD: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class StandardField:
    """One column of the contact table that people fill in."""

    name: str
    label: Callable[[], str]
    limit: int  # characters
    words: frozenset[str]  # headings of files, without case, accents, spaces and signs


def _field(name: str, limit: int, label: Callable[[], str], words: str) -> StandardField:
    return StandardField(name=name, label=label, limit=limit, words=frozenset(words.split()))


FIELDS: Final[tuple[StandardField, ...]] = (
    _field("email", 254, lambda: _("E-mail"), "email emailaddress mail mailaddress emailadresse courriel correo"),
    _field("phone", 64, lambda: _("Phone"), "phone phonenumber telephone tel telefon telefonnummer telefono mobile cell"
           " mobilephone cellphone handy mobil"),
    _field("first_name", 100, lambda: _("First name"), "firstname first givenname forename fname vorname prenom"
           " nombre"),
    _field("last_name", 100, lambda: _("Last name"), "lastname last surname familyname lname nachname familienname nom"
           " apellido"),
    _field("organisation", 200, lambda: _("Organisation"), "organisation organization company companyname firma"
           " unternehmen entreprise societe empresa account"),
    _field("website", 300, lambda: _("Website"), "website url web homepage webseite site"),
    _field("street", 200, lambda: _("Street"), "street address address1 addressline1 streetaddress strasse adresse rue"
           " calle"),
    _field("postal_code", 20, lambda: _("Postal code"), "postalcode postcode zip zipcode plz postleitzahl codepostal"),
    _field("city", 100, lambda: _("City"), "city town ort stadt ville ciudad"),
    _field("region", 100, lambda: _("State or region"), "region state province bundesland county stateprovince"),
    _field("country", 2, lambda: _("Country"), "country countrycode land pays pais"),
    _field("timezone", 64, lambda: _("Time zone"), "timezone tz zeitzone"),
    _field("language", 16, lambda: _("Language"), "language lang locale sprache langue idioma"),
    _field("source", 100, lambda: _("Source"), "source leadsource origin quelle herkunft utmsource"),
    _field("lifecycle", 16, lambda: _("Lifecycle"), "lifecycle lifecyclestage stage"),
)  # fmt: skip
BY_NAME: Final = {field.name: field for field in FIELDS}
TEXT_FIELDS: Final = (
    "first_name", "last_name", "organisation", "website", "street", "postal_code", "city", "region", "source",
)  # fmt: skip
STORED: Final = tuple(field.name for field in FIELDS if field.name not in {"email", "phone"})


def label_of(name: str) -> str:
    """Return a standard field's label; the name itself for anything else."""
    return BY_NAME[name].label() if name in BY_NAME else name


def folded(text: str) -> str:
    """Return text without case and accents, as it is searched."""
    lowered = text.casefold()
    if lowered.isascii():
        return lowered
    split = unicodedata.normalize("NFKD", lowered)
    return "".join(sign for sign in split if not unicodedata.combining(sign))


def heading_key(text: str) -> str:
    """Return a heading as headings are compared: letters and digits only."""
    return _NOT_WORD.sub("", folded(text))


def words_of(*texts: str) -> list[str]:
    """Return the distinct searchable words of names, in order."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _NOT_WORD.split(folded(text)) if text else ():
            if word:
                found[word[:WORD_LENGTH]] = None
    return list(found)[:MOST_WORDS]


# What an export writes beside the fields of a contact.
EXTRA_HEADINGS: Final = ("tags", "consent", "consent_date", "suppressed", "created_at", "last_activity_at")
RESERVED_KEYS: Final = frozenset(map(heading_key, (*BY_NAME, *EXTRA_HEADINGS)))
