"""Turns records into candidates: each cell read by its column, each problem with its field and its reason."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from lux.kit.addresses import MAX_LENGTH, EmailAddress, parse_email
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.importing import guess
from lux.rooms.contacts.importing.plan import CONSENT_COLUMN, LEAVE_OUT, Options
from lux.rooms.contacts.importing.records import Record
from lux.rooms.contacts.models import CustomField
from lux.rooms.contacts.spreadsheet import restored
from lux.rooms.contacts.values import Unreadable

Reader = Callable[[str], Any]
TAG_LENGTH: Final = 64
MOST_TAGS: Final = 50  # of one row
_TAG_SIGNS: Final = re.compile(r"[,;|]")
_PLAIN_LOCAL: Final = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_REMEMBERED: Final = 4096  # read values per column: countries and the like come again and again


class Rejection(NamedTuple):
    """A row for the report."""

    line: int
    kind: str  # rejected | duplicate | gap
    field: str
    reason: str
    cells: list[str]


@dataclass(slots=True)
class Candidate:
    """One row that can be imported."""

    line: int
    cells: list[str]
    email: str | None = None
    email_key: str | None = None
    phone: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)  # standard fields that are not empty
    attrs: dict[str, Any] = field(default_factory=dict)  # custom fields that are not empty
    tags: list[str] = field(default_factory=list)
    consent: bool | None = None
    consent_value: str | None = None  # the cell that said so
    consent_at: dt.datetime | None = None
    gaps: list[tuple[str, str]] = field(default_factory=list)  # (field, reason) of values left out

    @property
    def identity(self) -> tuple[str, str]:
        """Return what makes it one person: the address, else the number."""
        return ("email", self.email_key) if self.email_key else ("phone", self.phone or "")


class RowReader:
    """Reads the records of one file by its mapping and options."""

    def __init__(
        self, mapping: Sequence[tuple[int, str]], options: Options, fields: Mapping[str, CustomField], width: int
    ) -> None:
        """Prepare one reader per column; columns whose custom field is gone are left out."""
        self._options = options
        self._width = width
        self._columns: list[tuple[int, str, Reader]] = []
        # the country comes first: it says how the row's phone number is to be read
        for number, target in sorted(mapping, key=lambda pair: (pair[1] != "country", pair[0])):
            reader = self._reader(target, fields)
            if reader is not None:
                self._columns.append((number, target, reader))
        self._labels = {guess.FIELD + key: custom.label for key, custom in fields.items()}
        self._yes = frozenset(word.casefold() for word in options.consent_yes)
        self._no = frozenset(word.casefold() for word in options.consent_no)

    def read(self, record: Record) -> Candidate | Rejection | None:
        """Return a candidate, a rejection, or None for a row of empty cells."""
        cells = record.cells
        if record.problem:
            return self._reject(record, "", record.problem)
        if not any(cell.strip() for cell in cells):
            return None
        if len(cells) != self._width and (len(cells) < self._width or any(cells[self._width :])):
            reason = _(
                "This row has %(found)s cells, the file has %(expected)s columns.",
                found=len(cells),
                expected=self._width,
            )
            return self._reject(record, "", reason)
        found = Candidate(record.line, cells[: self._width])
        if record.note:
            found.gaps.append(("", record.note))
        for number, target, reader in self._columns:
            text = restored(cells[number]).strip()
            if not text:
                continue
            try:
                self._put(found, target, text, reader)
            except (Unreadable, InvalidInput) as error:
                if target == "email" or self._options.bad_values != LEAVE_OUT:
                    return self._reject(record, self._label(target), str(error))
                found.gaps.append((self._label(target), str(error)))
        if not found.email_key and not found.phone:
            return self._reject(
                record, catalogue.label_of("email"), _("There is no e-mail address and no phone number.")
            )
        return found

    def _label(self, target: str) -> str:
        return self._labels.get(target) or field_label(target)

    def _reject(self, record: Record, where: str, reason: str) -> Rejection:
        return Rejection(record.line, "rejected", where, reason, record.cells)

    def _put(self, found: Candidate, target: str, text: str, reader: Reader) -> None:
        if target == "email":
            address = read_address(text)
            found.email, found.email_key = address.text, address.key
        elif target == "phone":
            found.phone = values.read_phone(text, found.fields.get("country") or self._options.region)
        elif target.startswith(guess.FIELD):
            found.attrs[target.removeprefix(guess.FIELD)] = reader(text)
        elif target == guess.TAGS:
            found.tags.extend(reader(text))
        elif target == guess.FULL_NAME:
            for name, value in reader(text).items():
                found.fields.setdefault(name, value)
        elif target == guess.CONSENT:
            found.consent, found.consent_value = self._consent(text), text[:200]
        elif target == guess.CONSENT_AT:
            found.consent_at = reader(text)
        else:
            found.fields[target] = reader(text)

    def _consent(self, text: str) -> bool | None:
        if self._options.consent != CONSENT_COLUMN:
            return None
        bare = values.clean(text).casefold()
        return True if bare in self._yes else False if bare in self._no else None

    def _reader(self, target: str, fields: Mapping[str, CustomField]) -> Reader | None:
        habits = self._options.habits
        if target.startswith(guess.FIELD):
            custom = fields.get(target.removeprefix(guess.FIELD))
            return values.field_reader(custom.type, custom.choices, habits) if custom else None
        special: dict[str, Reader] = {
            "country": lru_cache(_REMEMBERED)(values.read_country),
            "language": lru_cache(_REMEMBERED)(values.read_language),
            "timezone": lru_cache(_REMEMBERED)(values.read_timezone),
            "lifecycle": lru_cache(_REMEMBERED)(values.read_lifecycle),
            guess.TAGS: lru_cache(_REMEMBERED)(read_tags),
            guess.FULL_NAME: read_full_name,
            guess.CONSENT_AT: lambda text: _past_moment(values.read_date(text, habits), self._options.zone),
        }
        if target in special:
            return special[target]
        limit = catalogue.BY_NAME[target].limit if target in catalogue.BY_NAME else values.MAX_TEXT
        return lambda text: values.read_text(text, limit)


def field_label(target: str) -> str:
    """Return the words under which a problem is listed."""
    own = {
        guess.FULL_NAME: _("Full name"),
        guess.TAGS: _("Tags"),
        guess.CONSENT: _("Consent"),
        guess.CONSENT_AT: _("Day of the consent"),
    }
    return own.get(target) or catalogue.label_of(target.removeprefix(guess.FIELD))


def read_address(text: str) -> EmailAddress:
    """Return the same as `parse_email`; a plain address costs less, because a file's domains come again and again."""
    local, _at, domain = text.rpartition("@")
    if len(local) <= 64 and domain.isascii() and _PLAIN_LOCAL.fullmatch(local):
        known = _domain(domain)
        if known is not None and len(text) <= MAX_LENGTH:
            return EmailAddress(text=text, key=f"{local.casefold()}@{known}")
    return parse_email(text)


@lru_cache(_REMEMBERED)
def _domain(domain: str) -> str | None:
    try:
        return parse_email(f"a@{domain}").domain
    except InvalidInput:
        return None


def read_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a cell, cut at commas, semicolons and bars; raises Unreadable."""
    found: dict[str, str] = {}
    for part in _TAG_SIGNS.split(text):
        name = values.read_text(part, TAG_LENGTH)
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


def _past_moment(day: dt.date, zone: str) -> dt.datetime:
    if values.is_future(day, zone):
        raise Unreadable(_("This day is in the future."))
    return values.beginning_of(day)
