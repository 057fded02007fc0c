"""Reads the cells that only files have: whole names, lists of tags, moments with an offset, JSON objects, addresses."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from lux.kit import clock
from lux.kit.addresses import MAX_LENGTH, EmailAddress, parse_email
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.models import CustomField
from lux.rooms.contacts.values import Habits, Unreadable

TAG_LENGTH: Final = 64
MOST_TAGS: Final = 50  # of one row
REMEMBERED: Final = 4096  # read values per column: countries and the like come again and again
_TAG_SIGNS: Final = re.compile(r"[,;|]")
_PLAIN_LOCAL: Final = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
# The last part is Go's name of the zone: listmonk writes "2024-05-06 07:08:09.123 +0000 UTC".
_ISO_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?\s*(Z|z|[+-]\d{2}:?\d{2})?(?: [A-Z]{2,5})?"
)


def read_address(text: str) -> EmailAddress:
    """Return the same as `parse_email`; a plain address costs less, because a file's domains come again and again."""
    local, _at, domain = text.rpartition("@")
    if len(local) <= 64 and domain.isascii() and _PLAIN_LOCAL.fullmatch(local):
        known = _domain(domain)
        if known is not None and len(text) <= MAX_LENGTH:
            return EmailAddress(text=text, key=f"{local.casefold()}@{known}")
    return parse_email(text)


@lru_cache(REMEMBERED)
def _domain(domain: str) -> str | None:
    try:
        return parse_email(f"a@{domain}").domain
    except InvalidInput:
        return None


def read_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a cell, cut at commas, semicolons and bars; raises Unreadable."""
    found: dict[str, str] = {}
    for part in _TAG_SIGNS.split(text):
        name = values.read_text(part.strip().strip('"'), TAG_LENGTH)  # Mailchimp: "Blog","VIP"
        if name:
            found.setdefault(name.casefold(), name)
    if len(found) > MOST_TAGS:
        raise Unreadable(_("There are more than %(most)s tags in this cell.", most=MOST_TAGS))
    return tuple(found.values())


def read_full_name(text: str) -> dict[str, str]:
    """Return first and last name of "Ada Lovelace" or "Lovelace, Ada"."""
    name = values.read_text(text, 200)
    if "," in name:
        last, first = (part.strip() for part in name.split(",", 1))
    else:
        first, _space, last = name.rpartition(" ") if " " in name else (name, "", "")
    parts = {"first_name": first, "last_name": last}
    return {key: values.read_text(part, catalogue.BY_NAME[key].limit) for key, part in parts.items() if part}


def read_past(text: str, habits: Habits, zone: str) -> dt.datetime:
    """Return a moment that has been: a time, or the beginning of a day; raises Unreadable."""
    moment = read_moment(text)
    if moment is None:
        day = values.read_date(text, habits)
        if values.is_future(day, zone):
            raise Unreadable(_("This day is in the future."))
        return values.beginning_of(day)
    if moment > clock.now():
        raise Unreadable(_("This day is in the future."))
    return moment


def attributes_reader(fields: Mapping[str, CustomField], habits: Habits) -> Callable[[str], dict[str, Any]]:
    """Return what reads a JSON object into the custom fields of the same names; other names are left out."""
    by_key = {catalogue.heading_key(name): field for field in fields.values() for name in (field.key, field.label)}
    readers = {field.key: values.field_reader(field.type, field.choices, habits) for field in fields.values()}

    def read(text: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in read_object(text).items():
            custom = by_key.get(catalogue.heading_key(name))
            if custom is None or value in (None, "", [], {}):
                continue
            is_plain = isinstance(value, str | int | float)
            words = str(value).lower() if isinstance(value, bool) else str(value) if is_plain else json.dumps(value)
            found[custom.key] = readers[custom.key](words)
        return found

    return read


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object of a cell; raises Unreadable."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(_("This is not a JSON object.")) from None
    if not isinstance(found, dict):
        raise Unreadable(_("This is not a JSON object."))
    return found


def read_moment(text: str) -> dt.datetime | None:
    """Return a moment with a time of day, in UTC where no offset stands; None for anything else."""
    found = _ISO_MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    day, time, _fraction, offset = found.groups()
    if offset in {None, "Z", "z"}:
        offset = "+00:00"
    try:
        return dt.datetime.fromisoformat(f"{day}T{time}{offset[:3]}:{offset[-2:]}").astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
