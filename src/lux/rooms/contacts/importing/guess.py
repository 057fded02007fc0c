"""Guesses which column holds what, by its heading and by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue
from lux.rooms.contacts.models import CustomField

IGNORE: Final = ""
FULL_NAME: Final = "full_name"
TAGS: Final = "tags"
CONSENT: Final = "consent"
CONSENT_AT: Final = "consent_at"
CONSENT_IP: Final = "consent_ip"
UNSUBSCRIBED: Final = "unsubscribed"
BOUNCED: Final = "bounced"
ATTRIBUTES: Final = "attributes"  # a JSON object of custom fields
NEW_FIELD: Final = "new"
FIELD: Final = "field:"  # + key of a custom field
MANY: Final = frozenset({IGNORE, TAGS, NEW_FIELD, CONSENT_IP, UNSUBSCRIBED, BOUNCED})  # what several columns may be
_WORDS: Final = {
    FULL_NAME: {"name", "fullname", "contactname", "displayname", "vollername", "nomcomplet"},
    TAGS: {"tags", "tag", "labels", "label", "schlagworte", "etiquettes"},
    CONSENT: {"consent", "optin", "subscribed", "newsletter", "marketing", "emailoptin", "acceptsmarketing",
              "einwilligung", "emailmarketingconsent", "subscriptionstatus", "emailconsent", "consentemail"},
    CONSENT_AT: {"consentdate", "optindate", "optintime", "subscribedat", "consentat", "einwilligungam", "confirmtime"},
}  # fmt: skip
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the file as the mapping page shows it."""

    number: int  # from 0
    heading: str
    samples: tuple[str, ...]
    target: str  # guessed


def columns_of(records: Sequence[Sequence[str]], *, has_header: bool, fields: Sequence[CustomField]) -> list[Column]:
    """Return the columns with a guess each; no target is guessed twice."""
    width = len(records[0]) if records else 0
    body = records[1:] if has_header else records
    own = report_columns(records[0]) if has_header and records else 0
    taken: set[str] = set()
    found: list[Column] = []
    for number in range(width):
        heading = records[0][number].strip() if has_header else ""
        values = [row[number].strip() for row in body if number < len(row) and row[number].strip()]
        target = _by_heading(heading, fields) if number >= own else IGNORE
        target = IGNORE if target in taken - MANY else target
        taken.add(target)
        heading = heading or _("Column %(number)s", number=number + 1)
        found.append(Column(number=number, heading=heading[:100], samples=tuple(values[:3]), target=target))
    if "email" not in taken:
        found = _with_addresses(found, body)
    return found


def report_headings() -> list[str]:
    """Return the headings of the columns that a report of refused rows puts before the file's own."""
    return [_("line"), _("outcome"), _("field"), _("reason")]


def report_columns(headings: Sequence[str]) -> int:
    """Return how many columns are those of such a report: a mended report is imported like the file it came from."""
    found = [heading.strip().casefold() for heading in headings[:4]]
    return 4 if found in (["line", "outcome", "field", "reason"], [one.casefold() for one in report_headings()]) else 0


def target_choices(fields: Sequence[CustomField]) -> dict[str, list[tuple[str, str]]]:
    """Return what a column can be, in groups, for the mapping page."""
    return {
        _("Leave out"): [(IGNORE, _("Do not import"))],
        _("Contact"): [(field.name, field.label()) for field in catalogue.FIELDS[:4]]
        + [(FULL_NAME, _("Full name"))]
        + [(field.name, field.label()) for field in catalogue.FIELDS[4:]],
        _("Tags and consent"): [
            (TAGS, _("Tags")),
            (CONSENT, _("Consent to e-mail")),
            (CONSENT_AT, _("Day of the consent")),
            (CONSENT_IP, _("IP address of the consent")),
            (UNSUBSCRIBED, _("Unsubscribed: withdraw and block")),
            (BOUNCED, _("Bounced: block")),
        ],
        _("Custom fields"): [(FIELD + field.key, field.label) for field in fields]
        + [(ATTRIBUTES, _("Several fields as JSON")), (NEW_FIELD, _("New text field of this name"))],
    }


def _by_heading(heading: str, fields: Sequence[CustomField]) -> str:
    key = catalogue.heading_key(heading)
    if not key:
        return IGNORE
    for custom in fields:
        if key in {catalogue.heading_key(custom.key), catalogue.heading_key(custom.label)}:
            return FIELD + custom.key
    for field in catalogue.FIELDS:
        if key in field.words:
            return field.name
    return next((target for target, words in _WORDS.items() if key in words), IGNORE)


def _with_addresses(columns: list[Column], body: Sequence[Sequence[str]]) -> list[Column]:
    """Take for the e-mail the column without a guess that holds most addresses."""
    counts = {
        column.number: sum(
            bool(_ADDRESS.fullmatch(row[column.number].strip())) for row in body if column.number < len(row)
        )
        for column in columns
        if column.target == IGNORE
    }
    best = max(counts, key=lambda number: counts[number], default=None)
    if best is None or counts[best] * 2 < len(body) or not counts[best]:
        return columns
    return [
        Column(number=c.number, heading=c.heading, samples=c.samples, target="email") if c.number == best else c
        for c in columns
    ]
